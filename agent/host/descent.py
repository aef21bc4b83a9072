"""Going down to a file where others may write: nobody's link leads anywhere.

Owns opening a file's folder, and the file, by descriptor. Links are followed only in folders that
no stranger may write to; below the first other one, a link is refused. What is opened is held by
its descriptor, so whatever is renamed meanwhile, an act reaches that folder and no other.
"""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from agent.host.failures import FileFailure

_LINKS = 40  # as many as the kernel follows (path_resolution(7))
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


@dataclass(frozen=True, slots=True)
class Place:
    """A name in an open folder. `file` is an O_PATH descriptor of what stood there, -1: nothing."""

    path: Path
    folder: int
    file: int

    @property
    def name(self) -> str:
        return self.path.name

    @property
    def facts(self) -> os.stat_result:
        return os.fstat(self.file)

    def read(self, cap: int) -> bytes | None:
        """The content of the regular file; None where it has more than `cap` bytes. OSError."""
        # Not by its name again: a fifo or a device may stand there now, and opening acts on those.
        fd = os.open(f"/proc/self/fd/{self.file}", os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        try:
            content = os.pread(fd, cap + 1, 0)
        finally:
            os.close(fd)
        return content if len(content) <= cap else None

    def is_there(self) -> bool:
        """Whether the name still leads to the file that was opened."""
        try:
            now = os.stat(self.name, dir_fd=self.folder, follow_symlinks=False)
        except FileNotFoundError:
            return False
        return os.path.samestat(now, self.facts)


@contextmanager
def at(path: Path) -> Iterator[Place | None]:
    """The place of an absolute path; None where there is no such folder. Raises FileFailure."""
    try:
        folder = open_folder(path.parent)
    except (FileNotFoundError, NotADirectoryError):
        folder = -1
    if folder < 0:
        yield None
        return
    try:
        file = _file(folder, path)
        try:
            yield Place(path, folder, file)
        finally:
            if file >= 0:
                os.close(file)
    finally:
        os.close(folder)


def open_folder(path: Path) -> int:
    """A descriptor of the folder. FileNotFoundError, NotADirectoryError; FileFailure for a link
    where others may write."""
    if not path.is_absolute() or ".." in path.parts:
        raise FileFailure(path, "go to", "it is no plain absolute path")
    pending, links = [*reversed(path.parts[1:])], 0
    here = os.open("/", _FOLDER)
    try:
        while pending:
            step = pending.pop()
            target = _link(here, step)
            if target is None:
                here = _down(here, step)
                continue
            links += 1
            if links > _LINKS or not is_ours(os.fstat(here)):
                raise FileFailure(path, "go to", f"{step} is a link in a folder others may write")
            if target.startswith("/"):
                here = _down(here, "/")
            pending += reversed([part for part in target.split("/") if part not in ("", ".")])
    except FileFailure:
        os.close(here)
        raise
    except OSError as error:
        os.close(here)
        if isinstance(error, FileNotFoundError | NotADirectoryError):
            raise
        raise FileFailure(path, "go to", error.strerror or str(error)) from error
    return here


def is_ours(facts: os.stat_result) -> bool:
    """Whether nobody but root and this user may make or change names in the folder."""
    return facts.st_uid in (0, os.geteuid()) and not facts.st_mode & (stat.S_IWGRP | stat.S_IWOTH)


def _down(here: int, step: str) -> int:
    """The folder below; the one above is closed. `..` comes only out of links that we trust."""
    below = os.open(step, _FOLDER, dir_fd=here)
    os.close(here)
    return below


def _link(here: int, step: str) -> str | None:
    with contextlib.suppress(OSError):
        return os.readlink(step, dir_fd=here)
    return None


def _file(folder: int, path: Path) -> int:
    try:
        return os.open(path.name, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=folder)
    except FileNotFoundError:
        return -1
    except OSError as error:
        raise FileFailure(path, "look at", error.strerror or str(error)) from error
