"""Reflinks: a file that shares another one's blocks until either is written to.

Owns asking a file system whether it can, and doing it. Refuses to guess: only kinds that are known
to share blocks are said to, so that a plan which says so comes true.
"""

from __future__ import annotations

import errno
import fcntl
import os
import struct

from agent.host import btrfs

_FICLONE = 0x40049409  # linux/fs.h
_XFS_GEOMETRY = 0x8070587C  # XFS_IOC_FSGEOMETRY_V4: known to every kernel that has reflinks
_XFS_SIZE, _XFS_FLAGS_AT, _XFS_REFLINK = 112, 92, 1 << 20

# No: another file system, a kind of file that can't (swap, NOCOW beside COW), too many owners of a
# block. What it means for us is the same: copy.
_CANNOT = (errno.EOPNOTSUPP, errno.ENOTTY, errno.EXDEV, errno.EINVAL, errno.EPERM, errno.ENOSYS)


def can_share(source: int, target: int) -> bool:
    """Whether files below the two open folders can share blocks. Writes nothing."""
    number = btrfs.file_system(source)
    if number:
        return number == btrfs.file_system(target)
    if os.fstat(source).st_dev != os.fstat(target).st_dev:
        return False
    answer = bytearray(_XFS_SIZE)
    try:
        fcntl.ioctl(source, _XFS_GEOMETRY, answer)
    except OSError:
        return False
    (flags,) = struct.unpack_from("=I", answer, _XFS_FLAGS_AT)
    return bool(flags & _XFS_REFLINK)


def cost(folder: int) -> int:
    """Bytes of the disk that an inode takes whose content is shared, on the folder's file system.

    As measured by `bench.rollback`: inode, extents, their count of owners and the entry; btrfs
    copies what is so small that it stands in the inode.
    """
    return 1600 if btrfs.file_system(folder) else 545


def share(source: int, target: int) -> bool:
    """Make the empty open file `target` share all of `source`; False where it can't. OSError."""
    try:
        fcntl.ioctl(target, _FICLONE, source)
    except OSError as error:
        if error.errno in _CANNOT:
            return False
        raise
    return True
