"""What logrotate is told of the manifest's log files, as text. Pure.

Owns the words of logrotate.conf(5). Refuses scripts: `postrotate` is a shell's text, so services
are told by us, afterwards. Until then they go on in the renamed file, which is not compressed yet.
"""

from __future__ import annotations

from dataclasses import dataclass

from agent.manifest.upkeep import LogFiles

_EVERY = {3600.0: "hourly", 86400.0: "daily", 7 * 86400.0: "weekly"}


@dataclass(frozen=True, slots=True)
class Group:
    """Log files that are turned alike, in a folder of one user. Paths are expanded."""

    paths: tuple[str, ...]
    spec: LogFiles
    user: str
    group: str


def can_say(spec: LogFiles) -> bool:
    """Whether logrotate knows such a time: it counts by the calendar."""
    return not spec.every or float(spec.every) in _EVERY


def configuration(groups: list[Group]) -> str:
    """The whole file. Names with quotes or line breaks are refused where manifests are read."""
    return "\n".join([_HEAD, *(_group(each) for each in groups)])


_HEAD = "# Written anew by Caretaker for each run, from /etc/caretaker/appliance.toml.\n"


def _group(each: Group) -> str:
    spec = each.spec
    when = [f"size {int(spec.size)}"]
    if spec.every:
        when = [_EVERY[float(spec.every)], f"maxsize {int(spec.size)}"]
    lines = [
        f"su {each.user} {each.group}",
        *when,
        f"rotate {spec.keep}",
        "missingok",
        "notifempty",
        "nodateext",
        "nomail",
        *(["compress", "delaycompress"] if spec.compress else ["nocompress"]),
        "copytruncate" if spec.how == "copy-truncate" else "create",
    ]
    names = " ".join(f'"{path}"' for path in each.paths)
    return "\n".join([f"{names} {{", *(f"    {line}" for line in lines), "}", ""])
