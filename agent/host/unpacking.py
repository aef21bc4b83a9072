"""An archive's entries made into a new folder that only we can enter.

Owns the order in which it is safe: folders and files first, links last, so that nothing is ever
written through one; rights and times of folders at the very end. Refuses set-uid bits. Who calls
has looked at the names.
"""

from __future__ import annotations

import os
import tarfile
from pathlib import Path
from typing import IO, Protocol

from agent.host.failures import FileFailure


class Unpacking:
    """A new folder being filled. Rights and times of folders, and links, come at the end."""

    def __init__(self, top: Path) -> None:
        try:
            os.mkdir(top, 0o700)
        except OSError as error:
            raise FileFailure(top, "make", error.strerror or str(error)) from error
        self._top = top
        self._folders: dict[str, tarfile.TarInfo] = {}
        self._links: dict[str, tarfile.TarInfo] = {}

    def add(self, entry: tarfile.TarInfo) -> _Out | None:
        path = self._top / entry.name
        os.makedirs(path if entry.isdir() else path.parent, mode=0o700, exist_ok=True)
        if entry.isdir():
            self._folders[entry.name] = entry
            return None
        if entry.issym():
            self._links[entry.name] = entry
            return None
        if os.path.lexists(path):
            os.unlink(path)  # Put in twice: the later one counts, as with tar.
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        out = os.fdopen(os.open(path, flags, 0o600), "wb", buffering=0)
        _dress(out.fileno(), entry)
        return _Timed(out, entry)

    def finish(self) -> None:
        try:
            for name, entry in self._links.items():
                os.symlink(entry.linkname, self._top / name)
                if os.geteuid() == 0:
                    os.chown(self._top / name, entry.uid, entry.gid, follow_symlinks=False)
            for name in sorted(self._folders, reverse=True):
                fd = os.open(self._top / name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
                try:
                    _dress(fd, self._folders[name])
                    os.utime(fd, (self._folders[name].mtime,) * 2)
                finally:
                    os.close(fd)
        except OSError as error:
            raise FileFailure(self._top, "unpack", error.strerror or str(error)) from error


class _Out(Protocol):
    def write(self, content: bytes, /) -> int: ...

    def close(self) -> None: ...


class _Timed:
    """A file being written that gets its time when it is closed."""

    def __init__(self, out: IO[bytes], entry: tarfile.TarInfo) -> None:
        self._out, self._at = out, entry.mtime

    def write(self, content: bytes) -> int:
        left = memoryview(content)
        while left:  # A disk that is nearly full takes a part (write(2)).
            left = left[self._out.write(left) or 0 :]
        return len(content)

    def close(self) -> None:
        with self._out:
            os.utime(self._out.fileno(), (self._at, self._at))


def _dress(fd: int, entry: tarfile.TarInfo) -> None:
    if os.geteuid() == 0:
        os.fchown(fd, entry.uid, entry.gid)
    # No set-uid bit out of a file that somebody handed in.
    os.fchmod(fd, entry.mode & 0o1777 if entry.isdir() else entry.mode & 0o777)
