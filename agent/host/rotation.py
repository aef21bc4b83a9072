"""Log files that a program holds open, kept from filling the disk.

Owns cutting: the content goes to `NAME.1`, the file itself begins anew. The file is not renamed,
since its writer would follow it; it writes with O_APPEND, so it goes on at the new beginning. What
it writes in the microseconds between copy and cut is lost. Refuses to know schedules.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

_TAIL = 64 << 10  # bytes kept where the disk has no room for a copy


def size(path: Path) -> int:
    """Bytes; 0 where there is no such file."""
    try:
        return os.stat(path, follow_symlinks=False).st_size
    except OSError:
        return 0


def end_of(path: Path, count: int) -> bytes:
    """The last bytes; empty where there is no such file, or none that we may read."""
    try:
        source = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError:
        return b""
    try:
        return os.pread(source, count, max(0, os.fstat(source).st_size - count))
    finally:
        os.close(source)


def cut(path: Path) -> None:
    """Move the content to `NAME.1`, or on a full disk drop all but its end. OSError."""
    flags = os.O_RDWR | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC
    source = os.open(path, flags)
    try:
        try:
            _copy(source, path.with_name(f"{path.name}.1"))
            tail = b""
        except OSError:
            tail = os.pread(source, _TAIL, max(0, os.fstat(source).st_size - _TAIL))
        os.ftruncate(source, 0)
        with contextlib.suppress(OSError):
            os.write(source, tail)
    finally:
        os.close(source)


def _copy(source: int, target: Path) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC
    copy = os.open(target, flags, 0o640)
    try:
        offset = 0
        while moved := os.sendfile(copy, source, offset, 1 << 20):
            offset += moved
    except OSError:
        os.unlink(target)
        raise
    finally:
        os.close(copy)
