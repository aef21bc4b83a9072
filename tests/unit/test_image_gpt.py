"""The disk's tables, byte by byte, and what sgdisk says of them."""

import struct
import subprocess
import zlib
from pathlib import Path

import pytest

from packer.disk import gpt
from packer.disk.gpt import MIB, LayoutError
from tests.unit.disk_stage import tiny

ID = "6f0e5b0c-4a6e-4d3a-9d53-0d7a3c5b9e0{}"
DISK = 64 * MIB
WANTED = [
    ("bios", gpt.BIOS_BOOT, ID.format(1), MIB),
    ("esp", gpt.ESP, ID.format(2), 16 * MIB),
    ("root", gpt.ROOT_AMD64, ID.format(3), 20 * MIB),
    ("data", gpt.LINUX, ID.format(4), 0),
]


def test_the_first_mib_is_free_and_the_last_takes_what_is_left() -> None:
    parts = gpt.laid_out(WANTED, DISK)
    assert [part.begin // MIB for part in parts] == [1, 2, 18, 38]
    assert parts[-1].begin + parts[-1].size == DISK - MIB
    assert all(part.begin % MIB == 0 and part.size % MIB == 0 for part in parts)


@pytest.mark.parametrize(
    ("wanted", "disk"),
    [
        (WANTED, 38 * MIB),
        (WANTED, DISK + 512),
        ([("a", gpt.LINUX, ID.format(1), MIB + 1)], DISK),
        ([("a", gpt.LINUX, ID.format(1), 0), *WANTED[:1]], DISK),
        ([("a", gpt.LINUX, ID.format(1), -MIB)], DISK),
    ],
)
def test_what_does_not_fit_is_refused(wanted: list[tuple[str, str, str, int]], disk: int) -> None:
    with pytest.raises(LayoutError):
        gpt.laid_out(wanted, disk)


def test_both_headers_hold_their_checksums() -> None:
    first, last = gpt.tables(gpt.laid_out(WANTED, DISK), DISK, ID.format(9))
    for header, entries, mine, other in (
        (first[:512], first[512:], 1, DISK // 512 - 1),
        (last[-512:], last[:-512], DISK // 512 - 1, 1),
    ):
        assert (header[:8], len(header), len(entries)) == (b"EFI PART", 512, 16384)
        said = struct.unpack_from("<I", header, 16)[0]
        assert said == zlib.crc32(header[:16] + bytes(4) + header[20:92])
        assert struct.unpack_from("<I", header, 88)[0] == zlib.crc32(entries)
        assert struct.unpack_from("<QQ", header, 24) == (mine, other)
        assert header[92:] == bytes(420)
    assert first[512:] == last[:-512]


def test_the_first_sector_protects_and_names_the_core() -> None:
    sector = gpt.protective(DISK, b"\xeb" * 512, kernel=MIB)
    assert sector[446:450] == b"\x80\x00\x02\x00"
    assert (sector[450], sector[510:]) == (0xEE, b"\x55\xaa")
    assert struct.unpack_from("<II", sector, 454) == (1, DISK // 512 - 1)
    assert struct.unpack_from("<Q", sector, 0x5C) == (2048,)
    assert sector[0x64] == 0xFF
    assert sector[0x66:0x68] == b"\x90\x90"
    assert gpt.protective(DISK)[:440] == bytes(440)


def test_a_disk_larger_than_an_mbr_can_say() -> None:
    assert struct.unpack_from("<I", gpt.protective(4 << 40), 458)[0] == 0xFFFFFFFF


def test_the_core_names_the_sectors_after_its_first() -> None:
    core = gpt.embedded(b"x" * 1300, MIB, MIB)
    assert len(core) == 1536
    assert struct.unpack_from("<QHH", core, 0x1F4) == (2049, 2, 0x820)
    with pytest.raises(LayoutError, match="1048577 bytes; 1048576 are there"):
        gpt.embedded(bytes(MIB + 1), MIB, MIB)


@pytest.mark.real
def test_sgdisk_finds_nothing_wrong(tmp_path: Path) -> None:
    parts = gpt.laid_out(WANTED, DISK)
    first, last = gpt.tables(parts, DISK, tiny().ids.disk)
    image = tmp_path / "disk.raw"
    with image.open("wb") as out:
        out.truncate(DISK)
        out.write(gpt.protective(DISK) + first)
        out.seek(DISK - len(last))
        out.write(last)
    try:
        done = subprocess.run(["sgdisk", "-v", image], capture_output=True, text=True, check=False)
        listed = subprocess.run(["sgdisk", "-p", image], capture_output=True, text=True, check=True)
    except FileNotFoundError:
        pytest.skip("sgdisk is not installed: apt-get install gdisk")
    assert "No problems found" in done.stdout
    assert [line.split()[-1] for line in listed.stdout.splitlines()[-4:]] == [
        "bios", "esp", "root", "data",
    ]  # fmt: skip
