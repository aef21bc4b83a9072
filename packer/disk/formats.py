"""A raw disk in the forms that clouds take: qcow2, fixed VHD, a gzipped tar with holes.

Owns the three, each the same bytes for the same disk. Refuses to change what is on the disk.
"""

from __future__ import annotations

import gzip
import os
import shlex
import struct
import uuid
from collections.abc import Iterator
from pathlib import Path

from agent.errors import MachineError
from agent.host import disk_file, open_new
from agent.host.machine import Host
from agent.host.opened import Opened, open_once
from packer.program import program

MIB = 1 << 20
_BLOCK = 512
_PART = 1 << 20


def to_qcow2(host: Host, raw: Path, path: Path) -> None:
    """Compressed; blocks in the order of the disk, so two threads make the same file."""
    argv = ("qemu-img", "convert", "-m", "2", "-f", "raw", "-O", "qcow2", "-c", str(raw), str(path))
    program(host, argv, timeout=600)


def to_vhd(raw: Path, path: Path, *, epoch: int) -> None:
    """A fixed VHD for Azure: the disk and a footer of 512 bytes.

    Raises MachineError where the disk is not whole MiB (Azure's VM certification FAQ).
    """
    with open_once(raw) as given:
        if given.size == 0 or given.size % MIB:
            raise _uneven(raw, given.size, "MiB, as Azure wants it")
        with disk_file.fresh(path, given.size + _BLOCK) as disk:
            disk.pour(raw, 0)
            disk.put(given.size, vhd_footer(given.size, epoch))


def _uneven(raw: Path, size: int, what: str) -> MachineError:
    whole = max(1, -(-size // (1 << 30)))
    hint = f"qemu-img resize -f raw {shlex.quote(str(raw))} {whole}G"
    return MachineError("image-invalid", f"{raw} is not whole {what}", hint=hint)


def vhd_footer(size: int, epoch: int) -> bytes:
    """Virtual Hard Disk Image Format Specification 1.0, "Hard Disk Footer Format"."""
    cylinders, heads, sectors = _geometry(size // _BLOCK)
    own = uuid.uuid5(uuid.NAMESPACE_OID, f"caretaker disk {size} {epoch}").bytes
    # Seconds since 2000; the checksum is filled in below. Readers that know "win " take the size
    # as it stands; of others they take cylinders, heads and sectors, which is less (QEMU, vpc.c).
    parts = (b"conectix", 2, 0x10000, 0xFFFFFFFFFFFFFFFF, max(0, epoch - 946684800), b"win ",
             0x10000, b"Wi2k", size, size, cylinders, heads, sectors, 2, 0, own, 0)  # fmt: skip
    whole = struct.pack(">8sIIQI4sI4sQQHBBII16sB", *parts).ljust(_BLOCK, b"\0")
    checksum = ~sum(whole) & 0xFFFFFFFF
    return whole[:64] + struct.pack(">I", checksum) + whole[68:]


def _geometry(total: int) -> tuple[int, int, int]:
    """Cylinders, heads, sectors of so many sectors; appendix "CHS Calculation" of the same."""
    total = min(total, 65535 * 16 * 255)
    if total >= 65535 * 16 * 63:
        return total // 255 // 16, 16, 255
    sectors, heads = 17, max(4, (total // 17 + 1023) // 1024)
    if total // 17 >= heads * 1024 or heads > 16:
        sectors, heads = 31, 16
    if total // sectors >= heads * 1024:
        sectors, heads = 63, 16
    return total // sectors // heads, heads, sectors


def to_gce(raw: Path, path: Path, *, epoch: int) -> None:
    """`disk.raw` alone in an old GNU tar with holes, gzipped (Compute Engine, "Import disks").

    Raises MachineError where the disk is not whole GiB.
    """
    with open_once(raw) as given:
        if given.size == 0 or given.size % (1 << 30):
            raise _uneven(raw, given.size, "GiB, as Compute Engine wants it")
        with (
            open_new.durable(path, mode=0o644) as fd,
            os.fdopen(os.dup(fd), "wb") as out,
            gzip.GzipFile("", "wb", 6, out, mtime=epoch) as packed,
        ):
            _sparse_tar(given, packed, epoch)


def _sparse_tar(given: Opened, out: gzip.GzipFile, epoch: int) -> None:
    runs = list(_filled(given))
    if not runs or sum(runs[-1]) < given.size:
        # The last entry of the map is at the end, as GNU tar writes it.
        runs.append((given.size, 0))
    stored = sum(size for _, size in runs)
    out.write(_head(given.size, stored, runs[:4], epoch, more=len(runs) > 4))
    for at in range(4, len(runs), 21):
        piece = runs[at : at + 21]
        body = b"".join(_number(begin) + _number(size) for begin, size in piece)
        out.write(body.ljust(504, b"\0") + (b"\1" if at + 21 < len(runs) else b"\0") + bytes(7))
    for begin, size in runs:
        for part in given.chunks(begin, size):
            out.write(part)
    out.write(bytes(-stored % _BLOCK + 2 * _BLOCK))


def _filled(given: Opened) -> Iterator[tuple[int, int]]:
    """(offset, length) of what is not zeros, whole blocks of a MiB: holes differ by file system."""
    begin = -1
    end = 0
    for first, last in disk_file.runs(given.fd, given.size):
        for at in range(max(first - first % _PART, end), last, _PART):
            part = given.read_at(at, min(_PART, given.size - at))
            filled = part.count(0) != len(part)
            if begin >= 0 and (at > end or not filled):
                yield begin, end - begin
                begin = -1
            if filled and begin < 0:
                begin = at
            end = at + len(part)
    if begin >= 0:
        yield begin, end - begin


def _head(size: int, stored: int, runs: list[tuple[int, int]], epoch: int, *, more: bool) -> bytes:
    """GNU tar's old header of a file with holes (tar.h, `struct oldgnu_header`)."""
    head = bytearray(_BLOCK)
    head[0:8] = b"disk.raw"
    head[100:108], head[108:116], head[116:124] = b"0000644\0", b"0000000\0", b"0000000\0"
    head[124:136] = _number(stored)
    head[136:148] = _number(epoch)
    head[148:156] = b" " * 8
    head[156:157] = b"S"
    head[257:265] = b"ustar  \0"
    for number, (begin, length) in enumerate(runs):
        head[386 + 24 * number : 410 + 24 * number] = _number(begin) + _number(length)
    head[482] = 1 if more else 0
    head[483:495] = _number(size)
    head[148:156] = b"%06o\0 " % sum(head)
    return bytes(head)


def _number(value: int) -> bytes:
    """Octal where it fits 11 digits, else GNU's base 256 (tar(5), "numeric extensions")."""
    if value < 8**11:
        return b"%011o\0" % value
    return b"\x80" + value.to_bytes(11, "big")
