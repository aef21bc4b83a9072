"""Small disks for the tests of certification: a tree, file systems, tables, by the usual tools."""

import os
import shutil
import struct
import subprocess
import uuid
import zlib
from dataclasses import dataclass
from pathlib import Path

import pytest

MIB = 1 << 20
ESP_KIND = "C12A7328-F81F-11D2-BA4B-00A0C93EC93B"
ROOT_KIND = "4F68BCE3-E8CD-4DB1-96E7-FBCAF984B709"


@dataclass(frozen=True)
class Memory:
    """A source of bytes that stands in memory."""

    content: bytes | bytearray

    @property
    def size(self) -> int:
        return len(self.content)

    def read_at(self, offset: int, length: int) -> bytes:
        assert offset >= 0
        assert offset + length <= self.size
        return bytes(self.content[offset : offset + length])


def need(*programs: str) -> None:
    for program in programs:
        if shutil.which(program, path="/usr/sbin:/usr/bin:/sbin:/bin") is None:
            pytest.skip(f"{program} is not installed")


def run(*argv: str) -> str:
    env = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8"}
    done = subprocess.run(argv, env=env, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout


def plant(top: Path) -> Path:
    """A tree with what a file system can hold: long links, holes, many names, odd letters."""
    for folder in ("etc", "usr/bin", "boot/efi", "var/many", "home/größe"):
        (top / folder).mkdir(parents=True)
    (top / "etc/passwd").write_text("root:x:0:0:root:/root:/bin/sh\n")
    (top / "usr/bin/sh").write_bytes(b"\x7fELF\x02" + bytes(13) + b"\x3e\x00" + os.urandom(70_000))
    (top / "usr/bin/sh").chmod(0o4755)
    (top / "bin").symlink_to("usr/bin")
    (top / "etc/long").symlink_to("/" + "x" * 200)
    (top / "etc/empty").touch()
    for number in range(900):
        (top / f"var/many/a-name-that-is-longer-than-most-{number:04}").write_bytes(b"%d" % number)
    with (top / "var/holes").open("wb") as file:
        for at in (0, 300_000, 900_000):
            file.seek(at)
            file.write(b"here")
        file.truncate(1_000_001)
    os.mkfifo(top / "var/pipe")
    return top


def ext4(tree: Path, image: Path, *options: str, mib: int = 12) -> Path:
    need("mkfs.ext4")
    image.write_bytes(b"")
    os.truncate(image, mib * MIB)
    run("mkfs.ext4", "-q", "-F", *options, "-d", str(tree), str(image))
    return image


def gpt(parts: list[tuple[str, bytes]], mib: int) -> bytearray:
    """A disk with these partitions (type, content), one after the other from 1 MiB on."""
    disk = bytearray(mib * MIB)
    entries, at = b"", MIB
    for number, (kind, content) in enumerate(parts):
        first, last = at // 512, (at + len(content)) // 512 - 1
        entries += struct.pack("<16s16sQQQ72s", uuid.UUID(kind).bytes_le,
                               uuid.UUID(int=number + 1).bytes_le, first, last, 0,
                               f"part{number}".encode("utf-16-le"))  # fmt: skip
        disk[at : at + len(content)] = content
        at += -(-len(content) // MIB) * MIB
    entries = entries.ljust(128 * 128, b"\0")
    total = len(disk) // 512
    disk[450], disk[510:512] = 0xEE, b"\x55\xaa"
    for here, other, where in ((1, total - 1, 2), (total - 1, 1, total - 33)):
        head = struct.pack("<8sIIIIQQQQ16sQIII", b"EFI PART", 0x10000, 92, 0, 0, here, other, 34,
                           total - 34, uuid.UUID(int=9).bytes_le, where, 128, 128,
                           zlib.crc32(entries))  # fmt: skip
        head = head[:16] + struct.pack("<I", zlib.crc32(head)) + head[20:]
        disk[here * 512 : here * 512 + 92] = head
        disk[where * 512 : where * 512 + len(entries)] = entries
    return disk
