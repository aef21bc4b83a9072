"""What logrotate is told of the manifest's log files, as text. Pure.

Owns the words of logrotate.conf(5). Refuses scripts: `postrotate` is a shell's text, so services
are told by us, afterwards. Until then they go on in the renamed file, which is not compressed yet.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from agent.manifest.upkeep import LogFiles

# An application names its logs as it likes. Quoted or not, logrotate expands patterns, and what
# stands after a quote and a line break in a name would be settings: a script of root's, say.
_PATH = re.compile(r"/[A-Za-z0-9 _./+,:@%=-]+")
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


def can_name(path: str) -> bool:
    """Whether logrotate takes these letters for this one file and nothing else."""
    return _PATH.fullmatch(path) is not None


def configuration(groups: list[Group]) -> str:
    """The whole file, of paths that `can_name` accepts. ValueError for any other."""
    strange = [path for each in groups for path in each.paths if not can_name(path)]
    if strange:
        raise ValueError(f"logrotate can't be told of {strange[0]!r}")
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
