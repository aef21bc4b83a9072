"""A tar file compressed with zstd, that anybody may have made: read whole, or unpacked safely.

Owns the limits (bytes, entries, sizes of headers), the names that may stand in it, and holding
every file to the sums inside. Unpacks into a folder that only we can enter; links are made last,
so that nothing is ever written through one. Refuses `..`, absolute names, hard links, devices.
"""

from __future__ import annotations

import hashlib
import os
import stat
import tarfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Protocol

import zstandard

from agent.host.archive_write import SUMS, sums_text
from agent.host.failures import FileFailure

_CHUNK = 1 << 20
_HEADER = 1 << 20  # bytes of a name, or of the facts before one
_ENTRIES = 20_000_000
_WINDOW = 1 << 27  # what zstd takes without --long
_SMALL = 256 << 20  # bytes of sums; a name has at most 4 KB
_NESTED = 200


class _Entry(tarfile.TarInfo):
    """tarfile reads headers of headers into memory, however long they claim to be."""

    def _proc_member(self, tar: tarfile.TarFile) -> tarfile.TarInfo:
        headers = (tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.SOLARIS_XHDTYPE)
        if self.type in (*headers, *tarfile.GNU_TYPES) and self.size > _HEADER:
            raise tarfile.ReadError("a header is too long")
        found: tarfile.TarInfo = super()._proc_member(tar)  # type: ignore[misc]
        # A hook that subclasses are told to use (tarfile.py, "3."); the stub does not have it.
        return found


@dataclass
class Found:
    """What was read. `sums` are SHA-256 by name, as reckoned here; `told` as the archive says."""

    sums: dict[str, str] = field(default_factory=dict)
    told: bytes = b""
    kept: dict[str, bytes] = field(default_factory=dict)
    size: int = 0

    @property
    def whole(self) -> bool:
        """Whether every file is what the archive says, and none is missing or added."""
        return bool(self.told) and sums_text(self.sums) == self.told


@contextmanager
def opened(path: Path) -> Iterator[Iterator[tuple[tarfile.TarInfo, IO[bytes] | None]]]:
    """Every entry with its content, in order. Raises FileFailure for whatever is wrong."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise FileFailure(path, "read", error.strerror or str(error)) from error
    with os.fdopen(fd, "rb", buffering=0) as stream:
        if not stat.S_ISREG(os.fstat(fd).st_mode):
            raise FileFailure(path, "read", "it is not a regular file")
        unpacker = zstandard.ZstdDecompressor(max_window_size=_WINDOW)
        plain = unpacker.stream_reader(stream, read_size=_CHUNK, read_across_frames=True)
        with failing_as(path), tarfile.open(
            fileobj=plain, mode="r|", bufsize=_CHUNK, tarinfo=_Entry
        ) as tar:  # fmt: skip
            yield _entries(tar)
            # tarfile stops at its end mark; zstd's checksum comes after what pads it.
            while plain.read(_CHUNK):
                pass


@contextmanager
def failing_as(path: Path) -> Iterator[None]:
    """Whatever reading throws, told as one kind of failure."""
    try:
        yield
    except FileFailure:
        raise
    except (tarfile.TarError, zstandard.ZstdError, EOFError, ValueError, OverflowError) as error:
        raise FileFailure(path, "read", f"it is damaged: {error}") from error
    except RecursionError as error:
        raise FileFailure(path, "read", "it is damaged: headers in headers") from error
    except OSError as error:
        raise FileFailure(path, "read", error.strerror or str(error)) from error


def _entries(tar: tarfile.TarFile) -> Iterator[tuple[tarfile.TarInfo, IO[bytes] | None]]:
    for count, entry in enumerate(tar):
        if count > _ENTRIES:
            raise tarfile.ReadError("it has too many entries")
        check_name(entry)
        yield entry, tar.extractfile(entry) if entry.isreg() else None
        # Else it keeps every entry in memory; the stub does not know the list.
        tar.members.clear()  # type: ignore[attr-defined]


def check_name(entry: tarfile.TarInfo) -> None:
    """Raises ReadError for what must not stand in an archive of ours."""
    parts = entry.name.split("/")
    bad = {"", ".", ".."} & set(parts) or "\0" in entry.name or len(parts) > _NESTED
    if bad or entry.name.startswith("/"):
        raise tarfile.ReadError(f"an entry has the name {entry.name[:80]!r}")
    if not (entry.isreg() or entry.isdir() or entry.issym()):
        raise tarfile.ReadError(f"{entry.name[:80]!r} is no file, folder or link")


def read(
    path: Path,
    *,
    keep: frozenset[str] = frozenset(),
    into: Path | None = None,
    limit: int,
    told: Callable[[int], None] = lambda count: None,
) -> Found:
    """Read all of it, and unpack it into the new folder `into`. Raises FileFailure.

    The content of the names in `keep` comes back too. More than `limit` bytes are refused. Nobody
    may trust what is in `into` unless `whole` is true of the result.
    """
    found = Found()
    unpacking = _Unpacking(into) if into is not None else None
    with opened(path) as entries:
        for entry, content in entries:
            if entry.isreg():
                found.size += entry.size
                if found.size > limit:
                    raise FileFailure(path, "read", f"it holds more than {limit} bytes")
            _take(found, entry, content, keep, unpacking, told)
    if unpacking is not None:
        unpacking.finish()
    return found


def _take(
    found: Found,
    entry: tarfile.TarInfo,
    content: IO[bytes] | None,
    keep: frozenset[str],
    unpacking: _Unpacking | None,
    told: Callable[[int], None],
) -> None:
    out = unpacking.add(entry) if unpacking is not None else None
    if content is None:
        return
    wanted = entry.name in keep or entry.name == SUMS
    if wanted and entry.size > _SMALL:
        raise tarfile.ReadError(f"{entry.name} is too long")
    digest, kept = hashlib.sha256(), bytearray()
    try:
        while chunk := content.read(_CHUNK):
            digest.update(chunk)
            told(len(chunk))
            kept += chunk if wanted else b""
            if out is not None:
                out.write(chunk)
    finally:
        if out is not None:
            out.close()
    _note(found, entry.name, digest.hexdigest(), bytes(kept), keep=entry.name in keep)


def _note(found: Found, name: str, digest: str, content: bytes, *, keep: bool) -> None:
    if name == SUMS:
        found.told = content
    elif name != "SEAL":
        found.sums[name] = digest
    if keep:
        found.kept[name] = content


class _Unpacking:
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
        return self._out.write(content)

    def close(self) -> None:
        with self._out:
            os.utime(self._out.fileno(), (self._at, self._at))


def _dress(fd: int, entry: tarfile.TarInfo) -> None:
    if os.geteuid() == 0:
        os.fchown(fd, entry.uid, entry.gid)
    # No set-uid bit out of a file that somebody handed in.
    os.fchmod(fd, entry.mode & 0o1777 if entry.isdir() else entry.mode & 0o777)
