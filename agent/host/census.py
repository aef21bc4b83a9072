"""A census of files: everything below some folders, with what lstat(2) says, and digests.

Owns walking fast (one scandir a folder) and hashing on every processor. Refuses to follow symbolic
links, to cross into another file system, and to open anything but the regular file it saw.
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice

_CHUNK = 1 << 20  # bytes
_BATCH = 128  # files handed to a thread at once


@dataclass(frozen=True, slots=True)
class Citizen:
    """One entry: its path, what lstat says, and a link's target."""

    path: str
    facts: os.stat_result
    target: str = ""


@dataclass(frozen=True, slots=True)
class Unseen:
    """A folder or file that could not be looked at, and why."""

    path: str
    why: str


def count(folder: str, *, spare: Callable[[str], bool]) -> Iterator[Citizen | Unseen]:
    """Everything below `folder`, itself included, in no order; none of it where there is none.

    `spare` says of a path that it, and all below it, is nobody's business.
    """
    try:
        top = os.lstat(folder)
    except OSError:
        return
    yield _citizen(folder, top)
    pending = [folder] if stat.S_ISDIR(top.st_mode) else []
    while pending:
        try:
            entries = list(os.scandir(pending.pop()))
        except OSError as error:
            yield Unseen(error.filename or folder, error.strerror or "no reason given")
            continue
        for entry in entries:
            if spare(entry.path):
                continue
            try:
                facts = entry.stat(follow_symlinks=False)
            except OSError as error:
                if not isinstance(error, FileNotFoundError):  # gone meanwhile is no trouble
                    yield Unseen(entry.path, error.strerror or "no reason given")
                continue
            if stat.S_ISDIR(facts.st_mode):
                if facts.st_dev != top.st_dev:
                    continue
                pending.append(entry.path)
            yield _citizen(entry.path, facts)


def digests(citizens: Sequence[Citizen], algorithm: str = "sha256") -> dict[str, str]:
    """The digest of each regular file, by path; one that went or changed meanwhile is left out.

    Reading waits for the disk and hashing lets go of Python's lock, so threads do help.
    """
    workers = min(8, len(os.sched_getaffinity(0)) * 2)
    found: dict[str, str] = {}
    with ThreadPoolExecutor(workers, "census") as pool:
        for batch in pool.map(lambda some: _batch(some, algorithm), _batches(citizens)):
            found.update(batch)
    return found


def _citizen(path: str, facts: os.stat_result) -> Citizen:
    if not stat.S_ISLNK(facts.st_mode):
        return Citizen(path, facts)
    try:
        return Citizen(path, facts, os.readlink(path))
    except OSError:
        return Citizen(path, facts)


def _batches(citizens: Iterable[Citizen]) -> Iterator[list[Citizen]]:
    rest = iter(citizens)
    while batch := list(islice(rest, _BATCH)):
        yield batch


def _batch(citizens: list[Citizen], algorithm: str) -> list[tuple[str, str]]:
    found = []
    for citizen in citizens:
        try:
            found.append((citizen.path, _digest(citizen, algorithm)))
        except OSError:
            continue
    return found


def _digest(citizen: Citizen, algorithm: str) -> str:
    # Not to wait where somebody put a pipe meanwhile; the inode is compared before reading.
    fd = os.open(citizen.path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        now = os.fstat(fd)
        if not stat.S_ISREG(now.st_mode) or now.st_ino != citizen.facts.st_ino:
            raise OSError("it is another file by now")
        total = hashlib.new(algorithm, usedforsecurity=False)
        while chunk := os.read(fd, _CHUNK):
            total.update(chunk)
            if len(chunk) < _CHUNK and now.st_size < _CHUNK:
                break  # A small file, read whole: spares it the read that says so.
        return total.hexdigest()
    finally:
        os.close(fd)
