"""A file of lines that never grows beyond its cap: the newest are kept, the oldest go.

Owns appending and the one older file beside it. Refuses to know what a line says.
"""

from __future__ import annotations

import os
from pathlib import Path

from agent.host.failures import FileFailure

_FLAGS = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC


def append(path: Path, line: bytes, *, cap: int, mode: int = 0o640) -> None:
    """Add a line; `cap` is for both files together, in bytes. Raises FileFailure.

    Not fsynced: one line lost to a power cut is no loss.
    """
    try:
        if _size(path) + len(line) > cap // 2:
            os.rename(path, path.with_name(f"{path.name}.1"))
        fd = os.open(path, _FLAGS, mode)
        try:
            # A run that was killed may have left half a line.
            broken = _size(path) > 0 and not _ends_a_line(path)
            os.write(fd, (b"\n" if broken else b"") + line.rstrip(b"\n") + b"\n")
        finally:
            os.close(fd)
    except FileNotFoundError as error:
        raise FileFailure(path, "write", "there is no such folder") from error
    except OSError as error:
        raise FileFailure(path, "write", error.strerror or str(error)) from error


def _size(path: Path) -> int:
    try:
        return os.lstat(path).st_size
    except FileNotFoundError:
        return 0


def _ends_a_line(path: Path) -> bool:
    fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        return os.pread(fd, 1, os.fstat(fd).st_size - 1) == b"\n"
    finally:
        os.close(fd)
