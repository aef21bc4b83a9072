"""A tar file compressed with zstd, that anybody may have made: read whole, or unpacked safely.

Owns the limits (bytes, entries, sizes of headers), the names that may stand in it, and holding
every file to the sums inside. Unpacks into a folder that only we can enter; links are made last,
so that nothing is ever written through one. Refuses `..`, absolute names, hard links, devices.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import stat
import tarfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, NoReturn

import zstandard

from agent.host.archive_write import SEAL, SUMS, seal_of, shape_of, sums_text
from agent.host.failures import FileFailure
from agent.host.unpacking import Unpacking

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
        if self.type == tarfile.GNUTYPE_SPARSE:
            raise tarfile.ReadError("a file with holes")
        found: tarfile.TarInfo = super()._proc_member(tar)  # type: ignore[misc]  # a hook for us
        # Subclasses are told to use it (tarfile.py, "3."); the stub does not have it.
        if found.issparse() or found.size < 0:
            raise tarfile.ReadError("a file that is larger or smaller than its content")
        return found

    def _proc_gnusparse_10(self, *_words: object) -> NoReturn:
        # It would read the list of holes into memory, as long as the stream says it is.
        raise tarfile.ReadError("a file with holes")


@dataclass
class Found:
    """What was read. `sums` are SHA-256 by name, as reckoned here; `told` as the archive says."""

    sums: dict[str, str] = field(default_factory=dict)
    told: bytes = b""
    kept: dict[str, bytes] = field(default_factory=dict)
    size: int = 0
    shape: bytes = b""
    seal: bytes = b""

    @property
    def whole(self) -> bool:
        """Whether every file is what the archive says, and none is missing or added."""
        return bool(self.told) and sums_text(self.sums) == self.told

    def sealed_with(self, key: bytes) -> bool:
        """Whether it is to the last byte as who has this key made it."""
        return bool(key) and hmac.compare_digest(seal_of(self.shape, key), self.seal)


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
        with inside(path, stream) as entries:
            yield entries


@contextmanager
def inside(
    path: Path, stream: IO[bytes]
) -> Iterator[Iterator[tuple[tarfile.TarInfo, IO[bytes] | None]]]:
    """The same of a stream, which errors call `path`."""
    unpacker = zstandard.ZstdDecompressor(max_window_size=_WINDOW)
    plain = unpacker.stream_reader(stream, read_size=_CHUNK, read_across_frames=True)
    with failing_as(path), tarfile.open(
        fileobj=plain, mode="r|", bufsize=_CHUNK, tarinfo=_Entry
    ) as tar:  # fmt: skip
        yield _entries(tar)
        # tarfile stops at its end mark; zstd's checksum comes after what pads it. No more may:
        # a megabyte of zstd can be forty gigabytes of zeros.
        left = _CHUNK
        while data := plain.read(_CHUNK):
            left -= len(data)
            if left < 0:
                raise tarfile.ReadError("it goes on after its end")


@contextmanager
def failing_as(path: Path) -> Iterator[None]:
    """Whatever reading throws, told as one kind of failure."""
    try:
        yield
    except (FileFailure, BrokenPipeError):  # the latter: whoever reads what is printed went away
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
        tar.members.clear()  # type: ignore[attr-defined]  # tarfile has it, its stub has not


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
    unpacking = Unpacking(into) if into is not None else None
    shape = hashlib.sha256()
    with opened(path) as entries:
        for entry, content in entries:
            if entry.isreg():
                found.size += entry.size
                if found.size > limit:
                    raise FileFailure(path, "read", f"it holds more than {limit} bytes")
            digest = _take(found, entry, content, keep, unpacking, told)
            if entry.name != SEAL:
                shape.update(shape_of(entry, digest))
    found.shape = shape.digest()
    if unpacking is not None:
        unpacking.finish()
    return found


def _take(
    found: Found,
    entry: tarfile.TarInfo,
    content: IO[bytes] | None,
    keep: frozenset[str],
    unpacking: Unpacking | None,
    told: Callable[[int], None],
) -> str:
    """The SHA-256 of what it holds."""
    out = unpacking.add(entry) if unpacking is not None else None
    digest, kept = hashlib.sha256(), bytearray()
    if content is None:
        return digest.hexdigest()
    wanted = entry.name in keep or entry.name in (SUMS, SEAL)
    if wanted and entry.size > _SMALL:
        raise tarfile.ReadError(f"{entry.name} is too long")
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
    return digest.hexdigest()


def _note(found: Found, name: str, digest: str, content: bytes, *, keep: bool) -> None:
    if name == SUMS:
        found.told = content
    elif name == SEAL:
        found.seal = content
    else:
        found.sums[name] = digest
    if keep:
        found.kept[name] = content
