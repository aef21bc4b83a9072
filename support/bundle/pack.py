"""A tar archive compressed with zstd, written while nobody knows yet how long its files are.

Owns the bytes: one zstd frame after the other, which together are one valid stream (RFC 8878,
section 3). The header of a file of unknown length stands in a frame of its own that is stored, not
compressed, and so can be put right afterwards. The same files and time give the same bytes.
Refuses to know what the files mean.
"""

from __future__ import annotations

import hashlib
import struct
import tarfile
from dataclasses import dataclass

import zstandard

from agent.host.failures import FileFailure
from agent.host.growing import Growing

LEVEL = 3
SMALL = 256 << 10  # bytes; a file up to here is kept until its length is known
_SHARED = 1 << 20  # bytes of small files that share a frame
_PIECE = 128 << 10  # zstd's block; pieces of this size give the same bytes however they came in
_BLOCK = 512
_END = bytes(tarfile.RECORDSIZE)


@dataclass(frozen=True, slots=True)
class Packed:
    """What was put in: its length and SHA-256."""

    size: int
    sha256: str


class _Member:
    """The file under way. `header_at` is where its stored header stands; -1: still in memory."""

    def __init__(self, name: str) -> None:
        self.name, self.header_at = name, -1
        self.size, self.digest, self.kept = 0, hashlib.sha256(), bytearray()


class Packer:
    """An archive in the making. FileFailure and DiskFull come from the file it grows in."""

    def __init__(self, out: Growing, *, at: int) -> None:
        self._out, self._at = out, at
        self._shared = bytearray()
        self._member: _Member | None = None
        self._frame: zstandard.ZstdCompressionObj | None = None

    @property
    def weight(self) -> int:
        """About how many bytes it has now, what is still in memory included."""
        return self._out.end + len(self._shared) // 4

    def open(self, name: str) -> None:
        assert self._member is None
        if len(self._shared) >= _SHARED:
            self.flush()
        self._member = _Member(name)

    def write(self, content: bytes) -> None:
        member = self._open_member()
        member.digest.update(content)
        member.size += len(content)
        member.kept += content
        if member.header_at < 0 and member.size > SMALL:
            self._begin_large(member)
        if member.header_at >= 0:
            self._pass_on(member)

    def close(self) -> Packed:
        """The file is whole."""
        member = self._open_member()
        if member.header_at < 0:
            self._shared += header(member.name, member.size, self._at)
            self._shared += member.kept + padding(member.size)
            self._member = None
        else:
            member.kept += padding(member.size)
            self._pass_on(member, last=True)
            self._out.patch(member.header_at, stored(header(member.name, member.size, self._at)))
            self._member, self._frame = None, None
        return Packed(member.size, member.digest.hexdigest())

    def drop(self) -> None:
        """Nothing of the file under way stays; nothing happens where there is none."""
        member, self._member, self._frame = self._member, None, None
        if member is not None and member.header_at >= 0:
            self._out.cut(member.header_at)

    def put(self, name: str, content: bytes) -> Packed:
        """A whole file at once."""
        try:
            self.open(name)
            self.write(content)
            return self.close()
        except FileFailure:
            self.drop()
            raise

    def flush(self) -> None:
        """Every whole file stands in the file afterwards; where that fails, still in memory."""
        if self._shared:
            self._out.append(compressed(bytes(self._shared)))
            self._shared.clear()

    def finish(self) -> None:
        """The end of the archive."""
        self._shared += _END
        self.flush()

    def _open_member(self) -> _Member:
        assert self._member is not None
        return self._member

    def _begin_large(self, member: _Member) -> None:
        self.flush()
        place = self._out.end
        self._out.append(stored(header(member.name, 0, self._at)))
        member.header_at = place
        self._frame = compressor()

    def _pass_on(self, member: _Member, *, last: bool = False) -> None:
        assert self._frame is not None
        whole = len(member.kept) if last else len(member.kept) // _PIECE * _PIECE
        packed = []
        for start in range(0, whole, _PIECE):
            packed.append(self._frame.compress(bytes(member.kept[start : start + _PIECE])))
        del member.kept[:whole]
        if last:
            packed.append(self._frame.flush())
        if content := b"".join(packed):
            self._out.append(content)


def compressor() -> zstandard.ZstdCompressionObj:
    # One thread: what more of them write depends on their timing (zstd.h, nbWorkers).
    return zstandard.ZstdCompressor(level=LEVEL, write_checksum=True).compressobj()


def compressed(content: bytes) -> bytes:
    frame = compressor()
    pieces = [
        frame.compress(content[start : start + _PIECE]) for start in range(0, len(content), _PIECE)
    ]
    return b"".join([*pieces, frame.flush()])


def stored(content: bytes) -> bytes:
    """A zstd frame of fixed length with `content` as it is (RFC 8878, sections 3.1.1 and 3.1.1.2).

    Single segment, a length of four bytes, one raw block that is the last; no checksum.
    """
    block = len(content) << 3 | 1
    return (
        struct.pack("<IBI", zstandard.MAGIC_NUMBER, 0xA0, len(content))
        + block.to_bytes(3, "little")
        + content
    )


def header(name: str, size: int, at: int) -> bytes:
    """What stands before a file, as long for every size below 8 GiB (pax, POSIX.1-2001)."""
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode, entry.mtime = size, 0o600, at
    return entry.tobuf(tarfile.PAX_FORMAT, errors="surrogateescape")


def padding(size: int) -> bytes:
    return bytes(-size % _BLOCK)
