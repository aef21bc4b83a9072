"""One tar file, compressed with zstd, that tar and zstd alone can read.

Owns the stream and the SHA-256 of every file in it, and of the whole. Files are opened by
descriptor and never through a link; one that changes while it is read is told. Refuses to know
what is put in, and devices, sockets and pipes.
"""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import io
import os
import stat
import tarfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, Protocol

import zstandard

from agent.host.failures import FileFailure

_CHUNK = 1 << 20
SUMS, SEAL = "SHA256SUMS", "SEAL"


class Sink:
    """Where compressed bytes go; knows how many came in and what they hash to."""

    def __init__(self, out: IO[bytes], level: int) -> None:
        self._out, self.digest, self._position = out, hashlib.sha256(), 0
        # Two threads: more would take the application's processors, and SHA-256 needs one too.
        self._packer = zstandard.ZstdCompressor(
            level=level, threads=2, write_checksum=True
        ).compressobj()

    def write(self, content: Any) -> int:
        self._position += len(content)
        self._pass_on(self._packer.compress(content))
        return len(content)

    def tell(self) -> int:
        return self._position

    def flush(self) -> None:
        pass

    def finish(self) -> None:
        self._pass_on(self._packer.flush())

    def _pass_on(self, packed: bytes) -> None:
        if packed:
            self.digest.update(packed)
            self._out.write(packed)


class _Reader(Protocol):
    def read(self, size: int = -1, /) -> bytes: ...


class _Hashed:
    """Exactly `size` bytes of a file: zeros for what is missing, nothing of what was added."""

    def __init__(self, source: _Reader, size: int, told: Callable[[int], None]) -> None:
        self._source, self._left, self._told = source, size, told
        self.digest, self.short = hashlib.sha256(), False

    def read(self, size: int = -1) -> bytes:
        wanted = min(self._left, size if size >= 0 else self._left)
        content = self._source.read(wanted) if wanted else b""
        if wanted and not content:
            self.short, content = True, bytes(wanted)
        self._left -= len(content)
        self.digest.update(content)
        self._told(len(content))
        return content


class Archive:
    """An archive in the making. `sums` are SHA-256 by name; a name put in twice counts last."""

    def __init__(self, sink: Sink, told: Callable[[int], None]) -> None:
        self._sink, self._told = sink, told
        # It asks for no more than `write` and `tell` while it writes; the stub wants `read` too.
        self._tar = tarfile.TarFile(
            fileobj=sink,  # type: ignore[arg-type]  # it writes, all that tarfile asks of it
            mode="w",
            format=tarfile.PAX_FORMAT,
            copybufsize=_CHUNK,
        )
        self.sums: dict[str, str] = {}
        self.shape = hashlib.sha256()

    def add_bytes(self, name: str, content: bytes, *, mode: int = 0o600, at: float = 0) -> None:
        entry = tarfile.TarInfo(name)
        entry.size, entry.mode, entry.mtime = len(content), mode, at
        self._put(entry, io.BytesIO(content))

    def add_stream(self, entry: tarfile.TarInfo, source: _Reader | None) -> None:
        """An entry out of another archive."""
        self._put(entry, source)

    def add_tree(self, top: Path, name: str, skip: frozenset[str]) -> list[str]:
        """A folder with all below it, but for the paths in `skip`; those that changed.

        Raises FileFailure.
        """
        moved: list[str] = []
        try:
            for folder, folders, names, fd in os.fwalk(top, follow_symlinks=False):
                inside = os.path.relpath(folder, top)
                inside = "" if inside == "." else inside
                folders[:] = sorted(
                    each for each in folders if os.path.join(inside, each) not in skip
                )
                self._add_folder(f"{name}/{inside}".rstrip("/"), os.fstat(fd))
                for each in sorted([*names, *_links(fd, folders)]):
                    path = os.path.join(inside, each)
                    if path not in skip and self._add_entry(f"{name}/{path}", each, fd):
                        moved.append(path)
        except OSError as error:
            raise FileFailure(top, "archive", error.strerror or str(error)) from error
        return moved

    def add_file(self, fd: int, name: str) -> bool:
        """An open regular file; True where it changed while it was read. OSError."""
        before = os.fstat(fd)
        with os.fdopen(os.dup(fd), "rb", buffering=0) as stream:
            hashed = self._put(_entry(name, before), stream)
        after = os.fstat(fd)
        same = (before.st_size, before.st_mtime_ns, before.st_ctime_ns) == (
            after.st_size, after.st_mtime_ns, after.st_ctime_ns,
        )  # fmt: skip
        return hashed.short or not same

    def finish(self, key: bytes) -> None:
        """The sums as `sha256sum -c` reads them, a seal where there is a key, then the end."""
        self.add_bytes(SUMS, sums_text(self.sums))
        if key:
            self.add_bytes(SEAL, seal_of(self.shape.digest(), key))
        self._tar.close()
        self._sink.finish()

    def _add_folder(self, name: str, facts: os.stat_result) -> None:
        entry = _entry(name, facts)
        entry.type, entry.size = tarfile.DIRTYPE, 0
        self._put(entry, None)

    def _add_entry(self, name: str, last: str, folder: int) -> bool:
        try:
            facts = os.stat(last, dir_fd=folder, follow_symlinks=False)
            if stat.S_ISLNK(facts.st_mode):
                entry = _entry(name, facts)
                entry.type, entry.size = tarfile.SYMTYPE, 0
                entry.linkname = os.readlink(last, dir_fd=folder)
                self._put(entry, None)
                return False
            if not stat.S_ISREG(facts.st_mode):
                return False
            flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
            fd = os.open(last, flags, dir_fd=folder)
        except FileNotFoundError:
            return False  # It went meanwhile; an archive of a moment later would not have it.
        try:
            return self.add_file(fd, name) if stat.S_ISREG(os.fstat(fd).st_mode) else False
        finally:
            os.close(fd)

    def _put(self, entry: tarfile.TarInfo, source: _Reader | None) -> _Hashed:
        hashed = _Hashed(source or io.BytesIO(), entry.size, self._told)
        self._tar.addfile(entry, hashed if entry.isreg() else None)
        digest = hashed.digest.hexdigest()
        if entry.isreg() and entry.name not in (SUMS, SEAL):
            self.sums[entry.name] = digest
        if entry.name != SEAL:
            self.shape.update(shape_of(entry, digest))
        return hashed


