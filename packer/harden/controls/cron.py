"""cron and at: where they are, root alone plans work.

Owns the folders' modes and the two lists of who may. Refuses to install cron: systemd's timers do
the work, so its rules of CIS mostly do not apply.
"""

from __future__ import annotations

from collections.abc import Iterable

from agent.host import files
from packer.certify.finding import Finding
from packer.certify.rule import Subject
from packer.harden import hands
from packer.harden.control import Site
from packer.harden.mode import at_most
from packer.harden.want import Want, cis, control

_FOLDERS = ("cron.d", "cron.daily", "cron.hourly", "cron.monthly", "cron.weekly")


def _listed(name: str) -> Want:
    """A list of who may, empty of all but root's own right; no list of who may not."""
    path, other = f"/etc/{name}.allow", f"/etc/{name}.deny"

    def look(subject: Subject) -> Iterable[Finding]:
        entry = subject.tree.entry(path)
        if entry is None:
            yield Finding(path, "is not there, so everybody may plan work")
        elif entry.mode & 0o7777 & ~0o600:
            yield Finding(path, f"has mode {entry.mode & 0o7777:04o}; 0600 at most")
        if subject.tree.entry(other) is not None:
            yield Finding(other, "is there; who is in no list may plan work")

    def make(site: Site) -> None:
        hands.put(site, path, hands.text(site, path), mode=0o600)
        files.remove(hands.place(site, other))

    return Want(path, look, make)


CRON = (
    control(
        "H-CRON-01", "Root alone plans work by cron and at",
        cis("2.4.1.2", "2.4.1.3", "2.4.1.4", "2.4.1.5", "2.4.1.6", "2.4.1.7", "2.4.1.8",
            "2.4.2.1"), "medium",
        (
            at_most("/etc/crontab", 0o600),
            *(at_most(f"/etc/{name}", 0o700) for name in _FOLDERS),
            _listed("cron"), _listed("at"),
        ),
        faults=("cron-open", "cron-deny"),
    ),
)  # fmt: skip
