"""The table of partitions of a disk: GPT, by its first or second copy, or that of the MBR.

Owns the reading and what is wrong with it (UEFI specification, section 5.3). Refuses partitions
beyond the disk.
"""

from __future__ import annotations

import struct
import uuid
import zlib
from dataclasses import dataclass
from itertools import pairwise

from packer.certify.image.source import Source, invalid

SECTOR = 512
_HEADER = struct.Struct("<8sIIIIQQQQ16sQIII")
_MOST = 1024  # entries
_NONE = uuid.UUID(int=0)
_FIRST_MIB = 2048  # sectors that hold nothing but tables on a marketplace's disk


@dataclass(frozen=True, slots=True)
class Row:
    """One partition; bytes. `kind` is the GUID of its type, or MBR's byte as `0x83`."""

    number: int
    name: str
    kind: str
    start: int
    size: int


@dataclass(frozen=True, slots=True)
class Table:
    """`kind` is gpt, dos or "" where the whole disk is one file system."""

    kind: str
    rows: tuple[Row, ...]
    errors: tuple[str, ...]
    gap_used: bool


def read_table(disk: Source) -> Table:
    """Raises CaretakerError `image-invalid` where there is no table that can be used."""
    if disk.size < 68 * SECTOR:
        raise invalid(f"a disk of {disk.size} bytes holds no system")
    sector = disk.read_at(0, SECTOR)
    if sector[510:] != b"\x55\xaa":
        return Table("", (), (), gap_used=False)
    if sector[450] != 0xEE:
        return Table("dos", _mbr(disk, sector), (), gap_used=False)
    return _gpt(disk)


def _gpt(disk: Source) -> Table:
    errors = []
    last = disk.size // SECTOR - 1
    found: list[tuple[Row, ...]] = []
    for name, at in (("first", 1), ("second", last)):
        try:
            found.append(_copy(disk, at))
        except _Wrong as error:
            errors.append(f"the {name} copy of the GPT: {error}")
    if not found:
        raise invalid("; ".join(errors))
    if len(found) == 2 and found[0] != found[1]:
        errors.append("the two copies of the GPT differ")
    rows = found[0]
    for one, other in pairwise(rows):
        if one.start + one.size > other.start:
            errors.append(f"partitions {one.number} and {other.number} overlap")
    # After the MBR, the header and its 32 sectors of entries (UEFI 5.3.1: 16 KiB at least).
    first = min((row.start for row in rows), default=0)
    end = min(max(first, 34 * SECTOR), _FIRST_MIB * SECTOR)
    used = any(disk.read_at(34 * SECTOR, end - 34 * SECTOR))
    return Table("gpt", rows, tuple(errors), used or first < _FIRST_MIB * SECTOR)


class _Wrong(Exception):
    """This copy can't be used."""


def _copy(disk: Source, at: int) -> tuple[Row, ...]:
    raw = disk.read_at(at * SECTOR, SECTOR)
    (magic, _, length, crc, _, here, _, _, _, _, where, count, size, entries_crc) = (
        _HEADER.unpack_from(raw)
    )
    if magic != b"EFI PART":
        raise _Wrong("is not there")
    if not 92 <= length <= SECTOR or zlib.crc32(raw[:16] + bytes(4) + raw[20:length]) != crc:
        raise _Wrong("its checksum is wrong")
    if here != at or not 128 <= size <= 4096 or count > _MOST:
        raise _Wrong("it is damaged")
    if (where * SECTOR) + count * size > disk.size:
        raise _Wrong("its entries lie beyond the disk")
    entries = disk.read_at(where * SECTOR, count * size)
    if zlib.crc32(entries) != entries_crc:
        raise _Wrong("the checksum of its entries is wrong")
    rows = []
    for number in range(count):
        kind, _, first, last, _, name = struct.unpack_from("<16s16sQQQ72s", entries, number * size)
        if kind == _NONE.bytes:
            continue
        if not first <= last < disk.size // SECTOR:
            raise _Wrong(f"partition {number + 1} lies beyond the disk")
        label = name.decode("utf-16-le", errors="replace").split("\0")[0]
        guid = str(uuid.UUID(bytes_le=kind)).upper()
        rows.append(Row(number + 1, label, guid, first * SECTOR, (last - first + 1) * SECTOR))
    return tuple(sorted(rows, key=lambda row: row.start))


def _mbr(disk: Source, sector: bytes) -> tuple[Row, ...]:
    rows = []
    for number in range(4):
        kind, first, count = struct.unpack_from("<4xB3xII", sector, 446 + number * 16)
        if kind == 0 or count == 0:
            continue
        if (first + count) * SECTOR > disk.size:
            raise invalid(f"partition {number + 1} lies beyond the disk")
        rows.append(Row(number + 1, "", f"0x{kind:02x}", first * SECTOR, count * SECTOR))
    return tuple(rows)
