"""A tar of a root file system as a tree: plain, gzip or zstd.

Owns the index of its members and, where it is compressed, an unpacked copy without a name. Refuses
members that climb out, and archives that unpack to more than a system.
"""

from __future__ import annotations

import stat
import tarfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from gzip import BadGzipFile, GzipFile
from pathlib import Path
from typing import IO

import zstandard

from agent.host import sparse
from agent.host.opened import Opened, open_once
from packer.certify.image.metered import Metered
from packer.certify.image.source import invalid
from packer.certify.tree import Entry

_CHUNK = 1 << 20
_LARGEST = 64 << 30  # bytes unpacked
_RATIO, _SMALL = 60, 1 << 30  # a system packs to a third; a file that fills disks, to a thousandth
_MOST = 3_000_000  # members
_GZIP, _ZSTD = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"
_KINDS = {
    tarfile.REGTYPE: stat.S_IFREG,
    tarfile.AREGTYPE: stat.S_IFREG,
    tarfile.CONTTYPE: stat.S_IFREG,
    tarfile.GNUTYPE_SPARSE: stat.S_IFREG,
    tarfile.DIRTYPE: stat.S_IFDIR,
    tarfile.SYMTYPE: stat.S_IFLNK,
    tarfile.CHRTYPE: stat.S_IFCHR,
    tarfile.BLKTYPE: stat.S_IFBLK,
    tarfile.FIFOTYPE: stat.S_IFIFO,
}


class TarStore:
    """A `Store` (packer/certify/view.py) over a tar that is not compressed."""

    def __init__(self, file: Opened) -> None:
        self._file = file
        self._entries: dict[str, Entry] = {"/": Entry("/", stat.S_IFDIR | 0o755, 0, 0, 0, 0.0)}
        self._content: dict[str, tarfile.TarInfo] = {}
        self._children: dict[str, set[str]] = {"/": set()}
        try:
            # By the descriptor we hold: the name may lead elsewhere by now.
            with open(f"/proc/self/fd/{file.fd}", "rb") as stream:
                stream.seek(0)
                _ended(file, self._index(Metered(stream)))
        except (tarfile.TarError, OSError, ValueError) as error:
            raise invalid(f"its tar is damaged: {error}") from error

    def _index(self, stream: Metered) -> int:
        """Take in every member; where the last one ends."""
        with tarfile.open(fileobj=stream, mode="r:") as archive:
            for count, member in enumerate(archive):
                if count > _MOST:
                    raise invalid(f"it has more than {_MOST} members")
                self._add(member)
                archive.members = []  # type: ignore[attr-defined]  # it keeps all it saw
                stream.allow()
            end: int = archive.offset  # where it looked for the next
            return end

    def lstat(self, path: str) -> Entry | None:
        return self._entries.get(path)

    def children(self, path: str) -> tuple[Entry, ...]:
        return tuple(self._entries[each] for each in sorted(self._children.get(path, ())))

    def is_walked(self, entry: Entry, above: Entry) -> bool:
        return True

    def chunks(self, path: str, limit: int) -> Iterator[bytes]:
        member = self._content.get(path)
        if member is None:
            return
        left, at = min(member.size, limit), 0
        # [(offset in the file, bytes)]: what lies between is holes (GNU tar's sparse files).
        for start, length in getattr(member, "sparse", None) or [(0, member.size)]:
            yield from _zeros(min(start, left) - at)
            at = max(at, start)
            stored = member.offset_data + self._stored(member, start)
            for part in self._file.chunks(stored, max(0, min(length, left - at))):
                yield part
                at += len(part)
        yield from _zeros(left - at)

    def _stored(self, member: tarfile.TarInfo, start: int) -> int:
        """How many bytes of a sparse member are stored before this stretch."""
        stretches = getattr(member, "sparse", None) or ()
        return sum(length for offset, length in stretches if offset < start)

    def _add(self, member: tarfile.TarInfo) -> None:
        path = _plain(member.name)
        if path == "/":
            return
        if member.islnk():
            self._link(path, _plain(member.linkname))
            return
        kind = _KINDS.get(member.type)
        if kind is None:
            raise invalid(f"{path} in it is of a kind that is not known")
        size = member.size if kind == stat.S_IFREG else 0
        if size < 0 or (
            kind == stat.S_IFREG and not member.sparse and member.size > self._file.size
        ):
            raise invalid(f"{path} in it claims {member.size} bytes")
        target = member.linkname if kind == stat.S_IFLNK else ""
        mode = kind | (member.mode & 0o7777)
        self._put(Entry(path, mode, member.uid, member.gid, size, float(member.mtime), target))
        if kind == stat.S_IFREG:
            self._content[path] = member

    def _link(self, path: str, target: str) -> None:
        """A hard link: another name of what came before."""
        first = self._entries.get(target)
        if first is None or not first.is_file:
            raise invalid(f"{path} in it is a second name of {target}, which is not there")
        self._put(Entry(path, first.mode, first.uid, first.gid, first.size, first.mtime))
        self._content[path] = self._content[target]

    def _put(self, entry: Entry) -> None:
        above = entry.path.rpartition("/")[0] or "/"
        if above not in self._entries:  # an archive need not name folders
            self._put(Entry(above, stat.S_IFDIR | 0o755, 0, 0, 0, 0.0))
        if above not in self._children:  # unpacked, it would stand wherever that link leads
            raise invalid(f"{entry.path} in it stands below what is no folder")
        self._children[above].add(entry.path)
        self._entries[entry.path] = entry
        self._content.pop(entry.path, None)
        if entry.is_folder:
            self._children.setdefault(entry.path, set())
        else:
            self._children.pop(entry.path, None)


