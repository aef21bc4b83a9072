"""Who may do what with a file or folder.

Owns reading and setting owner and permission bits without following a link, and whether root may
trust a folder. Refuses to say what is right: rules know that.
"""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from pathlib import Path

from agent.host.failures import FileFailure


@dataclass(frozen=True, slots=True)
class Permissions:
    """What lstat(2) says: permission bits, (uid, gid), and whether it is a folder or a file."""

    mode: int
    owner: tuple[int, int]
    is_folder: bool
    is_file: bool


def read(path: Path) -> Permissions | None:
    """None where there is nothing. FileFailure where it can't be known."""
    try:
        facts = os.lstat(path)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise FileFailure(path, "look at", error.strerror or str(error)) from error
    owner = (facts.st_uid, facts.st_gid)
    folder, file = stat.S_ISDIR(facts.st_mode), stat.S_ISREG(facts.st_mode)
    return Permissions(stat.S_IMODE(facts.st_mode), owner, folder, file)


def set_mode(path: Path, mode: int) -> None:
    """FileFailure, also for a link."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
        try:
            os.fchmod(fd, mode)
        finally:
            os.close(fd)
    except OSError as error:
        raise FileFailure(path, "change the mode of", error.strerror or str(error)) from error


def restore(path: Path, mode: int, owner: tuple[int, int] | None = None) -> None:
    """Give a file or folder this mode and, where said, this (uid, gid), durably. FileFailure.

    Refused for a link, a device, and a file with a second name: that one may be somebody else's.
    """
    try:
        fd = _opened(path)
        try:
            facts = os.fstat(fd)
            if not stat.S_ISDIR(facts.st_mode) and not (
                stat.S_ISREG(facts.st_mode) and facts.st_nlink == 1
            ):
                raise FileFailure(path, "change the owner of", "it is no plain file or folder")
            if owner is not None and (facts.st_uid, facts.st_gid) != owner:
                # Closed to the new group until it has its right mode: a key is never wider open
                # than before, not for an instant.
                os.fchmod(fd, mode & stat.S_IMODE(facts.st_mode))
                os.fchown(fd, *owner)
            os.fchmod(fd, mode)
            os.fsync(fd)
        finally:
            os.close(fd)
    except OSError as error:
        raise FileFailure(path, "change the mode of", error.strerror or str(error)) from error


def _opened(path: Path) -> int:
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK
    try:
        return os.open(path, flags)
    except PermissionError:
        # An owner who is not root and whose file lets not even him read: give him that first.
        fd = os.open(path, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC)
        try:
            if stat.S_ISREG(os.fstat(fd).st_mode) or stat.S_ISDIR(os.fstat(fd).st_mode):
                os.chmod(f"/proc/self/fd/{fd}", 0o700)
        finally:
            os.close(fd)
        return os.open(path, flags)


def why_not_as_root(folder: Path) -> str:
    """Why root must not run what stands in a folder; empty where it may, and for all but root.

    Whoever else may write there chooses the programs. OSError for a folder that is there.
    """
    if os.geteuid() != 0:
        return ""
    try:
        facts = os.stat(folder)
    except FileNotFoundError:
        return ""
    if facts.st_uid != 0:
        return f"{folder} belongs to user {facts.st_uid}, who would choose what root runs"
    if facts.st_mode & stat.S_IWOTH:
        return f"anybody may write to {folder} and choose what root runs"
    return ""
