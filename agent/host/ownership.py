"""Giving a file or folder its owner and mode, and making a folder that has them.

Owns doing it by descriptor, in an order in which nothing is ever wider open than before or after.
Refuses to say what is right: rules know that.
"""

from __future__ import annotations

import os
import stat

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


def give(file: int, *, mode: int, owner: tuple[int, int] | None = None) -> None:
    """Owner (uid, gid) and mode of what a descriptor stands for, an O_PATH one too. OSError."""
    # fchmod(2) refuses O_PATH descriptors; this way leads to the same inode whatever was renamed.
    place = f"/proc/self/fd/{file}"
    facts = os.fstat(file)
    if owner is not None and (facts.st_uid, facts.st_gid) != owner:
        # Closed to the new group until it has its right mode.
        os.chmod(place, mode & stat.S_IMODE(facts.st_mode))
        os.chown(place, *owner)
    os.chmod(place, mode)


def make_folder(above: int, name: str, *, mode: int, owner: tuple[int, int] | None = None) -> None:
    """Make a folder in an open one, durably; nothing where there is one by now. OSError."""
    try:
        os.mkdir(name, 0o700, dir_fd=above)
    except FileExistsError:
        return
    fd = os.open(name, _FOLDER, dir_fd=above)
    try:
        # Whoever may write to the folder above may have put another one in its place.
        if os.fstat(fd).st_uid != os.geteuid() or os.listdir(fd):
            raise PermissionError(1, "somebody put another folder there just now", name)
        give(fd, mode=mode, owner=owner)
        os.fsync(fd)
        os.fsync(above)
    finally:
        os.close(fd)