@contextmanager
def open_tar(path: Path) -> Iterator[TarStore]:
    """Raises CaretakerError `image-invalid`, FileFailure."""
    with open_once(path) as file:
        head = file.read_at(0, min(4, file.size))
        if head[:2] != _GZIP and head != _ZSTD:
            yield TarStore(file)
            return
        with sparse.nameless() as whole, open(f"/proc/self/fd/{file.fd}", "rb") as packed:
            size, most = 0, min(_LARGEST, file.size * _RATIO + _SMALL)
            for chunk in _unpacked(packed, gzip=head[:2] == _GZIP):
                whole.write_at(size, chunk)
                size += len(chunk)
                if size > most:
                    raise invalid(f"it unpacks to more than {most} bytes")
            yield TarStore(whole.opened(size))


def _unpacked(packed: IO[bytes], *, gzip: bool) -> Iterator[bytes]:
    """All of it: what stands after the first stream is unpacked by gzip(1) and zstd(1) too."""
    packed.seek(0)
    try:
        if gzip:
            with GzipFile(fileobj=packed) as stream:
                while chunk := stream.read(_CHUNK):
                    yield chunk
            return
        unpacker = zstandard.ZstdDecompressor(max_window_size=1 << 27)
        with unpacker.stream_reader(packed, read_across_frames=True, closefd=False) as reader:
            while chunk := reader.read(_CHUNK):
                yield chunk
    except (zlib.error, zstandard.ZstdError, EOFError, BadGzipFile) as error:
        raise invalid(f"it can't be unpacked: {error}") from error


def _ended(file: Opened, end: int) -> None:
    """tarfile takes a header it can't read for the end; tar(1) skips it and unpacks the rest."""
    if file.size - end < tarfile.BLOCKSIZE:
        raise invalid("its tar ends too early")
    if any(part.count(0) != len(part) for part in file.chunks(end, file.size - end)):
        raise invalid(f"after {end} bytes its tar goes on with something else than members")


def _zeros(count: int) -> Iterator[bytes]:
    while count > 0:
        yield bytes(min(count, _CHUNK))
        count -= _CHUNK


def _plain(name: str) -> str:
    steps = [step for step in name.split("/") if step not in ("", ".")]
    if ".." in steps or "\0" in name or len(steps) > 200:
        raise invalid(f"a name in it leads out of it: {name[:80]}")
    return "/" + "/".join(steps)
