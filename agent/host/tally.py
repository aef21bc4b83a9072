"""How much stands in a folder, and what of it changed since a moment.

Owns one walk that only reads, by descriptor. Refuses to judge: bytes and inodes are counted as the
disk has them. What this user may not read is counted as unread, not taken for empty.
"""

from __future__ import annotations

import errno
import os
import stat
from dataclasses import dataclass, field
from pathlib import Path

from agent.host.chain import FOLDER, Chain

_CLOSED = (errno.EACCES, errno.EPERM)
_GONE = (errno.ENOENT, errno.ENOTDIR, errno.ELOOP)


@dataclass(slots=True)
class Tally:
    """`size` is bytes of content, `room` of the disk, for each inode once.

    `changed` and `changed_size` are of files whose inode changed after the moment, which nobody
    can set back; `newest` is the last of these times, since 1970.
    """

    files: int = 0
    folders: int = 1
    size: int = 0
    room: int = 0
    unread: int = 0
    changed: int = 0
    changed_size: int = 0
    newest: float = 0.0
    seen: set[tuple[int, int]] = field(default_factory=set, repr=False)

    @property
    def inodes(self) -> int:
        return self.files + self.folders


def tally(top: Path, *, since: float = float("inf")) -> Tally:
    """Count what stands below `top`. OSError where it can't be opened at all."""
    done = Tally()
    file = os.open(top, FOLDER)
    chain = Chain(file)
    try:
        done.room += os.fstat(file).st_blocks * 512
        pending = [_names(file)]
        while pending:
            if pending[-1]:
                below = _count(done, chain, pending[-1].pop(), since)
                if below is not None:
                    pending.append(below)
                continue
            pending.pop()
            if pending:
                chain.leave()
    finally:
        chain.close()
        os.close(file)
    return done


def _count(done: Tally, chain: Chain, name: str, since: float) -> list[str] | None:
    """The names below, where it is a folder."""
    try:
        facts = os.stat(name, dir_fd=chain.here, follow_symlinks=False)
    except OSError as error:
        if error.errno not in _GONE:
            raise
        return None
    if stat.S_ISDIR(facts.st_mode):
        return _enter(done, chain, name, facts)
    if facts.st_nlink > 1:
        number = (facts.st_dev, facts.st_ino)
        if number in done.seen:
            return None
        done.seen.add(number)
    done.files += 1
    done.room += facts.st_blocks * 512
    if stat.S_ISREG(facts.st_mode):
        done.size += facts.st_size
        if facts.st_ctime > since:
            done.changed += 1
            done.changed_size += facts.st_size
            done.newest = max(done.newest, facts.st_ctime)
    return None


def _enter(done: Tally, chain: Chain, name: str, facts: os.stat_result) -> list[str] | None:
    done.folders += 1
    done.room += facts.st_blocks * 512
    try:
        chain.enter(name)
    except OSError as error:
        if error.errno not in (*_CLOSED, *_GONE):
            raise
        done.unread += error.errno in _CLOSED
        return None
    return _names(chain.here)


def _names(folder: int) -> list[str]:
    with os.scandir(folder) as found:
        return [entry.name for entry in found]
