"""The head of an ext2, 3 or 4 file system: sizes, features, where the inodes are.

Owns superblock and group descriptors (fs/ext4/ext4.h of Linux, Documentation/filesystems/ext4).
Refuses features that would change the meaning of what is read, and a file system that was not
unmounted cleanly: what its journal holds would be missed.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

from packer.certify.image.source import Source, invalid

MAGIC = b"\x53\xef"
_RECOVER, _BITS_64 = 0x4, 0x80
# filetype, recover, extents, 64bit, mmp, flex_bg, ea_inode, csum_seed, largedir, casefold
_KNOWN = 0x2 | _RECOVER | 0x40 | _BITS_64 | 0x100 | 0x200 | 0x400 | 0x2000 | 0x4000 | 0x20000
_REFUSED = {
    0x1: "compression",
    0x8: "an external journal",
    0x10: "meta_bg",
    0x1000: "dirdata",
    0x8000: "inline_data",
    0x10000: "encryption",
}
_MOST_GROUPS = 1 << 19  # 64 TiB of groups of 128 MiB


@dataclass(frozen=True, slots=True)
class Layout:
    """Sizes in bytes; `tables` holds the first block of each group's inodes."""

    block: int
    blocks: int
    inodes: int
    inodes_in_group: int
    inode: int
    tables: tuple[int, ...]


def layout(source: Source) -> Layout:
    """Raises CaretakerError `image-invalid`."""
    if source.size < 4096:
        raise invalid("it is too small for a file system")
    head = source.read_at(1024, 1024)
    if head[0x38:0x3A] != MAGIC:
        raise invalid("no ext4 file system stands there")
    inodes, blocks, first, log = struct.unpack_from("<I I 12x I I", head)
    in_group, inodes_in_group = struct.unpack_from("<I 4x I", head, 0x20)
    incompatible = _checked_features(head)
    size, descriptor = struct.unpack_from("<H", head, 0x58)[0], 32
    if struct.unpack_from("<I", head, 0x4C)[0] == 0:
        size = 128  # revision 0 of ext2 knows no other
    if incompatible & _BITS_64:
        blocks |= struct.unpack_from("<I", head, 0x150)[0] << 32
        descriptor = struct.unpack_from("<H", head, 0xFE)[0]
    if log > 6 or size < 128 or size & (size - 1) or size > 1024 << log:
        raise invalid("the superblock is damaged")
    if not in_group or not inodes_in_group or not 32 <= descriptor <= 1024:
        raise invalid("the superblock is damaged")
    block = 1024 << log
    groups = -(-(blocks - first) // in_group)
    if blocks * block > source.size or not 0 < groups <= _MOST_GROUPS:
        raise invalid(f"its {blocks} blocks of {block} do not fit into {source.size} bytes")
    if groups * inodes_in_group < inodes:
        raise invalid("the superblock counts more inodes than there are")
    return Layout(
        block,
        blocks,
        inodes,
        inodes_in_group,
        size,
        _tables(source.read_at((first + 1) * block, groups * descriptor), descriptor),
    )


def _checked_features(head: bytes) -> int:
    found: int = struct.unpack_from("<I", head, 0x60)[0]
    for bit, name in _REFUSED.items():
        if found & bit:
            raise invalid(f"the file system has {name}, which is not read here")
    if found & ~_KNOWN:
        raise invalid(f"the file system has features that are not known ({found & ~_KNOWN:#x})")
    if found & _RECOVER:
        raise invalid("it was not unmounted cleanly, so its journal holds more than its files")
    return found


def _tables(descriptors: bytes, size: int) -> tuple[int, ...]:
    found = []
    for at in range(0, len(descriptors), size):
        block = struct.unpack_from("<I", descriptors, at + 8)[0]
        if size >= 64:
            block |= struct.unpack_from("<I", descriptors, at + 0x28)[0] << 32
        found.append(block)
    return tuple(found)
