"""The largest folders and files of one file system.

Owns the walk: it never leaves the file system, never follows a link, and ends in time. Refuses to
read a file or to change anything.
"""

from __future__ import annotations

import contextlib
import os
import stat
import time
from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Large:
    """A folder's own files together, or one file that is most of them. `files` counts them."""

    path: str
    bytes: int
    files: int


@dataclass(frozen=True, slots=True)
class Walked:
    """`whole`: everything was seen; else time or number of entries ran out first."""

    largest: tuple[Large, ...]
    whole: bool


def largest(
    top: str, *, number: int = 10, seconds: float = 10.0, entries: int = 2_000_000,
    by_files: bool = False,
) -> Walked:  # fmt: skip
    """The largest below `top` by bytes on disk, or by the number of files, largest first."""
    deadline = time.monotonic() + seconds
    kept: list[Large] = []
    left = entries
    pending = [top]
    try:
        device = os.lstat(top).st_dev
    except OSError:
        return Walked((), whole=False)
    while pending:
        if left <= 0 or time.monotonic() > deadline:
            return Walked(_best(kept, number, by_files=by_files), whole=False)
        folder = pending.pop()
        own, below, seen = _look(folder, device, by_files=by_files)
        left -= seen
        pending += below
        if own is not None:
            kept.append(own)
            if len(kept) > 50 * number:
                kept = list(_best(kept, number, by_files=by_files))
    return Walked(_best(kept, number, by_files=by_files), whole=True)


def _look(folder: str, device: int, *, by_files: bool) -> tuple[Large | None, list[str], int]:
    """What a folder itself holds, the folders in it, and how many entries that took."""
    below: list[str] = []
    total = files = top_size = 0
    top_name = ""
    try:
        # Its owner may put a link in its place once it is listed.
        fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError:
        return None, below, 1  # Not ours to read, gone, or nested too deep for a path.
    try:
        for name, facts in _listed(fd):
            if facts.st_dev != device:
                continue
            if stat.S_ISDIR(facts.st_mode):
                below.append(os.path.join(folder, name))
            size = facts.st_blocks * 512
            total, files = total + size, files + 1
            if stat.S_ISREG(facts.st_mode) and size > top_size:
                top_size, top_name = size, name
    finally:
        os.close(fd)
    if top_size > total // 2 and not by_files:
        return Large(os.path.join(folder, top_name), top_size, 1), below, files + 1
    return Large(folder, total, files) if files else None, below, files + 1


def _listed(fd: int) -> Iterator[tuple[str, os.stat_result]]:
    try:
        with os.scandir(fd) as listing:
            for entry in listing:
                with contextlib.suppress(OSError):  # Deleted since it was listed.
                    yield entry.name, entry.stat(follow_symlinks=False)
    except OSError:
        return


def _best(kept: list[Large], number: int, *, by_files: bool) -> tuple[Large, ...]:
    key = (lambda one: one.files) if by_files else (lambda one: one.bytes)
    return tuple(sorted(kept, key=key, reverse=True)[:number])
