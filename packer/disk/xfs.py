"""The data volume: XFS with reflinks, so that a copy of the application's data costs nothing.

Owns making it with one id and one time, the same bytes each time. Refuses content: first boot's
setup fills it.
"""

from __future__ import annotations

import struct
from pathlib import Path

from agent.errors import MachineError
from agent.host import disk_file
from agent.host.disk_file import DiskFile
from agent.host.machine import Host
from packer.program import program

SMALLEST = 300 << 20  # bytes; mkfs.xfs(8) refuses less

# What newer tools would choose differently stands here, so that the kernel of the image decides.
_FEATURES = "crc=1,reflink=1,finobt=1,inobtcount=1,bigtime=1,rmapbt=0"
_EPOCH = 1 << 31  # seconds; a "bigtime" counts from 1901 (XFS, xfs_format.h)
_MTIME, _CTIME, _CRC, _CRTIME = 40, 48, 100, 144  # bytes into a version 3 inode
_FIRST = 3  # root, realtime bitmap and realtime summary: all that mkfs makes


def make(host: Host, path: Path, size: int, *, label: str, id_: str, epoch: int) -> None:
    """Make the file system in a new file. Raises MachineError, FileFailure."""
    with disk_file.fresh(path, size):
        pass
    argv = ("mkfs.xfs", "-q", "-K", "-m", f"{_FEATURES},uuid={id_}", "-i", "sparse=1",
            "-L", label, str(path))  # fmt: skip
    program(host, argv, timeout=120)
    with disk_file.patched(path) as disk:
        _same_times(disk, epoch)


def _same_times(disk: DiskFile, epoch: int) -> None:
    """mkfs.xfs writes the clock into its inodes; all else is the same each time."""
    head = disk.get(0, 512)
    if head[:4] != b"XFSB":
        raise MachineError("command-failed", f"mkfs.xfs made no XFS in {disk.path}")
    root = struct.unpack_from(">Q", head, 56)[0]
    size = struct.unpack_from(">H", head, 104)[0]
    for number in range(root, root + _FIRST):
        # The first inodes stand in the first group, where a number is a place.
        disk.put(number * size, stamped(disk.get(number * size, size), epoch))


def stamped(inode: bytes, epoch: int) -> bytes:
    """The inode with one time, seconds since 1970, and its checksum made right again."""
    changed = bytearray(inode)
    moment = struct.pack(">Q", (epoch + _EPOCH) * 1_000_000_000)
    for place in (_MTIME, _CTIME, _CRTIME):
        changed[place : place + 8] = moment
    changed[_CRC : _CRC + 4] = bytes(4)
    changed[_CRC : _CRC + 4] = struct.pack("<I", crc32c(bytes(changed)))
    return bytes(changed)


def crc32c(content: bytes) -> int:
    """Castagnoli's checksum (RFC 3720, appendix B.4)."""
    value = 0xFFFFFFFF
    for byte in content:
        value = _CASTAGNOLI[(value ^ byte) & 0xFF] ^ (value >> 8)
    return value ^ 0xFFFFFFFF


def _row(value: int) -> int:
    for _ in range(8):
        value = (value >> 1) ^ (0x82F63B78 if value & 1 else 0)
    return value


_CASTAGNOLI = tuple(_row(value) for value in range(256))
