"""QEMU's qcow2, read only (docs/interop/qcow2.txt of QEMU): clusters plain, zlib or zstd.

Owns the two tables and the clusters that were unpacked. Refuses a backing file and an external
data file, which would have us open what a stranger names, and encryption.
"""

from __future__ import annotations

import struct
import zlib
from collections import OrderedDict
from threading import Lock

import zstandard

from packer.certify.image.source import Source, invalid

MAGIC = b"QFI\xfb"
_HEADER = struct.Struct(">4sIQIIQIIQQIIQ")
_ENTRY = struct.Struct(">Q")
_COMPRESSED, _ZERO = 1 << 62, 1
_OFFSET = 0x00FFFFFFFFFFFE00  # bits 9 to 55 of an entry
_DIRTY, _TYPE = 1, 8  # the only incompatible features that change nothing we read
_MOST_TABLE = 32 << 20  # bytes of the first table; QEMU's own limit
_KEPT = 16 << 20  # bytes of clusters, and as many of second tables, in memory


class Qcow2:
    """A `Source`; `snapshots` counts older states of the disk that are kept inside.

    Raises CaretakerError `image-invalid`.
    """

    def __init__(self, file: Source) -> None:
        self._file = file
        (magic, version, backing, _, bits, self.size, crypt, entries, table, _, _, self.snapshots,
         _) = _HEADER.unpack(file.read_at(0, _HEADER.size))  # fmt: skip
        if magic != MAGIC or version not in (2, 3):
            raise invalid(f"qcow2 of version {version} is not known")
        self._zstd = _features(file, version)
        if backing or crypt:
            raise invalid("it names a backing file" if backing else "it is encrypted")
        if not 9 <= bits <= 21 or entries * 8 > _MOST_TABLE or table + entries * 8 > file.size:
            raise invalid("the header of the qcow2 is damaged")
        self._bits, self._cluster = bits, 1 << bits
        if entries * (self._cluster << (bits - 3)) < self.size:
            raise invalid("the first table of the qcow2 is too small for its disk")
        self._first = file.read_at(table, entries * 8)
        self._tables: OrderedDict[int, bytes] = OrderedDict()
        self._clusters: OrderedDict[int, bytes] = OrderedDict()
        self._lock = Lock()

    def read_at(self, offset: int, length: int) -> bytes:
        if offset < 0 or length < 0 or offset + length > self.size:
            raise invalid(f"{length} bytes at {offset} lie beyond the disk's end at {self.size}")
        parts: list[bytes] = []
        while length > 0:
            number, inside = divmod(offset, self._cluster)
            want = min(length, self._cluster - inside)
            parts.append(self._read_in(number, inside, want))
            offset, length = offset + want, length - want
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def _read_in(self, number: int, inside: int, want: int) -> bytes:
        entry = self._entry(number)
        if entry & _COMPRESSED:
            return self._unpacked(entry)[inside : inside + want]
        where = entry & _OFFSET
        if where == 0 or entry & _ZERO:
            return bytes(want)
        # The last cluster of the file may be cut where the disk ends inside it.
        have = max(0, min(want, self._file.size - where - inside))
        return self._file.read_at(where + inside, have).ljust(want, b"\0")

    def _entry(self, number: int) -> int:
        first, second = divmod(number, self._cluster // 8)
        where = _number(self._first, first) & _OFFSET
        if where == 0:
            return 0
        with self._lock:
            table = self._tables.get(where)
        if table is None:
            table = self._file.read_at(where, self._cluster)
            with self._lock:
                _keep(self._tables, where, table)
        return _number(table, second)

    def _unpacked(self, entry: int) -> bytes:
        with self._lock:
            known = self._clusters.get(entry)
        if known is not None:
            return known
        bits = 62 - (self._bits - 8)
        where = entry & ((1 << bits) - 1)
        sectors = ((entry & (_COMPRESSED - 1)) >> bits) + 1
        length = min(sectors * 512 - (where & 511), self._file.size - where)
        if length <= 0:
            raise invalid("a compressed cluster of the qcow2 lies beyond its end")
        content = self._decompressed(self._file.read_at(where, length))
        if len(content) != self._cluster:
            raise invalid("a compressed cluster of the qcow2 is damaged")
        with self._lock:
            _keep(self._clusters, entry, content)
        return content

    def _decompressed(self, packed: bytes) -> bytes:
        try:
            if self._zstd:
                reader = zstandard.ZstdDecompressor().stream_reader(packed)
                return reader.read(self._cluster)
            return zlib.decompressobj(-12).decompress(packed, self._cluster)
        except (zlib.error, zstandard.ZstdError) as error:
            raise invalid(f"a compressed cluster of the qcow2 is damaged: {error}") from error


def _features(file: Source, version: int) -> bool:
    """Whether clusters are packed by zstd."""
    if version < 3:
        return False
    incompatible, _, _, _, length = struct.unpack(">QQQII", file.read_at(72, 32))
    if incompatible & ~(_DIRTY | _TYPE):
        raise invalid(f"it has features of qcow2 that are not known ({incompatible:#x})")
    kind = file.read_at(104, 1)[0] if length > 104 and incompatible & _TYPE else 0
    if kind not in (0, 1):
        raise invalid(f"clusters are packed in a way that is not known ({kind})")
    return kind == 1


def _number(table: bytes, at: int) -> int:
    found: int = _ENTRY.unpack_from(table, at * 8)[0]
    return found


def _keep(kept: OrderedDict[int, bytes], key: int, value: bytes) -> None:
    kept[key] = value
    while len(kept) * len(value) > _KEPT and len(kept) > 1:
        kept.popitem(last=False)
