"""What an inode carries besides its content: owner, mode, times, extended attributes.

Owns giving one file the facts of another. Refuses to invent rights: where an owner can't be given,
a set-user-id bit is not either.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from collections.abc import Iterator

# No such thing on this file system or link, or not for this user (security.*, trusted.*).
_NO_ATTRIBUTE = (errno.EOPNOTSUPP, errno.EPERM, errno.ENODATA)


def give(source: int, target: int, facts: os.stat_result) -> None:
    """Owner, attributes (with ACLs), mode and times, in this order. OSError.

    A change of owner takes set-user-id bits and capabilities away, and an ACL changes the mode.
    """
    owned = _own(target, facts)
    for name in os.listxattr(source):
        with _unless_impossible():
            os.setxattr(target, name, os.getxattr(source, name))
    os.fchmod(target, _mode(facts, owned=owned))
    os.utime(target, ns=(facts.st_atime_ns, facts.st_mtime_ns))


def give_name(name: str, folder: int, facts: os.stat_result) -> None:
    """Owner and times of a link or pipe that was just made in a folder nobody else reaches."""
    owned = _owned(name, folder, facts)
    if not stat.S_ISLNK(facts.st_mode):  # Linux knows no mode of a link.
        os.chmod(name, _mode(facts, owned=owned), dir_fd=folder)
    os.utime(name, ns=(facts.st_atime_ns, facts.st_mtime_ns), dir_fd=folder, follow_symlinks=False)


def _own(target: int, facts: os.stat_result) -> bool:
    try:
        os.fchown(target, facts.st_uid, facts.st_gid)
    except PermissionError:
        if os.geteuid() == 0:
            raise
        return False
    return True


def _owned(name: str, folder: int, facts: os.stat_result) -> bool:
    try:
        os.chown(name, facts.st_uid, facts.st_gid, dir_fd=folder, follow_symlinks=False)
    except PermissionError:
        if os.geteuid() == 0:
            raise
        return False
    return True


def _mode(facts: os.stat_result, *, owned: bool) -> int:
    mode = stat.S_IMODE(facts.st_mode)
    return mode if owned else mode & ~(stat.S_ISUID | stat.S_ISGID)


@contextlib.contextmanager
def _unless_impossible() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno not in _NO_ATTRIBUTE:
            raise
