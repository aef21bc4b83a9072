"""One inode of ext4: what stat(2) would say, and where its content stands.

Owns the record and the two ways of mapping blocks, extents and the older lists. Refuses blocks
outside the file system, and maps that go round in circles.
"""

from __future__ import annotations

import stat
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from packer.certify.image.source import invalid

_INODE = struct.Struct("<HHIIIIiHHII4x60sIIII4xHH4x")
_EXTENTS, _ENCRYPTED, _INLINE = 0x80000, 0x800, 0x10000000
_EXTENT_MAGIC = 0xF30A
_UNWRITTEN = 32768  # longer than this: so much less, and it reads as zeros
_DEEPEST = 5
_MOST = 1 << 20  # extents or blocks of lists looked at in one file

Run = tuple[int, int, int]
"""First block within the file, first on the disk (0: zeros), how many."""
ReadBlock = Callable[[int], bytes]


@dataclass(frozen=True, slots=True)
class Inode:
    """`map` is the field of 60 bytes: extents, block numbers or a short link's target."""

    mode: int
    uid: int
    gid: int
    size: int
    mtime: float
    links: int
    blocks: int
    flags: int
    map: bytes

    @property
    def holds_target(self) -> bool:
        """A short symbolic link stands in the inode itself."""
        return stat.S_ISLNK(self.mode) and self.size < 60 and not self.flags & _EXTENTS


def decode(raw: bytes) -> Inode:
    """Of one record of the table. Raises `image-invalid` for what is not read here."""
    (mode, uid, size, _, _, _, _, gid, links, blocks, flags, table, _, _, high, _, uid_high,
     gid_high) = _INODE.unpack_from(raw)  # fmt: skip
    if flags & (_ENCRYPTED | _INLINE):
        raise invalid("a file in it is encrypted or stands in its inode, which is not read here")
    return Inode(
        mode,
        uid | uid_high << 16,
        gid | gid_high << 16,
        size | high << 32,
        _mtime(raw),
        links,
        blocks,
        flags,
        table,
    )


def _mtime(raw: bytes) -> float:
    seconds: int = struct.unpack_from("<i", raw, 0x10)[0]
    if len(raw) < 0x8C or struct.unpack_from("<H", raw, 0x80)[0] < 12:
        return float(seconds)
    extra: int = struct.unpack_from("<I", raw, 0x88)[0]  # 2 bits of epoch, 30 of nanoseconds
    return seconds + ((extra & 3) << 32) + (extra >> 2) / 1e9


def runs(inode: Inode, read: ReadBlock, *, block: int, blocks: int) -> Iterator[Run]:
    """Where the content stands, in order, without what lies beyond its size."""
    wanted = -(-inode.size // block)
    if inode.flags & _EXTENTS:
        found = _extents(inode.map, read, _DEEPEST)
    else:
        found = _listed(inode.map, read, wanted, block)
    seen = 0
    for count, (logical, physical, length) in enumerate(found):
        if logical < seen or count > _MOST:
            raise invalid("the map of a file's blocks is damaged")
        if physical and physical + length > blocks:
            raise invalid("a file has blocks beyond the end of the file system")
        if logical >= wanted:
            return
        seen = logical + length
        yield logical, physical, min(length, wanted - logical)


def _extents(node: bytes, read: ReadBlock, deepest: int) -> Iterator[Run]:
    magic, entries, _, depth = struct.unpack_from("<HHHH", node)
    if magic != _EXTENT_MAGIC or depth > deepest or 12 + entries * 12 > len(node):
        raise invalid("the extents of a file are damaged")
    before = -1
    for at in range(12, 12 + entries * 12, 12):
        if depth:
            logical, low, high = struct.unpack_from("<IIH", node, at)
        else:
            logical, length, high, low = struct.unpack_from("<IHHI", node, at)
        if logical <= before:
            raise invalid("the extents of a file are out of order")
        before = logical
        if depth:
            # Each step down has less depth, so that no node leads back to itself.
            yield from _extents(read(low | high << 32), read, depth - 1)
        elif length > _UNWRITTEN:
            yield logical, 0, length - _UNWRITTEN
        else:
            yield logical, low | high << 32, length


def _listed(table: bytes, read: ReadBlock, wanted: int, block: int) -> Iterator[Run]:
    """Twelve blocks, then lists of them, lists of lists and once more (ext2)."""
    numbers = struct.unpack("<15I", table)
    for at, number in enumerate(numbers[:12]):
        yield at, number, 1
    at, per = 12, block // 4
    for level, number in enumerate(numbers[12:], start=1):
        if at >= wanted:
            return
        if number:
            yield from _level(number, read, level, at, per, wanted)
        at += per**level


def _level(
    number: int, read: ReadBlock, level: int, at: int, per: int, wanted: int
) -> Iterator[Run]:
    for below in struct.unpack(f"<{per}I", read(number)):
        if at >= wanted:
            return
        if below and level > 1:
            yield from _level(below, read, level - 1, at, per, wanted)
        elif below:
            yield at, below, 1
        at += per ** (level - 1)
