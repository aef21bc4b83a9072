"""One turn of a log file: NAME becomes NAME.1, NAME.1 becomes NAME.2.gz, and the oldest goes.

Owns the steps, by descriptor of the folder, each of which may be the last of a run that is killed:
nothing is removed before its copy is whole and on the disk. Renaming loses nothing: the writer
goes on in NAME.1 until it is told. Copying and cutting loses what is written in the microseconds
between the last look and the cut. Refuses to know when, and to tell anybody.
"""

from __future__ import annotations

import contextlib
import errno
import gzip
import os
import re
import shutil
import stat
from dataclasses import dataclass
from fnmatch import fnmatchcase

_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK
_MAKE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_CHUNK = 1 << 20
_PART = ".part"
_TURNED = re.compile(r".*\.\d+(\.gz)?(\.part)?")


@dataclass(frozen=True, slots=True)
class Terms:
    """`keep` turned files; `copy`: the writer keeps its file, which is copied and cut."""

    keep: int
    compress: bool
    copy: bool


def logs(folder: int, pattern: str) -> tuple[str, ...]:
    """The logs of that name that have something in them, without what they were turned into."""
    return tuple(sorted(name for name in os.listdir(folder) if _is_log(folder, name, pattern)))


def turn(folder: int, name: str, terms: Terms) -> None:
    """Turn one log. OSError; then the log itself stands as it was, or was turned already."""
    _clear(folder, name)
    _shift(folder, name, terms.keep)
    if terms.copy:
        _copy_and_cut(folder, name)
    else:
        _rename(folder, name)
    if terms.compress:
        for number, suffix in _turned(folder, name):
            if number > 1 and not suffix:
                _compress(folder, f"{name}.{number}")
    os.fsync(folder)


def taken(folder: int, name: str) -> int:
    """Bytes of a log and of all it was turned into."""
    names = [name, *(f"{name}.{number}{suffix}" for number, suffix in _turned(folder, name))]
    total = 0
    for each in names:
        with contextlib.suppress(FileNotFoundError):
            total += os.stat(each, dir_fd=folder, follow_symlinks=False).st_size
    return total


def size(facts: os.stat_result) -> int:
    """Bytes of a log, without the hole that one has whose writer went on where it was cut."""
    return min(facts.st_size, facts.st_blocks * 512)


def newest(folder: int, name: str) -> float:
    """When it was turned last, by what that left; 0.0 where nothing tells."""
    times = [0.0]
    for number, suffix in _turned(folder, name):
        if number == 1:
            facts = os.stat(f"{name}.1{suffix}", dir_fd=folder, follow_symlinks=False)
            times.append(facts.st_mtime)
    return max(times)


