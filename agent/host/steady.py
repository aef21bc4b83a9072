"""Files that somebody may be writing: which changed while they were read, and copies that hold.

Owns looking (by descriptor, no link followed) and copying one file until it did not change under
the copy. Refuses to know what a file means: a database needs its own way.
"""

from __future__ import annotations

import contextlib
import os
import stat
import time
from dataclasses import dataclass, field
from pathlib import Path

from agent.host import subfolder
from agent.host.failures import FileFailure

_TRIES = 5
_PAUSE = 0.05  # seconds
_CHUNK = 1 << 20

Stamp = tuple[int, int, int, int]


@dataclass
class Survey:
    """What stands below a folder. Stamps are inode, size and both times of each regular file."""

    stamps: dict[str, Stamp] = field(default_factory=dict)
    uids: set[int] = field(default_factory=set)
    gids: set[int] = field(default_factory=set)

    @property
    def size(self) -> int:
        return sum(stamp[1] for stamp in self.stamps.values())


def survey(top: Path, skip: frozenset[str] = frozenset()) -> Survey:
    """Everything below `top` but for the paths in `skip`. FileFailure.

    What vanishes meanwhile is left out. ctime can't be set, so a file put back with its old time
    is seen too.
    """
    found = Survey()
    try:
        for folder, folders, names, fd in os.fwalk(top, follow_symlinks=False):
            inside = os.path.relpath(folder, top)
            inside = "" if inside == "." else f"{inside}/"
            folders[:] = [each for each in folders if inside + each not in skip]
            facts = os.fstat(fd)
            found.uids.add(facts.st_uid)
            found.gids.add(facts.st_gid)
            for name in names:
                if inside + name not in skip:
                    _look_at(found, fd, name, inside + name)
    except OSError as error:
        raise FileFailure(top, "look at", error.strerror or str(error)) from error
    return found


def put_back(top: Path, relative: str, source: Path) -> None:
    """Move a file to its place below a folder, through no link. Raises FileFailure."""
    *folders, name = relative.split("/")
    here = -1
    try:
        here = os.open(top, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
        for step in folders:
            with contextlib.suppress(FileExistsError):
                os.mkdir(step, 0o750, dir_fd=here)
            below = subfolder.enter(here, step)
            os.close(here)
            here = below
        os.rename(source, name, dst_dir_fd=here)
    except OSError as error:
        raise FileFailure(top / relative, "put back", error.strerror or str(error)) from error
    finally:
        if here >= 0:
            os.close(here)


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


def _look_at(found: Survey, folder: int, name: str, path: str) -> None:
    try:
        facts = os.stat(name, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        return
    found.uids.add(facts.st_uid)
    found.gids.add(facts.st_gid)
    if stat.S_ISREG(facts.st_mode):
        found.stamps[path] = _stamp(facts)


def _stamp(facts: os.stat_result) -> Stamp:
    return facts.st_ino, facts.st_size, facts.st_mtime_ns, facts.st_ctime_ns
