"""Who holds a lock file, read from /proc/locks.

Owns finding the holder without opening, let alone taking, the lock. Refuses to judge staleness.
"""

from __future__ import annotations

import contextlib
from pathlib import Path

from agent.host.sockets import Holder, name_of, unit_of
from agent.preflight.subject import Subject


def holder_of(subject: Subject, place: Path, *, kind: str) -> Holder | None:
    """The process that has the file locked; None where nobody is seen to.

    `kind` is `POSIX` (fcntl) or `FLOCK`. A holder in another pid namespace is not shown there
    (proc_locks(5)).
    """
    try:
        inode = place.stat().st_ino
    except OSError:
        return None
    for line in subject.text("/proc/locks").splitlines():
        # "2: POSIX  ADVISORY  WRITE 711 fe:01:3154 0 EOF"; a waiting one has "->" as second word.
        words = line.split()
        if len(words) < 6 or words[1] != kind or words[3] != "WRITE":
            continue
        if words[5].rpartition(":")[2] == str(inode) and _has_open(subject, words[4], str(place)):
            pid = int(words[4])
            return Holder(pid, name_of(pid, subject.proc), unit_of(pid, subject.proc))
    return None


def _has_open(subject: Subject, pid: str, place: str) -> bool:
    """Inode numbers repeat on other disks, and btrfs gives /proc/locks another device than stat."""
    try:
        links = list((subject.proc / pid / "fd").iterdir())
    except OSError:
        return True  # Not ours to look into; the number must do.
    for link in links:
        with contextlib.suppress(OSError):
            if str(link.readlink()) == place:
                return True
    return False
