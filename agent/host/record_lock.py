"""Record locks (fcntl(2)) of others: who holds one.

Owns asking the kernel. Refuses to take any, and to delete a lock file.
"""

from __future__ import annotations

import fcntl
import os
import struct
from pathlib import Path

from agent.host.failures import FileFailure

# struct flock of 64-bit Linux: type, whence, start, length, pid.
_FLOCK = "hhqqi4x"


def record_holder(path: Path) -> int:
    """The pid that holds a lock on the file; 0: nobody, or no file. -1: one we can't see.

    Raises FileFailure.
    """
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        return 0
    except OSError as error:
        raise FileFailure(path, "look at the lock", error.strerror or str(error)) from error
    try:
        asked = struct.pack(_FLOCK, fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0)
        kind, _, _, _, pid = struct.unpack(_FLOCK, fcntl.fcntl(fd, fcntl.F_GETLK, asked))
    except OSError as error:
        raise FileFailure(path, "look at the lock", error.strerror or str(error)) from error
    finally:
        os.close(fd)
    if kind == fcntl.F_UNLCK:
        return 0
    return int(pid) or -1  # Of another pid namespace, the kernel says 0.
