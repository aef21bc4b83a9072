"""Modes and owners of the files that say who is who, and of logs.

Owns "at most". Refuses to widen what is tighter.
"""

from __future__ import annotations

from collections.abc import Iterable

from packer.certify.rule import Subject
from packer.certify.tree import Entry, Tree
from packer.harden.mode import at_most, each_at_most
from packer.harden.want import cis, control
from packer.harden.whole_file import whole_file

# Group -1: Debian gives these to the group shadow, whatever its number.
_SHADOWED = (0, -1)
_OPEN = ("passwd", "passwd-", "group", "group-", "shells")
_CLOSED = ("shadow", "shadow-", "gshadow", "gshadow-")
_LOG = "/var/log"
_FOLDERS = ("apt", "unattended-upgrades")
_SHARED = ("wtmp", "btmp", "lastlog")
# systemd's var.conf makes them 0664 at every boot; of two lines for a path the one in the first
# file by name counts (tmpfiles.d(5)).
_TMPFILES = "/etc/tmpfiles.d/00-caretaker-harden.conf"
_LINES = (
    "".join(f"f {_LOG}/{name} 0640 root utmp -\n" for name in _SHARED)
    # dpkg and unattended-upgrades make theirs 0644 when there is none.
    + "".join(f"f {_LOG}/{name} 0640 root adm -\n" for name in ("dpkg.log", "alternatives.log"))
    + "".join(f"d {_LOG}/{name} 0750 root adm -\n" for name in _FOLDERS)
    + f"z {_LOG}/*.log 0640 - - -\n"
    # Its folder is closed already; scanners ask each file all the same.
    + f"z {_LOG}/unattended-upgrades/*.log 0640 - - -\n"
)


def _below_log(subject: Subject) -> Iterable[str]:
    return (one.path for one in _logs(subject.tree))


def _logs(tree: Tree) -> Iterable[Entry]:
    pending = [_LOG]
    while pending:
        top = pending.pop()
        for name in tree.names(top):
            entry = tree.entry(f"{top}/{name}")
            if entry is None or entry.path == f"{_LOG}/journal":
                continue
            # Below a folder that others can't enter, modes of files say nothing.
            if entry.is_folder and entry.mode & 0o007:
                pending.append(entry.path)
            elif entry.is_file:
                yield entry


MODES = (
    control(
        "H-MODE-01", "The lists of users and groups are root's",
        cis("7.1.1", "7.1.2", "7.1.3", "7.1.4", "7.1.9"), "high",
        tuple(at_most(f"/etc/{name}", 0o644) for name in _OPEN), faults=("passwd-writable",),
    ),
    control(
        "H-MODE-02", "The files of password hashes are for root and the group shadow",
        cis("7.1.5", "7.1.6", "7.1.7", "7.1.8", "7.1.10"), "critical",
        (
            *(at_most(f"/etc/{name}", 0o640, owner=_SHADOWED) for name in _CLOSED),
            at_most("/etc/security/opasswd", 0o600), at_most("/etc/security/opasswd.old", 0o600),
        ),
        faults=("shadow-open",),
    ),
    control(
        "H-MODE-03", "Logs are not for everybody", cis("6.1.4.1"), "medium",
        (
            whole_file(_TMPFILES, _LINES),
            *(at_most(f"{_LOG}/{name}", 0o750, owner=None) for name in _FOLDERS),
            each_at_most(_LOG, _below_log, 0o640),
        ),
        faults=("log-open",),
    ),
    control(
        "H-MODE-04", "Nobody but root adds programs to root's path", (),
        "high",
        tuple(
            at_most(path, 0o755)
            for path in ("/usr/local/bin", "/usr/local/sbin", "/usr/bin", "/usr/sbin", "/etc")
        ),
        faults=("path-writable",),
    ),
)  # fmt: skip
