"""Names changed in one step, by descriptor of their folders: renameat2(2).

Owns the two flags that Python's `os.rename` does not know, and asking whether anybody has a file
open. Refuses to follow a path.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import fcntl
import os
import signal

_NOREPLACE, _EXCHANGE = 1, 2  # include/uapi/linux/fs.h
_F_SETSIG = 10  # fcntl(2); Python has no name for it

_libc = ctypes.CDLL(None, use_errno=True)


def exchange(one: tuple[int, str], other: tuple[int, str]) -> None:
    """Let two names, each (folder, name), change places. At no moment is either missing.

    FileNotFoundError where one is; OSError with EXDEV on two mounts, EINVAL where the file system
    can't.
    """
    _rename(one, other, _EXCHANGE)


def move(source: tuple[int, str], target: tuple[int, str]) -> None:
    """Rename, and never over another file: FileExistsError."""
    _rename(source, target, _NOREPLACE)


def is_open(file: int) -> bool | None:
    """Whether anybody else has the regular file open, whoever and wherever; None: not known.

    A write lease is granted only where nobody has (fcntl(2), F_SETLEASE), and the kernel knows of
    all: other namespaces, hidden processes, mappings (on overlayfs not those, which are of the
    file below). Who opens it in this instant waits for as long. `file` may be an O_PATH
    descriptor; we must have no other open.
    """
    try:
        fd = os.open(f"/proc/self/fd/{file}", os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError:
        return None
    try:
        # A broken lease is told by a signal, SIGIO, which ends a process; SIGURG is ignored.
        with contextlib.suppress(OSError):
            fcntl.fcntl(fd, _F_SETSIG, signal.SIGURG)
        fcntl.fcntl(fd, fcntl.F_SETLEASE, fcntl.F_WRLCK)
        fcntl.fcntl(fd, fcntl.F_SETLEASE, fcntl.F_UNLCK)
    except OSError as error:
        # EACCES: the file is another user's and CAP_LEASE is missing. EINVAL: no leases here.
        return True if error.errno == errno.EAGAIN else None
    finally:
        os.close(fd)
    return False


def _rename(source: tuple[int, str], target: tuple[int, str], flags: int) -> None:
    old, new = os.fsencode(source[1]), os.fsencode(target[1])
    if _libc.renameat2(source[0], old, target[0], new, flags) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), source[1])
