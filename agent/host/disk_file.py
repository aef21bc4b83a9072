"""A disk image as a file: made at its size, filled at positions, zeros left as holes.

Owns making it and pouring other files into it. Refuses to replace a file and to know what a
partition or a file system is.
"""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from agent.host.failures import FileFailure

_CHUNK = 1 << 20
_BLOCK = 4096  # bytes; a hole is no smaller on the file systems that builds stand on
_ZEROS = bytes(_BLOCK)


@dataclass(frozen=True, slots=True)
class DiskFile:
    """An image open for writing; offsets and sizes in bytes."""

    path: Path
    fd: int
    size: int

    def put(self, offset: int, content: bytes) -> None:
        """Raises FileFailure, also where it would end past the disk."""
        if offset < 0 or offset + len(content) > self.size:
            raise FileFailure(self.path, "write", f"byte {offset} is past its end")
        view = memoryview(content)
        try:
            while view:
                done = os.pwrite(self.fd, view, offset)
                view, offset = view[done:], offset + done
        except OSError as error:
            raise FileFailure(self.path, "write", error.strerror or str(error)) from error

    def get(self, offset: int, length: int) -> bytes:
        """Raises FileFailure where there are fewer."""
        try:
            content = os.pread(self.fd, length, offset)
        except OSError as error:
            raise FileFailure(self.path, "read", error.strerror or str(error)) from error
        if len(content) != length:
            raise FileFailure(self.path, "read", "it ends too early")
        return content

    def pour(self, source: Path, offset: int) -> None:
        """Another file's content; blocks of zeros in it stay holes here. Raises FileFailure."""
        try:
            fd = os.open(source, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        except OSError as error:
            raise FileFailure(source, "read", error.strerror or str(error)) from error
        try:
            for begin, end in runs(fd, os.fstat(fd).st_size):
                for at in range(begin, end, _CHUNK):
                    self._put_blocks(offset + at, os.pread(fd, min(_CHUNK, end - at), at))
        except OSError as error:
            raise FileFailure(source, "read", error.strerror or str(error)) from error
        finally:
            os.close(fd)

    def _put_blocks(self, offset: int, content: bytes) -> None:
        if content.count(0) == len(content):
            return
        begin = -1
        for at in range(0, len(content), _BLOCK):
            empty = content[at : at + _BLOCK] == _ZEROS[: len(content) - at]
            if empty and begin >= 0:
                self.put(offset + begin, content[begin:at])
                begin = -1
            elif not empty and begin < 0:
                begin = at
        if begin >= 0:
            self.put(offset + begin, content[begin:])


@contextlib.contextmanager
def fresh(path: Path, size: int) -> Iterator[DiskFile]:
    """A new image of `size` bytes, all holes; gone again where the block fails. FileFailure."""
    flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        fd = os.open(path, flags, 0o644)
    except OSError as error:
        raise FileFailure(path, "write", error.strerror or str(error)) from error
    try:
        os.truncate(fd, size)
        yield DiskFile(path, fd, size)
    except BaseException as error:
        with contextlib.suppress(OSError):
            os.unlink(path)
        if isinstance(error, OSError):
            raise FileFailure(path, "write", error.strerror or str(error)) from error
        raise
    finally:
        os.close(fd)


@contextlib.contextmanager
def patched(path: Path) -> Iterator[DiskFile]:
    """An image that is there, to change bytes in it. Raises FileFailure."""
    try:
        fd = os.open(path, os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError as error:
        raise FileFailure(path, "write", error.strerror or str(error)) from error
    try:
        facts = os.fstat(fd)
        if not stat.S_ISREG(facts.st_mode):
            raise FileFailure(path, "write", "it is not a regular file")
        yield DiskFile(path, fd, facts.st_size)
    finally:
        os.close(fd)


def runs(fd: int, size: int) -> Iterator[tuple[int, int]]:
    """Where a file has content, as (begin, end); holes lie between (lseek(2), SEEK_DATA)."""
    at = 0
    while at < size:
        try:
            begin = os.lseek(fd, at, os.SEEK_DATA)
        except OSError:
            # ENXIO: nothing but a hole to the end.
            return
        at = os.lseek(fd, begin, os.SEEK_HOLE)
        yield begin, min(at, size)
