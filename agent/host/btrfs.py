"""btrfs subvolumes: made, snapshotted and deleted, by descriptor.

Owns the few ioctls of linux/btrfs.h that this takes, so that no program has to be installed and
no path is looked up twice. Refuses to choose between a snapshot and a copy.
"""

from __future__ import annotations

import errno
import fcntl
import os
import struct

_NAME = 4039  # BTRFS_SUBVOL_NAME_MAX

# linux/btrfs.h: the magic 0x94, a number, and the size of the argument.
_SUBVOL_CREATE = 0x5000940E
_SNAP_DESTROY = 0x5000940F
_SNAP_CREATE_V2 = 0x50009417
_SUBVOL_GETFLAGS = 0x80089419
_FS_INFO = 0x8400941F
_GET_SUBVOL_ROOTREF = 0xD000943D


def is_subvolume(folder: int) -> bool:
    """Whether the open folder is the top of a subvolume."""
    try:
        fcntl.ioctl(folder, _SUBVOL_GETFLAGS, bytes(8))
    except OSError:  # ENOTTY: another file system; EINVAL: a folder like any other.
        return False
    return True


def has_subvolumes(folder: int) -> bool:
    """Whether other subvolumes stand inside this one: a snapshot has empty folders in their place.

    Anybody may make one where he may make a folder. True also where nobody can tell.
    """
    answer = bytearray(4096)
    try:
        fcntl.ioctl(folder, _GET_SUBVOL_ROOTREF, answer)
    except OSError:
        return True
    return answer[8 + 255 * 16] > 0  # min_treeid, 255 pairs of numbers, then how many are used


def file_system(folder: int) -> bytes:
    """The file system's own number, the same for all its subvolumes; empty where it is no btrfs."""
    answer = bytearray(1024)
    try:
        fcntl.ioctl(folder, _FS_INFO, answer)
    except OSError:
        return b""
    return bytes(answer[16:32])


def make(parent: int, name: str) -> bool:
    """Make an empty subvolume; False where the file system has none. OSError."""
    try:
        fcntl.ioctl(parent, _SUBVOL_CREATE, _arguments(0, name))
    except OSError as error:
        if error.errno in (errno.ENOTTY, errno.EOPNOTSUPP):
            return False
        raise
    return True


def snapshot(source: int, parent: int, name: str) -> None:
    """A writable snapshot of the subvolume, as `name` in `parent`. OSError."""
    # vol_args_v2: fd, transid, flags, four unused words, name
    head = struct.pack("=qQQ4Q", source, 0, 0, 0, 0, 0, 0)
    argument = bytearray(head + _text(name, 4096 - len(head)))  # bytes have a limit of 1024
    fcntl.ioctl(parent, _SNAP_CREATE_V2, argument)


def delete(parent: int, name: str) -> bool:
    """Delete the subvolume with all it holds; False where that can't be done at once.

    That is so where it is none, holds other subvolumes, or the user may not.
    """
    try:
        folder = os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=parent)
    except OSError:
        return False
    try:
        if not is_subvolume(folder):
            return False
    finally:
        os.close(folder)
    try:
        fcntl.ioctl(parent, _SNAP_DESTROY, _arguments(0, name))
    except OSError:
        return False
    return True


def _arguments(file: int, name: str) -> bytearray:
    """struct btrfs_ioctl_vol_args"""
    return bytearray(struct.pack("=q", file) + _text(name, 4088))


def _text(name: str, size: int) -> bytes:
    encoded = os.fsencode(name)
    if len(encoded) > min(_NAME, size - 1):
        raise OSError(errno.ENAMETOOLONG, os.strerror(errno.ENAMETOOLONG), name)
    return encoded.ljust(size, b"\0")
