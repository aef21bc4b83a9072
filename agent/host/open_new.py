"""A new file that a long program writes, or a copy of another, durable once it is done.

Owns making it, and taking it away again where the block fails. Refuses to replace one.
"""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from agent.host import files
from agent.host.failures import FileFailure

_CHUNK = 16 << 20


@contextmanager
def durable(path: Path, *, mode: int) -> Iterator[int]:
    """A descriptor to write to. Raises FileFailure, also where the file is there already."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        fd = os.open(path, flags, mode)
    except OSError as error:
        raise FileFailure(path, "write", error.strerror or str(error)) from error
    try:
        yield fd
        os.fsync(fd)
    except BaseException as error:
        with contextlib.suppress(OSError):
            os.unlink(path)
        if isinstance(error, OSError):
            raise FileFailure(path, "write", error.strerror or str(error)) from error
        raise
    finally:
        os.close(fd)


def write(path: Path, content: bytes, *, mode: int) -> None:
    """A small new file, its name durable too. Raises FileFailure."""
    with durable(path, mode=mode) as fd, os.fdopen(os.dup(fd), "wb") as stream:
        stream.write(content)
    files.sync_folder(path.parent)


def copy(source: Path, target: Path, *, mode: int) -> None:
    """A copy of a regular file under a new name. Raises FileFailure."""
    try:
        old = os.open(source, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise FileFailure(source, "read", error.strerror or str(error)) from error
    try:
        if not stat.S_ISREG(os.fstat(old).st_mode):
            raise FileFailure(source, "read", "it is not a regular file")
        with durable(target, mode=mode) as new:
            while os.sendfile(new, old, None, _CHUNK):
                pass
    finally:
        os.close(old)
