"""A large file that a stranger handed in, opened once and read by position.

Owns the descriptor, so that whatever takes the file's name meanwhile is not read. Refuses links,
devices and reading past the end; what the bytes mean is not its business.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from agent.host.failures import FileFailure

_CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class Opened:
    """An open regular file; `size` is what it had when it was opened."""

    path: Path
    fd: int
    size: int

    def read_at(self, offset: int, length: int) -> bytes:
        """Just so many bytes. Raises FileFailure where the file has fewer, or the disk fails."""
        parts: list[bytes] = []
        while length > 0:
            try:
                part = os.pread(self.fd, min(length, _CHUNK), offset)
            except OSError as error:
                raise FileFailure(self.path, "read", error.strerror or str(error)) from error
            if not part:
                raise FileFailure(self.path, "read", "it ends too early")
            parts.append(part)
            offset, length = offset + len(part), length - len(part)
        return b"".join(parts)

    def chunks(self, offset: int, length: int) -> Iterator[bytes]:
        """The bytes in pieces. Raises FileFailure, as `read_at`."""
        end = offset + length
        while offset < end:
            part = self.read_at(offset, min(_CHUNK, end - offset))
            yield part
            offset += len(part)

    def sha256(self, offset: int, length: int) -> str:
        total = hashlib.sha256()
        for part in self.chunks(offset, length):
            total.update(part)
        return total.hexdigest()


@contextlib.contextmanager
def open_once(path: Path) -> Iterator[Opened]:
    """Open a regular file for as long as the block runs. FileNotFoundError, FileFailure."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
    except FileNotFoundError:
        raise
    except OSError as error:
        why = "it is a symbolic link" if path.is_symlink() else error.strerror or str(error)
        raise FileFailure(path, "read", why) from error
    try:
        facts = os.fstat(fd)
        if not stat.S_ISREG(facts.st_mode):
            raise FileFailure(path, "read", "it is not a regular file")
        yield Opened(path, fd, facts.st_size)
    finally:
        os.close(fd)
