"""Files that somebody may be writing: which changed while they were read, and copies that hold.

Owns looking (by descriptor, no link followed) and copying one file until it did not change under
the copy. Refuses to know what a file means: a database needs its own way.
"""

from __future__ import annotations

import os
import stat
import time
from pathlib import Path

from agent.host import subfolder
from agent.host.failures import FileFailure

_TRIES = 5
_PAUSE = 0.05  # seconds
_CHUNK = 1 << 20

Stamp = tuple[int, int, int, int]


def stamps(top: Path) -> dict[str, Stamp]:
    """Inode, size, and both times of every regular file, by path below `top`. FileFailure.

    What vanishes meanwhile is left out. ctime can't be set, so a file put back with its old time
    is seen too.
    """
    found: dict[str, Stamp] = {}
    try:
        for folder, _, names, fd in os.fwalk(top, follow_symlinks=False):
            for name in names:
                facts = _facts(fd, name)
                if facts is not None:
                    found[os.path.relpath(os.path.join(folder, name), top)] = _stamp(facts)
    except OSError as error:
        raise FileFailure(top, "look at", error.strerror or str(error)) from error
    return found


def changed(before: dict[str, Stamp], after: dict[str, Stamp]) -> list[str]:
    """Files that were there all the time and are not what they were."""
    return sorted(name for name, one in before.items() if after.get(name, one) != one)


def copy(top: Path, relative: str, target: Path) -> bool:
    """Copy one file with owner, mode and times; False where it changed under every try.

    The last copy stands all the same: of a log that grows it is a whole beginning. Raises
    FileFailure; FileNotFoundError where the file is gone.
    """
    for attempt in range(_TRIES):
        if attempt:
            time.sleep(_PAUSE)
        fd = open_below(top, relative)
        try:
            if _copied(fd, target):
                return True
        except OSError as error:
            raise FileFailure(target, "copy", error.strerror or str(error)) from error
        finally:
            os.close(fd)
    return False


def open_below(top: Path, relative: str) -> int:
    """A descriptor of a regular file below a folder: no link, no mount on the way.

    Raises FileFailure, FileNotFoundError.
    """
    *folders, name = relative.split("/")
    here = -1
    try:
        here = os.open(top, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        for step in folders:
            below = subfolder.enter(here, step)
            os.close(here)
            here = below
        fd = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=here)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise FileFailure(top / relative, "open", error.strerror or str(error)) from error
    finally:
        if here >= 0:
            os.close(here)
    if not stat.S_ISREG(os.fstat(fd).st_mode):
        os.close(fd)
        raise FileFailure(top / relative, "open", "it is not a regular file")
    return fd


def _copied(fd: int, target: Path) -> bool:
    """Whether the file is after the copy what it was before."""
    before = os.fstat(fd)
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC
    new = os.open(target, flags, 0o600)
    try:
        place = 0
        while place < before.st_size:
            chunk = os.pread(fd, min(_CHUNK, before.st_size - place), place)
            if not chunk:
                break
            place += os.write(new, chunk)
        os.fchown(new, before.st_uid, before.st_gid)
        os.fchmod(new, stat.S_IMODE(before.st_mode))
        os.utime(new, ns=(before.st_atime_ns, before.st_mtime_ns))
    finally:
        os.close(new)
    return place == before.st_size and _stamp(os.fstat(fd)) == _stamp(before)


def _facts(folder: int, name: str) -> os.stat_result | None:
    try:
        facts = os.stat(name, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        return None
    return facts if stat.S_ISREG(facts.st_mode) else None


def _stamp(facts: os.stat_result) -> Stamp:
    return facts.st_ino, facts.st_size, facts.st_mtime_ns, facts.st_ctime_ns
