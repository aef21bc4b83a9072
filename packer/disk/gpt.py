"""A GPT disk's tables, and where GRUB stands on it: bytes by hand, the same each time.

Owns the layout: the first MiB holds tables alone (Azure's certification wants it free), then what
the BIOS boots, the ESP, the root, and last the data, since only the last one can grow where a
cloud makes the disk larger. Refuses to write files and to know file systems.

UEFI specification 2.10, section 5.3; GRUB manual, "BIOS installation".
"""

from __future__ import annotations

import struct
import uuid
import zlib
from collections.abc import Sequence
from dataclasses import dataclass

SECTOR = 512
MIB = 1 << 20
_ENTRIES = 128
_ENTRY = 128
_TABLE = _ENTRIES * _ENTRY // SECTOR  # sectors of one copy of the table

BIOS_BOOT = "21686148-6449-6E6F-744E-656564454649"
ESP = "C12A7328-F81F-11D2-BA4B-00A0C93EC93B"
LINUX = "0FC63DAF-8483-4772-8E79-3D69D8477DE4"
ROOT_AMD64 = "4F68BCE3-E8CD-4DB1-96E7-FBCAF984B709"
ROOT_ARM64 = "B921B045-1DF0-41C3-AF44-4C6F280D3FAE"

# Offsets in boot.img and diskboot.img (grub-core/boot/i386/pc/boot.S and diskboot.S).
_KERNEL_SECTOR = 0x5C
_BOOT_DRIVE = 0x64
_DRIVE_CHECK = 0x66
_BLOCK_LIST = 0x1F4
_CORE_SEGMENT = 0x820


@dataclass(frozen=True, slots=True)
class Part:
    """One partition; `begin` and `size` in bytes, whole MiB."""

    name: str
    kind: str
    id: str
    begin: int
    size: int


class LayoutError(ValueError):
    """What was asked for does not fit on a disk."""


def laid_out(wanted: Sequence[tuple[str, str, str, int]], disk: int) -> tuple[Part, ...]:
    """Partitions one after the other from 1 MiB on; (name, kind, id, size), bytes.

    A size of 0, for the last alone, is what is left. Raises LayoutError.
    """
    if disk % MIB or disk < 4 * MIB:
        raise LayoutError(f"a disk of {disk} bytes is not whole MiB, or too small")
    parts, at = [], MIB
    for number, (name, kind, id_, size) in enumerate(wanted, 1):
        room = disk - MIB - at
        if size == 0 and number == len(wanted):
            size = room
        if size <= 0 or size % MIB or size > room:
            raise LayoutError(f"partition {name} of {size} bytes does not fit: {room} are left")
        parts.append(Part(name, kind.upper(), id_, at, size))
        at += size
    return tuple(parts)


def tables(parts: Sequence[Part], disk: int, disk_id: str) -> tuple[bytes, bytes]:
    """(first sectors from the second one on, last sectors): header and table, table and header."""
    total = disk // SECTOR
    entries = b"".join(_entry(part) for part in parts).ljust(_ENTRIES * _ENTRY, b"\0")
    first = _header(entries, disk_id, total, mine=1, other=total - 1, table=2)
    last = _header(entries, disk_id, total, mine=total - 1, other=1, table=total - 1 - _TABLE)
    return first + entries, entries + last


def _entry(part: Part) -> bytes:
    begin, end = part.begin // SECTOR, (part.begin + part.size) // SECTOR - 1
    name = part.name.encode("utf-16-le")
    kind, own = uuid.UUID(part.kind).bytes_le, uuid.UUID(part.id).bytes_le
    return struct.pack("<16s16sQQQ72s", kind, own, begin, end, 0, name)


def _header(
    entries: bytes, disk_id: str, total: int, *, mine: int, other: int, table: int
) -> bytes:
    usable = (2 + _TABLE, total - 2 - _TABLE)
    body = struct.pack(
        "<8sIIIIQQQQ16sQIII", b"EFI PART", 0x10000, 92, 0, 0, mine, other, *usable,
        uuid.UUID(disk_id).bytes_le, table, _ENTRIES, _ENTRY, zlib.crc32(entries),
    )  # fmt: skip
    whole = body[:16] + struct.pack("<I", zlib.crc32(body)) + body[20:]
    # OVMF quietly takes the other copy of a header that is not padded; GRUB does not.
    return whole.ljust(SECTOR, b"\0")


def protective(disk: int, boot: bytes = b"", *, kernel: int = 0) -> bytes:
    """The first sector. `boot` is GRUB's boot.img, `kernel` where its core begins, in bytes."""
    sector = bytearray(boot[:440].ljust(SECTOR, b"\0"))
    if boot:
        struct.pack_into("<Q", sector, _KERNEL_SECTOR, kernel // SECTOR)
        sector[_BOOT_DRIVE] = 0xFF  # the one that the BIOS says
        sector[_DRIVE_CHECK : _DRIVE_CHECK + 2] = b"\x90\x90"  # no jump: keep what it said
    size = min(disk // SECTOR - 1, 0xFFFFFFFF)
    # Active, though UEFI says not: some BIOSes boot no disk without an active entry.
    struct.pack_into("<BBBBBBBBII", sector, 446, 0x80, 0, 2, 0, 0xEE, 255, 255, 255, 1, size)
    sector[510:512] = b"\x55\xaa"
    return bytes(sector)


def embedded(core: bytes, begin: int, room: int) -> bytes:
    """GRUB's core for a BIOS boot partition at `begin`: its first sector names the rest.

    Raises LayoutError where it is larger than `room` bytes.
    """
    if len(core) > room:
        raise LayoutError(f"GRUB's core has {len(core)} bytes; {room} are there")
    whole = bytearray(core.ljust(-(-len(core) // SECTOR) * SECTOR, b"\0"))
    rest = len(whole) // SECTOR - 1
    struct.pack_into("<QHH", whole, _BLOCK_LIST, begin // SECTOR + 1, rest, _CORE_SEGMENT)
    return bytes(whole)
