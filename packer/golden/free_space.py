"""What was deleted while the image was made, and still stands in blocks that are free.

Trimming gives back whole clusters of the disk's file only (64 KiB in a qcow2): of smaller pieces
the content stays, and anybody who buys the image can read the build's users and logs there. Owns
writing zeros over them. Refuses a file system that was not unmounted: its bitmaps may be old.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path

from agent.host import disk_file
from agent.host.opened import open_once
from packer.certify.image.ext4_layout import Layout, layout
from packer.certify.image.holds import holds
from packer.certify.image.source import Part, Source, part
from packer.certify.image.table import read_table

_UNUSED = 0x2  # EXT4_BG_BLOCK_UNINIT: no block of the group was ever given away
_WIDE = 64  # bytes of a descriptor with high halves


def clear(path: Path) -> int:
    """Zeros over every free block of the disk's ext4; how many bytes were not zero before.

    Raises CaretakerError `image-invalid`, FileFailure.
    """
    cleared = 0
    with open_once(path) as file, disk_file.patched(path) as disk:
        data = list(disk_file.runs(disk.fd, disk.size))
        for row in read_table(file).rows:
            one = part(file, row.start, row.size, f"partition {row.number}")
            if holds(one) != "ext4":
                continue
            for at, length in _left(one, data):
                disk.put(at, bytes(length))
                cleared += length
    return cleared


def _left(one: Part, data: list[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Where in the whole disk something stands in a free block, and how long it is."""
    told = layout(one)
    used = _bitmaps(one, told)
    for begin, end in data:
        first = max(0, begin - one.start) // told.block
        for number in range(first, min(told.blocks, -(-(end - one.start) // told.block))):
            if not used[number >> 3] >> (number & 7) & 1 and any(
                one.read_at(number * told.block, told.block)
            ):
                yield one.start + number * told.block, told.block


def _bitmaps(one: Source, told: Layout) -> bytes:
    """A bit for each block, set where it is in use, of all groups in a row."""
    head = one.read_at(1024, 1024)
    first, per = struct.unpack_from("<I", head, 0x14)[0], struct.unpack_from("<I", head, 0x20)[0]
    size = struct.unpack_from("<H", head, 0xFE)[0] if head[0x60] & 0x80 else 32
    descriptors = one.read_at((first + 1) * told.block, len(told.tables) * size)
    found = []
    for at in range(0, len(descriptors), size):
        where, flags = struct.unpack_from("<I 14x H", descriptors, at)
        if size >= _WIDE:
            where |= struct.unpack_from("<I", descriptors, at + 0x20)[0] << 32
        known = not flags & _UNUSED
        found.append(one.read_at(where * told.block, per // 8) if known else b"\xff" * (per // 8))
    # Of blocks of 1 KiB the first group begins at block 1.
    bits: int = int.from_bytes(b"".join(found), "little") << first | ((1 << first) - 1)
    return bits.to_bytes(len(found) * per // 8 + 1, "little")
