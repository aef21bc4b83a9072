"""Making a whole file system durable at once.

Owns syncfs(2), for trees with too many files to sync one by one. Refuses to say what was written:
it waits for everything that was, by whomever.
"""

from __future__ import annotations

import ctypes
import os
from pathlib import Path

from agent.host.failures import FileFailure

_libc = ctypes.CDLL(None, use_errno=True)


def file_system(path: Path) -> None:
    """Return once all that was written to the file system of this folder is on the disk.

    Raises FileFailure, also for an earlier write-back that failed (syncfs(2), since Linux 5.8).
    """
    try:
        fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError as error:
        raise FileFailure(path, "sync", error.strerror or str(error)) from error
    try:
        if _libc.syncfs(fd) != 0:
            number = ctypes.get_errno()
            raise FileFailure(path, "sync", os.strerror(number))
        os.fsync(fd)
    except OSError as error:
        raise FileFailure(path, "sync", error.strerror or str(error)) from error
    finally:
        os.close(fd)
