"""A new file that grows, is mended in the middle, cut back, and gets its name at the end.

Owns the descriptor from the first byte to the name: whoever may rename files in its folder moves
names about, never what is written here. Refuses to replace anything, to follow a link, and to let
anybody else read.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import os
import stat
from pathlib import Path

from agent.host import descent
from agent.host.failures import FileFailure

_FULL = (errno.ENOSPC, errno.EDQUOT)
_NO_LINKS = (errno.EPERM, errno.EOPNOTSUPP, errno.EMLINK, errno.EXDEV, errno.ENOENT)
_KEEP_SIZE, _PUNCH_HOLE = 1, 2  # linux/falloc.h
_NEW = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


class DiskFull(FileFailure):
    """No room is left, or none that we may take."""


def failure(path: Path, act: str, error: OSError) -> FileFailure:
    kind = DiskFull if error.errno in _FULL else FileFailure
    return kind(path, act, error.strerror or str(error))


class Growing:
    """An open file of ours (0600). What fails raises FileFailure, DiskFull where that is why."""

    def __init__(self, path: Path, folder: int, fd: int) -> None:
        self.path, self._folder, self._fd = path, folder, fd
        self.end = os.fstat(fd).st_size

    def append(self, content: bytes | memoryview) -> None:
        """All of it, or the file is as long as before."""
        view, at = memoryview(content), self.end
        try:
            while view:
                done = os.pwrite(self._fd, view, at)
                view, at = view[done:], at + done
        except OSError as error:
            with contextlib.suppress(OSError):
                os.ftruncate(self._fd, self.end)
            raise failure(self.path, "write", error) from error
        self.end = at

    def patch(self, offset: int, content: bytes) -> None:
        """Write over bytes that are there already."""
        try:
            if os.pwrite(self._fd, content, offset) != len(content):
                raise OSError(errno.EIO, "it was written in part")
        except OSError as error:
            raise failure(self.path, "write", error) from error

    def read_at(self, offset: int, length: int) -> bytes:
        """As many bytes as there are, `length` at most."""
        try:
            return os.pread(self._fd, length, offset)
        except OSError as error:
            raise failure(self.path, "read", error) from error

    def cut(self, length: int) -> None:
        try:
            os.ftruncate(self._fd, length)
        except OSError as error:
            raise failure(self.path, "cut", error) from error
        self.end = length

    def give_back(self, upto: int) -> bool:
        """Give the disk back what stands before `upto`; False where this file system can't."""
        libc = ctypes.CDLL(None, use_errno=True)
        size = ctypes.c_int64
        mode = _PUNCH_HOLE | _KEEP_SIZE
        return bool(libc.fallocate(self._fd, mode, size(0), size(upto)) == 0)

    def sync(self) -> None:
        try:
            os.fsync(self._fd)
        except OSError as error:
            raise failure(self.path, "sync", error) from error

    def name_it(self, name: str) -> Path:
        """Give it this name in its folder, durably, and take the working name away.

        Raises FileFailure where the name is taken.
        """
        target = self.path.with_name(name)
        try:
            self.sync()
            self._link(name)
            os.fsync(self._folder)
        except FileExistsError as error:
            raise FileFailure(target, "write", "there is such a file already") from error
        except OSError as error:
            raise failure(target, "name", error) from error
        return target

    def _link(self, name: str) -> None:
        """A link to what the descriptor holds: never replaces, and never names another's file."""
        try:
            os.link(
                f"/proc/self/fd/{self._fd}", name, dst_dir_fd=self._folder, follow_symlinks=True
            )
        except OSError as error:
            if error.errno not in _NO_LINKS or not self._still_named():
                raise
            # A file system without hard links: a memory stick.
            if _exists(name, self._folder):
                raise FileExistsError(errno.EEXIST, "File exists", name) from error
            os.rename(self.path.name, name, src_dir_fd=self._folder, dst_dir_fd=self._folder)
            return
        self.unname()

    def _still_named(self) -> bool:
        try:
            there = os.stat(self.path.name, dir_fd=self._folder, follow_symlinks=False)
        except OSError:
            return False
        return os.path.samestat(there, os.fstat(self._fd))

    def unname(self) -> None:
        """Take the working name away, if it is still this file's."""
        if self._still_named():
            with contextlib.suppress(OSError):
                os.unlink(self.path.name, dir_fd=self._folder)

    def discard(self) -> None:
        """Take it away, its bytes too, whoever may hold another name of it."""
        with contextlib.suppress(OSError):
            os.ftruncate(self._fd, 0)
        self.unname()

    def close(self) -> None:
        os.close(self._fd)
        os.close(self._folder)


def begin(path: Path) -> Growing:
    """A new, empty file. Raises FileFailure, also where there is one of that name."""
    folder = _folder(path)
    try:
        fd = os.open(path.name, _NEW, 0o600, dir_fd=folder)
    except OSError as error:
        os.close(folder)
        raise failure(path, "write", error) from error
    return Growing(path, folder, fd)


def go_on(path: Path) -> Growing:
    """One that was begun before: a plain file that nobody else may write. Raises FileFailure."""
    folder = _folder(path)
    flags = os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    try:
        fd = os.open(path.name, flags, dir_fd=folder)
    except OSError as error:
        os.close(folder)
        raise failure(path, "open", error) from error
    facts = os.fstat(fd)
    ours = facts.st_uid == os.geteuid() and not facts.st_mode & 0o077 and facts.st_nlink == 1
    if not stat.S_ISREG(facts.st_mode) or not ours:
        os.close(fd)
        os.close(folder)
        raise FileFailure(path, "open", "it is not a file that only we may write")
    return Growing(path, folder, fd)


def allot(path: Path, length: int) -> Growing | None:
    """A new file whose room on the disk is taken now; None where there is not so much."""
    try:
        made = begin(path)
    except FileFailure:
        return None
    try:
        os.posix_fallocate(made._fd, 0, length)
    except OSError:
        made.discard()
        made.close()
        return None
    return made


def own_folder(path: Path) -> str:
    """Why nothing should be put into this folder, made 0700 where it is not there; or empty.

    The folder itself must be this user's; its parents may be anything a stranger can't swap.
    """
    try:
        with contextlib.suppress(FileExistsError):
            os.mkdir(path, 0o700)
        facts = os.lstat(path)
    except OSError as error:
        return error.strerror or str(error)
    if not stat.S_ISDIR(facts.st_mode):
        return "it is no folder"
    return "" if descent.is_ours(facts) else "others may write there"


def _folder(path: Path) -> int:
    try:
        return os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as error:
        raise failure(path, "write", error) from error


def _exists(name: str, folder: int) -> bool:
    try:
        os.stat(name, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        return False
    return True


def forget(path: Path) -> None:
    """Take away a file of ours that is finished and not wanted after all."""
    with contextlib.suppress(OSError):
        os.unlink(path)
