"""What a partition holds, told by its first bytes, as blkid(8) names it.

Owns the marks, and for data volumes how many names they hold. Refuses to look any deeper.
"""

from __future__ import annotations

import struct

from packer.certify.image.source import Source

_BTRFS_AT = 0x10000
# Where, what, and the name.
_MARKS = (
    (0, b"XFSB", "xfs"),
    (0, b"LUKS\xba\xbe", "crypto_LUKS"),
    (1024 + 0x38, b"\x53\xef", "ext4"),
    (_BTRFS_AT + 0x40, b"_BHRfS_M", "btrfs"),
    (4096 - 10, b"SWAPSPACE2", "swap"),
    (4096 - 10, b"SWAP-SPACE", "swap"),
    (512, b"LABELONE", "LVM2_member"),
    (4096, b"\xfc\x4e\x2b\xa9", "linux_raid_member"),
    (0, b"\xfc\x4e\x2b\xa9", "linux_raid_member"),
    (54, b"FAT1", "vfat"),
    (82, b"FAT32", "vfat"),
    (3, b"NTFS    ", "ntfs"),
    (0, b"hsqs", "squashfs"),
)
# Of a new one: the top, and the two inodes that hold maps of real-time space (xfs_format.h).
_OF_XFS = 3


def holds(part: Source) -> str:
    """Empty where no mark is known. Raises what reading raises."""
    for at, mark, name in _MARKS:
        if at + len(mark) <= part.size and part.read_at(at, len(mark)) == mark:
            return name
    return ""


def names_in(part: Source, kind: str) -> int:
    """How many names a data volume holds beside its top; -1 where that is not cheap to know."""
    if kind != "xfs" or part.size < 512:
        return -1
    # sb_icount and sb_ifree of the first superblock, true after it was unmounted.
    count, free = struct.unpack_from(">QQ", part.read_at(0, 512), 128)
    return max(0, int(count - free) - _OF_XFS)
