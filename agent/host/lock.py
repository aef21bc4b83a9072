"""Our own locks: `flock` on a file that is never deleted.

Owns taking and giving back. Refuses to judge staleness: the kernel drops a flock with its last
holder, so a lock that is held is held. The holder's name in the file is only a courtesy.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from agent.host import files
from agent.host.failures import FileFailure, LockHeld

_PATIENCE = 100  # looks
_LOOKS = 5


@contextmanager
def exclusive(path: Path, *, purpose: str) -> Iterator[None]:
    """Hold the lock at `path`, or raise LockHeld, after some milliseconds.

    After locking, the inode is compared with the path's: someone may have replaced the file
    between our open and our lock, and then two would hold "the" lock.
    """
    looks = 0
    while True:
        try:
            fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise FileFailure(path, "lock", error.strerror or str(error)) from error
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.pread(fd, 200, 0).decode(errors="replace").strip()
            os.close(fd)
            looks += 1
            if looks < _LOOKS:  # Who only looks (`held`) holds it too, for microseconds.
                time.sleep(0.005)
                continue
            raise LockHeld(path, holder) from None
        if _same_file(fd, path):
            break
        os.close(fd)
    try:
        with contextlib.suppress(OSError):  # A full disk: the lock holds without its holder's name.
            os.ftruncate(fd, 0)
            os.pwrite(fd, f"{purpose} (pid {os.getpid()})\n".encode(), 0)
        yield
    finally:
        with contextlib.suppress(OSError):
            os.ftruncate(fd, 0)
        os.close(fd)


def held(path: Path) -> bool:
    """Whether somebody holds the lock at `path`, found out without writing to it. FileFailure."""
    try:
        # Not to wait where somebody put a pipe: root looks into the daemon's folder too.
        fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    except OSError as error:
        raise FileFailure(path, "look at the lock", error.strerror or str(error)) from error
    try:
        # A shared lock, given back at once: two who look do not see each other.
        fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(fd)
    return False


def holder_pid(path: Path) -> int:
    """The pid of who holds the lock, as it wrote it there; 0 where nobody does. FileFailure."""
    for _ in range(_PATIENCE):
        if not held(path):
            return 0
        match = re.search(rb"\(pid (\d+)\)", files.read_bytes(path, cap=4096))
        if match:
            return int(match[1])
        time.sleep(0.002)  # It has the lock and is about to write its name.
    return 0


def _same_file(fd: int, path: Path) -> bool:
    try:
        there = os.stat(path, follow_symlinks=False)
    except FileNotFoundError:
        return False
    here = os.fstat(fd)
    return (here.st_dev, here.st_ino) == (there.st_dev, there.st_ino)
