"""Going one folder down without leaving the tree: no link, no other mount.

Owns openat2(2) for that one step, and the same by hand for kernels before 5.6 and sandboxes that
forbid it. Refuses more than one step: a path of several could be changed between two of them.
"""

from __future__ import annotations

import ctypes
import errno
import os

_OPENAT2 = 437  # on every architecture (include/uapi/asm-generic/unistd.h)
# RESOLVE_NO_XDEV, _NO_MAGICLINKS, _NO_SYMLINKS, _BENEATH (include/uapi/linux/openat2.h)
_RESOLVE = 0x01 | 0x02 | 0x04 | 0x08
_FLAGS = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_ABSENT = (errno.ENOSYS, errno.EPERM, errno.E2BIG)

_libc = ctypes.CDLL(None, use_errno=True)


class _How(ctypes.Structure):
    _fields_ = (
        ("flags", ctypes.c_uint64),
        ("mode", ctypes.c_uint64),
        ("resolve", ctypes.c_uint64),
    )


_HOW = _How(_FLAGS, 0, _RESOLVE)


def enter(above: int, name: str) -> int:
    """A descriptor of the folder `name` in an open one. OSError; EXDEV: something is mounted there.

    A mount of the very same file system counts too, which its device number does not show.
    """
    if "/" in name or name in ("", ".", ".."):
        raise OSError(errno.EINVAL, "that is no name of a folder below", name)
    fd: int = _libc.syscall(
        _OPENAT2, above, os.fsencode(name), ctypes.byref(_HOW), ctypes.sizeof(_HOW)
    )
    if fd >= 0:
        return fd
    number = ctypes.get_errno()
    if number in _ABSENT:
        return enter_by_hand(above, name)
    raise OSError(number, os.strerror(number), name)


def enter_by_hand(above: int, name: str) -> int:
    """The same without openat2: the mount is compared after the fact."""
    fd = os.open(name, _FLAGS, dir_fd=above)
    try:
        if mount_of(fd) != mount_of(above):
            raise OSError(errno.EXDEV, os.strerror(errno.EXDEV), name)
    except BaseException:
        os.close(fd)
        raise
    return fd


def mount_of(fd: int) -> int:
    """The number of the mount that an open file stands on (proc(5), fdinfo). OSError."""
    with open(f"/proc/self/fdinfo/{fd}", encoding="ascii") as stream:
        for line in stream:
            if line.startswith("mnt_id:"):
                return int(line.split()[1])
    raise OSError(errno.ENODATA, "the kernel does not say on which mount it is")
