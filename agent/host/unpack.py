"""A tree written from a stream: aside, synced, read back from the disk, then named.

Owns the writing. Each file is made anew in a folder that this process made, so there is no link to
follow; what stands there afterwards is read back past the cache and compared, since disks and
controllers do lie. Refuses to judge names: callers hand in only what they have checked.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Protocol

from agent.host import files, sync, trees
from agent.host.failures import FileFailure

_CHUNK = 1 << 20
_MANY = 500  # files; below, one by one is the quicker and does not wait for strangers' writes


class OtherContent(FileFailure):
    """What came out of the stream is not what the entry says; the disk is not to blame."""


class Entry(Protocol):
    """One entry: a folder, a link with its target, or a file with size and SHA-256 in hex."""

    @property
    def path(self) -> str: ...

    @property
    def size(self) -> int: ...

    @property
    def sha256(self) -> str: ...

    @property
    def executable(self) -> bool: ...

    @property
    def link(self) -> str: ...

    @property
    def folder(self) -> bool: ...


class Content(Protocol):
    """The files' bytes, one file after the other; both may raise what the caller wants."""

    def read(self, length: int) -> bytes:
        """Just so many."""
        ...

    def finish(self) -> None:
        """Called before anything has its name: this must have been all."""
        ...


def unpack(
    target: Path,
    entries: Sequence[Entry],
    content: Content,
    beside: Mapping[str, tuple[bytes, bool]],
    *,
    told: Callable[[int], None],
) -> None:
    """Make the folder `target`, whole or not at all. Raises FileFailure, OtherContent.

    `beside` are more files: content, and whether it is executable. `told` hears of bytes written.
    What an interrupted try left aside is removed first.
    """
    aside = target.with_name(f"{target.name}.part")
    try:
        trees.remove(aside)
        os.mkdir(aside, 0o755)
        for entry in entries:
            _make(aside, entry, content, told)
        content.finish()
        for name, (text, executable) in beside.items():
            (aside / name).parent.mkdir(mode=0o755, parents=True, exist_ok=True)
            _write(aside / name, iter((text,)), executable=executable)
        _sync(aside, len(entries) + len(beside))
        for entry in entries:
            if not entry.folder and not entry.link:
                _read_back(aside / entry.path, entry.sha256)
        for name, (text, _) in beside.items():
            _read_back(aside / name, hashlib.sha256(text).hexdigest())
        os.rename(aside, target)
        files.sync_folder(target.parent)
    except OSError as error:
        raise FileFailure(target, "unpack", error.strerror or str(error)) from error
    finally:
        with contextlib.suppress(FileFailure):
            trees.remove(aside)


def _make(aside: Path, entry: Entry, content: Content, told: Callable[[int], None]) -> None:
    there = aside / entry.path
    if entry.folder:
        os.mkdir(there, 0o755)
    elif entry.link:
        os.symlink(entry.link, there)
    else:
        _write(there, _pieces(there, entry, content, told), executable=entry.executable)


def _pieces(
    path: Path, entry: Entry, content: Content, told: Callable[[int], None]
) -> Iterator[bytes]:
    size, total = entry.size, hashlib.sha256()
    while size > 0:
        piece = content.read(min(size, _CHUNK))
        total.update(piece)
        yield piece
        told(len(piece))
        size -= len(piece)
    if total.hexdigest() != entry.sha256:
        raise OtherContent(path, "unpack", "it is not the file that was signed")


def _write(path: Path, content: Iterable[bytes], *, executable: bool) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    mode = 0o755 if executable else 0o644
    with os.fdopen(os.open(path, flags, mode), "wb", buffering=0) as stream:
        for piece in content:
            view = memoryview(piece)
            while view:
                view = view[stream.write(view) or 0 :]
        os.fchmod(stream.fileno(), mode)


def _sync(top: Path, count: int) -> None:
    """Everything below `top` is on the disk afterwards, with its name. Raises OSError, FileFailure.

    A few files are synced one by one, before their folders. Of many, each costs a flush of the
    disk's cache, a minute for 20,000; the whole file system at once takes a second.
    """
    if count > _MANY:
        for folder, _, _ in os.walk(top):
            os.chmod(folder, 0o755)  # noqa: S103 - whatever the umask is; the application reads it
        sync.file_system(top)
        return
    for folder, _, names in os.walk(top, topdown=False):
        for name in names:
            path = os.path.join(folder, name)
            if not os.path.islink(path):
                fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
                try:
                    os.fsync(fd)
                finally:
                    os.close(fd)
        os.chmod(folder, 0o755)  # noqa: S103 - whatever the umask is; the application reads it
        files.sync_folder(Path(folder))


def _read_back(path: Path, wanted: str) -> None:
    fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    with os.fdopen(fd, "rb") as stream:
        # Clean pages leave the cache, so the bytes come from the disk (posix_fadvise(2)).
        os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_DONTNEED)
        if hashlib.file_digest(stream, "sha256").hexdigest() != wanted:
            raise FileFailure(path, "unpack", "what was written does not read back the same")