@contextmanager
def writing(
    target: Path,
    *,
    key: bytes = b"",
    told: Callable[[int], None] = lambda count: None,
    level: int = 3,
) -> Iterator[Archive]:
    """An archive at `target` (0600), durable and there only if the block ends well.

    `key` seals it: who has it can tell whether anything was changed. `told` hears how many bytes of
    content were taken, again and again. Raises FileFailure.
    """
    aside = target.with_name(f".{target.name}.{os.getpid()}-{os.urandom(6).hex()}.part")
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        out = os.fdopen(os.open(aside, flags, 0o600), "wb", buffering=_CHUNK)
    except OSError as error:
        raise FileFailure(target, "write", error.strerror or str(error)) from error
    try:
        with out:
            archive = Archive(Sink(out, level), told)
            yield archive
            archive.finish(key)
            out.flush()
            os.fsync(out.fileno())
        os.rename(aside, target)
        folder = os.open(target.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    except OSError as error:
        raise FileFailure(target, "write", error.strerror or str(error)) from error
    finally:
        with contextlib.suppress(OSError):
            os.unlink(aside)


def sums_text(sums: dict[str, str]) -> bytes:
    """As sha256sum(1) writes it: a name with a backslash or line break is escaped, and marked."""
    lines = []
    for name in sorted(sums):
        safe = name.replace("\\", "\\\\").replace("\n", "\\n")
        lines.append(f"{'' if safe == name else chr(92)}{sums[name]}  {safe}\n")
    return "".join(lines).encode(errors="surrogateescape")


def shape_of(entry: tarfile.TarInfo, digest: str) -> bytes:
    """All that an entry says, and what it holds, as one line."""
    facts = (entry.name, entry.type, entry.mode, entry.uid, entry.gid, int(entry.mtime),
             entry.size, entry.linkname, digest)  # fmt: skip
    return f"{facts!r}\n".encode(errors="surrogateescape")


def seal_of(shape: bytes, key: bytes) -> bytes:
    return hmac.new(key, b"caretaker backup 1\0" + shape, hashlib.sha256).hexdigest().encode()


def _entry(name: str, facts: os.stat_result) -> tarfile.TarInfo:
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode = facts.st_size, stat.S_IMODE(facts.st_mode)
    entry.uid, entry.gid, entry.mtime = facts.st_uid, facts.st_gid, int(facts.st_mtime)
    return entry


def _links(folder: int, folders: list[str]) -> list[str]:
    """Links to folders, which os.walk lists among them; they are taken out there."""
    found = []
    for each in [*folders]:
        with contextlib.suppress(FileNotFoundError):
            if stat.S_ISLNK(os.stat(each, dir_fd=folder, follow_symlinks=False).st_mode):
                found.append(each)
                folders.remove(each)
    return found
