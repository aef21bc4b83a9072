"""The kernel's own table of locks: who holds a flock or fcntl lock on a file.

Owns /proc/locks. Refuses to try a lock by taking it: for that instant the application could not
get it. The table shows only what this pid namespace may know (fs/locks.c, locks_show).
"""

from __future__ import annotations

import os

from agent.host.holder import Holder
from agent.host.machine import Host

FLOCK, FCNTL = ("FLOCK",), ("POSIX", "OFDLCK")


def kernel_locks(
    host: Host,
    facts: os.stat_result,
    device: tuple[int, int],
    kinds: tuple[str, ...] = FLOCK + FCNTL,
) -> tuple[Holder, ...]:
    """Who holds a lock on the file. OSError.

    `device` is its mount's: on btrfs and overlayfs stat says another (a subvolume's, a layer's).
    """
    devices = {(os.major(facts.st_dev), os.minor(facts.st_dev)), device}
    found = []
    for line in host.kernel.lines("/proc/locks"):
        words = line.split()
        # 1: FLOCK  ADVISORY  WRITE 1234 08:01:5678 0 EOF; waiters have "->" in the second place.
        if len(words) < 6 or words[1] not in kinds or not _is_file(words[5], devices, facts):
            continue
        pid = int(words[4]) if words[4].isdigit() else 0
        found.append(Holder(pid, _name(host, pid), "has locked it"))
    return tuple(found)


def _is_file(word: str, devices: set[tuple[int, int]], facts: os.stat_result) -> bool:
    """Whether `MAJOR:MINOR:INODE` is this file: device numbers in hexadecimal, the inode not."""
    try:
        major, minor, inode = word.split(":")
        return int(inode) == facts.st_ino and (int(major, 16), int(minor, 16)) in devices
    except ValueError:
        return False


def _name(host: Host, pid: int) -> str:
    try:
        return host.kernel.text(f"/proc/{pid}/comm").strip() if pid > 0 else ""
    except OSError:
        return ""