def _is_log(folder: int, name: str, pattern: str) -> bool:
    if not fnmatchcase(name, pattern) or _TURNED.fullmatch(name):
        return False
    try:
        facts = os.stat(name, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        return False
    # With two names it may be somebody else's file as well.
    return stat.S_ISREG(facts.st_mode) and facts.st_nlink == 1 and facts.st_size > 0


def _turned(folder: int, name: str) -> list[tuple[int, str]]:
    """(number, ".gz" or "") of each, the newest first."""
    pattern = re.compile(re.escape(name) + r"\.(\d{1,6})(\.gz)?")
    found = [pattern.fullmatch(each) for each in os.listdir(folder)]
    return sorted((int(match[1]), match[2] or "") for match in found if match)


def _clear(folder: int, name: str) -> None:
    """What a killed run left: half copies, and originals whose compressed copy is whole."""
    pattern = re.compile(re.escape(name) + r"\.\d{1,6}(\.gz)?\.part")
    for each in os.listdir(folder):
        if pattern.fullmatch(each):
            os.unlink(each, dir_fd=folder)
    turned = _turned(folder, name)
    for number, suffix in turned:
        if suffix and (number, "") in turned:
            os.unlink(f"{name}.{number}", dir_fd=folder)


def _shift(folder: int, name: str, keep: int) -> None:
    """Make room for a new number 1. Beyond a gap, which a killed run left, nothing need move."""
    turned = dict(_turned(folder, name))
    last = 0
    while last + 1 in turned:
        last += 1
    for number in sorted(turned, reverse=True):
        old = f"{name}.{number}{turned[number]}"
        if number >= keep:
            os.unlink(old, dir_fd=folder)
        elif number <= last:
            new = f"{name}.{number + 1}{turned[number]}"
            os.rename(old, new, src_dir_fd=folder, dst_dir_fd=folder)


def _rename(folder: int, name: str) -> None:
    facts = os.stat(name, dir_fd=folder, follow_symlinks=False)
    os.rename(name, f"{name}.1", src_dir_fd=folder, dst_dir_fd=folder)
    try:
        fd = os.open(name, _MAKE, stat.S_IMODE(facts.st_mode), dir_fd=folder)
    except FileExistsError:
        return  # Its writer was quicker.
    _like(fd, facts)
    os.close(fd)


def _copy_and_cut(folder: int, name: str) -> None:
    flags = os.O_RDWR | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK
    source = os.open(name, flags, dir_fd=folder)
    try:
        facts = os.fstat(source)
        part = f"{name}.1{_PART}"
        copy = os.open(part, _MAKE, 0o600, dir_fd=folder)
        try:
            offset = _append(copy, source, 0)
            os.fsync(copy)
            _like(copy, facts)
            os.rename(part, f"{name}.1", src_dir_fd=folder, dst_dir_fd=folder)
            # The long part is over; what came meanwhile is little, and quickly copied.
            _append(copy, source, offset)
            os.ftruncate(source, 0)
        except OSError:
            with contextlib.suppress(OSError):
                os.unlink(part, dir_fd=folder)
            raise
        finally:
            os.close(copy)
    finally:
        os.close(source)


def _append(copy: int, source: int, offset: int) -> int:
    """Copy what is there from `offset` on; how far that went. Holes stay holes.

    Where a log was cut under a writer that does not append, all before its end is one: written out,
    each copy would be as large as everything that was ever logged.
    """
    while (start := _data_after(source, offset)) is not None:
        end = os.lseek(source, start, os.SEEK_HOLE)
        offset = os.lseek(copy, start, os.SEEK_SET)
        while moved := os.sendfile(copy, source, offset, min(_CHUNK, end - offset)):
            offset += moved
    return offset


def _data_after(source: int, offset: int) -> int | None:
    try:
        return os.lseek(source, offset, os.SEEK_DATA)
    except OSError as error:
        if error.errno != errno.ENXIO:  # Nothing but a hole until the end (lseek(2)).
            raise
    return None


def _compress(folder: int, name: str) -> None:
    part = f"{name}.gz{_PART}"
    with os.fdopen(os.open(name, _READ, dir_fd=folder), "rb") as old:
        facts = os.fstat(old.fileno())
        if not stat.S_ISREG(facts.st_mode):
            return
        try:
            with os.fdopen(os.open(part, _MAKE, 0o600, dir_fd=folder), "wb") as new:
                with gzip.GzipFile(name, "wb", 6, new, facts.st_mtime) as stream:
                    shutil.copyfileobj(old, stream, _CHUNK)
                new.flush()
                _like(new.fileno(), facts)
                os.utime(new.fileno(), ns=(facts.st_atime_ns, facts.st_mtime_ns))
                os.fsync(new.fileno())
            os.rename(part, f"{name}.gz", src_dir_fd=folder, dst_dir_fd=folder)
        except OSError:
            with contextlib.suppress(OSError):
                os.unlink(part, dir_fd=folder)
            raise
    os.unlink(name, dir_fd=folder)


def _like(fd: int, facts: os.stat_result) -> None:
    """The same owner and mode; never wider, where the owner can't be given."""
    with contextlib.suppress(PermissionError):
        os.fchown(fd, facts.st_uid, facts.st_gid)
    os.fchmod(fd, stat.S_IMODE(facts.st_mode))
