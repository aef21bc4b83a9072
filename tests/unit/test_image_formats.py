"""The disk as clouds take it: Azure's fixed VHD, Compute Engine's tar, qcow2."""

import gzip
import hashlib
import io
import json
import struct
import subprocess
import tarfile
from pathlib import Path

import pytest

from agent.errors import MachineError
from agent.host.machine import Host
from packer.disk import formats
from tests.unit.disk_stage import EPOCH

MIB = 1 << 20
GIB = 1 << 30


def sparse(path: Path, size: int, *places: int) -> Path:
    with path.open("wb") as out:
        out.truncate(size)
        for place in places:
            out.seek(place)
            out.write(b"content at %d" % place)
    return path


def test_a_footer_says_what_azure_reads() -> None:
    footer = formats.vhd_footer(30 * GIB, EPOCH)
    assert (footer[:8], len(footer)) == (b"conectix", 512)
    assert struct.unpack_from(">QQ", footer, 40) == (30 * GIB, 30 * GIB)
    assert struct.unpack_from(">I", footer, 60) == (2,)
    assert struct.unpack_from(">Q", footer, 16) == (0xFFFFFFFFFFFFFFFF,)
    said = struct.unpack_from(">I", footer, 64)[0]
    assert said == ~sum(footer[:64] + footer[68:]) & 0xFFFFFFFF
    assert footer == formats.vhd_footer(30 * GIB, EPOCH)


@pytest.mark.parametrize(
    ("size", "geometry"),
    [
        # As qemu-img writes for the same sizes.
        (20 * MIB, (602, 4, 17)),
        (GIB, (2080, 16, 63)),
        (30 * GIB, (62415, 16, 63)),
        (200 * GIB, (65535, 16, 255)),
    ],
)
def test_the_geometry_follows_the_appendix(size: int, geometry: tuple[int, int, int]) -> None:
    assert struct.unpack_from(">HBB", formats.vhd_footer(size, EPOCH), 56) == geometry


@pytest.mark.parametrize("size", [0, MIB + 512])
def test_a_vhd_of_odd_size_is_refused(tmp_path: Path, size: int) -> None:
    with pytest.raises(MachineError, match="whole MiB"):
        formats.to_vhd(sparse(tmp_path / "raw", size), tmp_path / "vhd", epoch=EPOCH)
    assert not (tmp_path / "vhd").exists()


def test_a_vhd_is_the_disk_and_a_footer_and_as_full_as_the_disk(tmp_path: Path) -> None:
    raw = sparse(tmp_path / "raw", 64 * MIB, 0, 5 * MIB, 63 * MIB)
    formats.to_vhd(raw, tmp_path / "vhd", epoch=EPOCH)
    made = (tmp_path / "vhd").read_bytes()
    assert made[:-512] == raw.read_bytes()
    assert made[-512:] == formats.vhd_footer(64 * MIB, EPOCH)
    assert (tmp_path / "vhd").stat().st_blocks * 512 < MIB


def extents(count: int) -> tuple[int, ...]:
    return tuple(at * 4 * MIB for at in range(count))


@pytest.mark.parametrize("count", [0, 1, 3, 4, 5, 30])
def test_a_tar_with_holes_is_read_by_others(tmp_path: Path, count: int) -> None:
    raw = sparse(tmp_path / "raw", GIB, *extents(count))
    formats.to_gce(raw, tmp_path / "gce", epoch=EPOCH)
    assert (tmp_path / "gce").stat().st_size < 64 << 10
    with gzip.open(tmp_path / "gce") as packed:
        unpacked = packed.read()
    with tarfile.TarFile(fileobj=io.BytesIO(unpacked)) as source:
        [entry] = source.getmembers()
        assert (entry.name, entry.size, entry.issparse()) == ("disk.raw", GIB, True)
        stream = source.extractfile(entry)
        assert stream
        for place in extents(count):
            stream.seek(place)
            assert stream.read(24).rstrip(b"\0") == b"content at %d" % place
        stream.seek(GIB - 2 * MIB)
        assert stream.read() == bytes(2 * MIB)


def test_the_same_disk_makes_the_same_tar_whatever_its_holes(tmp_path: Path) -> None:
    one = sparse(tmp_path / "one", GIB, MIB, 700 * MIB)
    two = tmp_path / "two"
    with two.open("wb") as out:
        with one.open("rb") as source:
            out.write(source.read(8 * MIB))
        out.truncate(GIB)
        out.seek(700 * MIB)
        out.write(b"content at %d" % (700 * MIB) + bytes(3 * MIB))
    for path in (one, two):
        formats.to_gce(path, path.with_suffix(".gz"), epoch=EPOCH)
    assert one.with_suffix(".gz").read_bytes() == two.with_suffix(".gz").read_bytes()


def test_a_tar_wants_whole_gib(tmp_path: Path) -> None:
    with pytest.raises(MachineError, match="whole GiB"):
        formats.to_gce(sparse(tmp_path / "raw", GIB + MIB), tmp_path / "gce", epoch=EPOCH)


@pytest.mark.real
def test_gnu_tar_unpacks_the_disk(tmp_path: Path) -> None:
    raw = sparse(tmp_path / "raw", GIB, *extents(30))
    formats.to_gce(raw, tmp_path / "gce", epoch=EPOCH)
    subprocess.run(["tar", "-C", tmp_path, "-xzf", tmp_path / "gce"], check=True)
    with raw.open("rb") as one, (tmp_path / "disk.raw").open("rb") as other:
        assert other.seek(0, 2) == GIB
        for place in (*extents(30), 500 * MIB):
            one.seek(place)
            other.seek(place)
            assert one.read(MIB) == other.read(MIB)


@pytest.mark.real
def test_qemu_takes_the_vhd_and_makes_the_same_qcow2_twice(tmp_path: Path) -> None:
    raw = sparse(tmp_path / "raw", 64 * MIB, 0, 5 * MIB, 63 * MIB)
    formats.to_vhd(raw, tmp_path / "vhd", epoch=EPOCH)
    try:
        said = subprocess.run(
            ["qemu-img", "info", "--output=json", "-f", "vpc", tmp_path / "vhd"],
            capture_output=True, check=True,
        ).stdout  # fmt: skip
    except FileNotFoundError:
        pytest.skip("qemu-img is not installed: apt-get install qemu-utils")
    assert json.loads(said)["virtual-size"] == 64 * MIB
    sums = set()
    for name in ("a", "b"):
        formats.to_qcow2(Host(), raw, tmp_path / name)
        sums.add(hashlib.sha256((tmp_path / name).read_bytes()).hexdigest())
    assert len(sums) == 1
    same = ["qemu-img", "compare", "-f", "raw", "-F", "qcow2", str(raw), str(tmp_path / "a")]
    assert subprocess.run(same, check=False, capture_output=True).returncode == 0
