"""A large file written piece by piece, whole or not at all.

Owns the copy aside, its fsync and the rename. Refuses to write through a link, and to leave the
copy aside behind where the work fails.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path

from agent.host import files
from agent.host.failures import FileFailure

Write = Callable[[bytes], None]


@contextlib.contextmanager
def writing(path: Path, *, mode: int = 0o644) -> Iterator[Write]:
    """A function that appends; at the end of the block the file has its name. FileFailure."""
    aside = path.with_name(f".{path.name}.{os.getpid()}-{os.urandom(6).hex()}.part")
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        fd = os.open(aside, flags, mode)
    except OSError as error:
        raise FileFailure(path, "write", error.strerror or str(error)) from error
    try:
        with os.fdopen(fd, "wb") as stream:

            def write(content: bytes) -> None:
                stream.write(content)

            yield write
            stream.flush()
            os.fchmod(fd, mode)
            os.fsync(fd)
        os.rename(aside, path)
        files.sync_folder(path.parent)
    except OSError as error:
        raise FileFailure(path, "write", error.strerror or str(error)) from error
    finally:
        with contextlib.suppress(OSError):
            os.unlink(aside)


def discard(path: Path) -> None:
    """Take away a file of ours that was only needed for a while."""
    with contextlib.suppress(OSError):
        os.unlink(path)
