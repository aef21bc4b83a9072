"""What a stranger reads before the log-in: a warning, and nothing about the system.

Owns issue, issue.net and motd, and the scripts that would add to motd.
"""

from __future__ import annotations

from collections.abc import Iterable

from agent.manifest.model import Manifest
from packer.certify.rule import Subject
from packer.harden.mode import each_at_most
from packer.harden.want import cis, control
from packer.harden.whole_file import made_file

_WARNING = (
    "Authorized access only. This system is private: what is done here is logged, monitored\n"
    "and may be reported. Whoever continues consents to that. Everybody else's access is\n"
    "prohibited and may be prosecuted by law.\n"
)


def _warning(_: Manifest | None) -> str:
    return _WARNING


def _scripts(subject: Subject) -> Iterable[str]:
    folder = "/etc/update-motd.d"
    return (f"{folder}/{name}" for name in subject.tree.names(folder))


BANNERS = (
    control(
        "H-BAN-01", "A warning stands before the log-in, and names no system",
        cis("1.6.1", "1.6.2", "1.6.3", "1.6.4", "1.6.5", "1.6.6"), "low",
        tuple(made_file(path, _warning) for path in ("/etc/issue", "/etc/issue.net", "/etc/motd")),
        faults=("banner-system",),
    ),
    # 10-uname prints the kernel's version to whoever logs in.
    control(
        "H-BAN-02", "No script tells the kernel's version at the log-in", cis("1.6.1"), "low",
        (each_at_most("/etc/update-motd.d", _scripts, 0o644),), faults=("motd-script",),
    ),
)  # fmt: skip
