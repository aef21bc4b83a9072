"""A FAT file system as names and content: what firmware starts lies on one.

Owns FAT12, 16 and 32 with long names (Microsoft's FAT specification 1.03). Refuses chains that go
round in circles. FAT has no owners: everything is root's, as a system mounts it.
"""

from __future__ import annotations

import stat
import struct
from collections.abc import Iterator
from datetime import UTC, datetime

from packer.certify.image.source import Part, invalid
from packer.certify.tree import Entry

_FILE, _FOLDER = stat.S_IFREG | 0o700, stat.S_IFDIR | 0o700
_LARGEST = 512 << 20  # bytes of an ESP that is read
_LARGEST_FOLDER = 2 << 20  # 65,536 records
_LONG, _LABEL, _BELOW, _GONE = 0x0F, 0x08, 0x10, 0xE5


class FatStore:
    """A `Store` (packer/certify/view.py) whose top stands at `at`."""

    def __init__(self, part: Part, at: str) -> None:
        if part.size > _LARGEST:
            raise invalid(f"its ESP has {part.size} bytes; {_LARGEST} are read")
        self._part = part
        head = part.read_at(0, 512)
        sector, per, reserved, copies, names, small, long = struct.unpack_from(
            "<HBHBHH 11x I", head, 11
        )
        short, fat32 = struct.unpack_from("<H", head, 22)[0], head[82:87] == b"FAT32"
        length = struct.unpack_from("<I", head, 36)[0] if fat32 else short
        if sector not in (512, 1024, 2048, 4096) or not per or not copies or not length:
            raise invalid("the ESP's FAT is damaged")
        self._cluster = sector * per
        self._top = (reserved + copies * length) * sector
        self._data = self._top + names * 32
        self._names = names
        count = ((small or long) * sector - self._data) // self._cluster
        if count <= 0 or self._data + count * self._cluster > part.size:
            raise invalid("the ESP's FAT reaches beyond its partition")
        self._next = _chain_table(part.read_at(reserved * sector, length * sector), count)
        self._first = struct.unpack_from("<I", head, 44)[0] if fat32 else 0
        self._starts: dict[str, int] = {at: self._first}
        self._children: dict[str, dict[str, Entry]] = {}
        self._at = at

    def lstat(self, path: str) -> Entry | None:
        above, _, name = path.rpartition("/")
        return self._listing(above).get(name)

    def children(self, path: str) -> tuple[Entry, ...]:
        return tuple(self._listing(path).values())

    def chunks(self, path: str, limit: int) -> Iterator[bytes]:
        entry = self.lstat(path)
        if entry is None or not entry.is_file:
            return
        left = min(entry.size, limit)
        for at in self._clusters(self._starts[path]) if left else ():
            yield self._part.read_at(at, min(left, self._cluster))
            left -= self._cluster
            if left <= 0:
                return
        if left > 0:
            raise invalid(f"{path} ends before its {entry.size} bytes")

    def _listing(self, path: str) -> dict[str, Entry]:
        known = self._children.get(path)
        if known is None:
            if path != self._at:
                entry = self.lstat(path) if path.startswith(self._at + "/") else None
                if entry is None or not entry.is_folder:
                    return {}
            if path.count("/") > 40:
                raise invalid("the ESP has folders without end")
            found = list(self._entries(path))
            # Which of two would be started, firmware decides.
            if len({name.lower() for name, _ in found}) != len(found):
                raise invalid(f"{path} on the ESP has one name twice")
            known = dict(sorted(found))
            self._children[path] = known
        return known

    def _entries(self, path: str) -> Iterator[tuple[str, Entry]]:
        raw, long = self._records(path), ""
        for at in range(0, len(raw) - 31, 32):
            record = raw[at : at + 32]
            if record[0] == 0:
                return
            if record[11] & 0x3F == _LONG and record[0] != _GONE:
                part = (record[1:11] + record[14:26] + record[28:32]).decode("utf-16-le", "replace")
                long = part.split("\0")[0].rstrip("\uffff") + long
                continue
            name, long = long or _short(record), ""
            if record[0] == _GONE or record[11] & _LABEL or name in (".", ".."):
                continue
            if "/" in name or not name:
                raise invalid("a name on the ESP has a slash")
            high, time, date, low, size = struct.unpack_from("<HHHHI", record, 20)
            below = f"{path}/{name}"
            is_folder = bool(record[11] & _BELOW)
            self._starts[below] = low | high << 16
            mode = _FOLDER if is_folder else _FILE
            yield name, Entry(below, mode, 0, 0, 0 if is_folder else size, _when(date, time))

    def _records(self, path: str) -> bytes:
        start = self._starts[path]
        if start == 0:  # the top of FAT12 and 16 stands apart
            return self._part.read_at(self._top, self._names * 32)
        parts: list[bytes] = []
        for at in self._clusters(start):
            parts.append(self._part.read_at(at, self._cluster))
            if len(parts) * self._cluster > _LARGEST_FOLDER:
                raise invalid(f"{path} on the ESP is larger than a folder may be")
        return b"".join(parts)

    def _clusters(self, number: int) -> Iterator[int]:
        for _ in range(len(self._next)):
            if not 2 <= number < len(self._next):
                return
            yield self._data + (number - 2) * self._cluster
            number = self._next[number]
        raise invalid("a chain of clusters on the ESP goes round in a circle")


def _chain_table(raw: bytes, count: int) -> tuple[int, ...]:
    """Which cluster follows which; 12, 16 or 32 bits by their count, as the specification says."""
    wanted = count + 2
    if count < 4085:
        found = []
        for number in range(min(wanted, len(raw) * 2 // 3)):
            pair = int.from_bytes(raw[number * 3 // 2 : number * 3 // 2 + 2], "little")
            found.append(pair >> 4 if number & 1 else pair & 0xFFF)
        return tuple(found)
    width, letter = (2, "H") if count < 65525 else (4, "I")
    have = min(wanted, len(raw) // width)
    return tuple(each & 0x0FFFFFFF for each in struct.unpack_from(f"<{have}{letter}", raw))


def _short(record: bytes) -> str:
    """8.3; bits of byte 12 say which part is shown in small letters (as Linux's vfat does)."""
    name = record[:8].decode("cp437").rstrip()
    end = record[8:11].decode("cp437").rstrip()
    if record[12] & 0x08:
        name = name.lower()
    if record[12] & 0x10:
        end = end.lower()
    return f"{name}.{end}" if end else name


def _when(date: int, time: int) -> float:
    try:
        return datetime(
            1980 + (date >> 9), date >> 5 & 15, date & 31, time >> 11, time >> 5 & 63,
            (time & 31) * 2, tzinfo=UTC,
        ).timestamp()  # fmt: skip
    except ValueError:
        return 0.0
