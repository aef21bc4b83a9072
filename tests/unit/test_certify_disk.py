"""Whole disks: tables of partitions, formats, the ESP; forged ones are refused with a reason."""

import gzip
import os
import random
import shutil
import struct
import subprocess
from pathlib import Path

import pytest

from agent.errors import CaretakerError
from packer.certify.image.disk_store import read_disk
from packer.certify.image.fat_store import FatStore
from packer.certify.image.formats import Disk
from packer.certify.image.qcow2 import Qcow2
from packer.certify.image.source import Part
from packer.certify.image.table import read_table
from packer.certify.opening import open_tree
from packer.certify.view import View
from tests.unit.certify_disks import (
    ESP_KIND,
    MIB,
    ROOT_KIND,
    Memory,
    ext4,
    gpt,
    need,
    plant,
    run,
)

pytestmark = pytest.mark.real


@pytest.fixture(scope="module")
def disk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """ESP, root and a data volume that is cut down to its first sector."""
    need("mkfs.vfat", "mcopy", "mmd", "mkfs.ext4")
    top = tmp_path_factory.mktemp("disk")
    esp = top / "esp.img"
    esp.write_bytes(bytes(4 * MIB))
    run("mkfs.vfat", "-n", "ESP", str(esp))
    run("mmd", "-i", str(esp), "::/EFI", "::/EFI/BOOT")
    loader = top / "loader"
    loader.write_bytes(b"MZ" + bytes(range(256)) * 90)
    run("mcopy", "-i", str(esp), str(loader), "::/EFI/BOOT/BOOTX64.EFI")
    run("mcopy", "-i", str(esp), str(loader), "::/EFI/BOOT/a name that is long.cfg")
    root = ext4(plant(top / "tree"), top / "root.img")
    data = bytearray(MIB)
    data[:4] = b"XFSB"
    struct.pack_into(">QQ", data, 128, 64, 61)
    parts = [(ESP_KIND, esp.read_bytes()), (ROOT_KIND, root.read_bytes())]
    image = gpt([*parts, ("0FC63DAF-8483-4772-8E79-3D69D8477DE4", bytes(data))], mib=20)
    path = top / "disk.raw"
    path.write_bytes(image)
    return path


def names(path: Path) -> list[str]:
    with open_tree(path) as subject:
        return [each.path for each in subject.tree.walk()]


def test_a_disk_is_one_tree_with_its_facts(disk: Path) -> None:
    with open_tree(disk) as subject:
        assert subject.disk is not None
        assert (subject.tree.kind, subject.disk.format, subject.disk.table) == (
            "disk",
            "raw",
            "gpt",
        )
        rows = [(each.number, each.holds, each.names) for each in subject.disk.partitions]
        assert rows == [(1, "vfat", -1), (2, "ext4", -1), (3, "xfs", 0)]
        assert subject.disk.table_errors == ()
        assert not subject.disk.gap_used
        assert sorted(subject.disk.esp) == [
            "/EFI/BOOT/BOOTX64.EFI",
            "/EFI/BOOT/a name that is long.cfg",
        ]
        content = b"MZ" + bytes(range(256)) * 90
        assert subject.tree.read("/boot/efi/EFI/BOOT/BOOTX64.EFI") == content
        assert subject.tree.text("/etc/passwd").startswith("root:")


@pytest.mark.parametrize(
    "options",
    [("qcow2",), ("qcow2", "-c"), ("qcow2", "-c", "-o", "compression_type=zstd")],
    ids=["plain", "zlib", "zstd"],
)
def test_qcow2_is_the_same_disk_to_the_byte(
    disk: Path, tmp_path: Path, options: tuple[str, ...]
) -> None:
    need("qemu-img")
    made = tmp_path / "disk.qcow2"
    run("qemu-img", "convert", "-O", *options, str(disk), str(made))
    source, whole = Qcow2(Memory(made.read_bytes())), disk.read_bytes()
    assert source.size == len(whole)
    assert source.read_at(0, source.size) == whole
    assert source.read_at(65530, 12) == whole[65530:65542]
    assert names(made) == names(disk)


def test_a_fixed_vhd_is_the_disk_and_a_footer(disk: Path, tmp_path: Path) -> None:
    need("qemu-img")
    made = tmp_path / "disk.vhd"
    run(
        "qemu-img", "convert", "-O", "vpc", "-o", "subformat=fixed,force_size", str(disk), str(made)
    )
    with open_tree(made) as subject:
        assert subject.disk is not None
        assert (subject.disk.format, subject.disk.table_errors) == ("vhd", ())
    run("qemu-img", "convert", "-O", "vpc", str(disk), str(made))
    with pytest.raises(CaretakerError), open_tree(made):
        pass


@pytest.mark.parametrize("form", ["oldgnu", "gnu"])
def test_googles_archive_is_unpacked_with_its_holes(disk: Path, tmp_path: Path, form: str) -> None:
    need("tar")
    shutil.copy(disk, tmp_path / "disk.raw")
    made = tmp_path / "disk.tar.gz"
    run("tar", "-C", str(tmp_path), f"--format={form}", "-Szcf", str(made), "disk.raw")
    with open_tree(made) as subject:
        assert subject.disk is not None
        assert subject.disk.format == "gce"
        assert subject.disk.size == disk.stat().st_size
        assert subject.disk.table_errors == (
            f"disk.raw has {disk.stat().st_size} bytes, which are no whole GiB",
        )
        assert [each.path for each in subject.tree.walk()] == names(disk)


def test_the_second_copy_of_a_table_serves_and_is_told(disk: Path) -> None:
    content = bytearray(disk.read_bytes())
    content[512 + 40] ^= 1
    table = read_table(Memory(content))
    assert len(table.rows) == 3
    assert table.errors == ("the first copy of the GPT: its checksum is wrong",)
    content[-512:] = bytes(512)
    with pytest.raises(CaretakerError, match="the second copy of the GPT: is not there"):
        read_table(Memory(content))


def test_what_stands_before_the_first_partition_is_seen(disk: Path) -> None:
    content = bytearray(disk.read_bytes())
    content[40 * 512] = 1
    assert read_table(Memory(content)).gap_used


def test_a_qcow2_that_names_another_file_is_refused(disk: Path, tmp_path: Path) -> None:
    need("qemu-img")
    made = tmp_path / "over.qcow2"
    run("qemu-img", "create", "-q", "-f", "qcow2", "-b", str(disk), "-F", "raw", str(made))
    with pytest.raises(CaretakerError, match="backing file"), open_tree(made):
        pass


def test_a_disk_without_a_system_says_what_it_holds(tmp_path: Path) -> None:
    made = tmp_path / "disk.raw"
    made.write_bytes(gpt([(ROOT_KIND, b"LUKS\xba\xbe" + bytes(MIB))], mib=4))
    with pytest.raises(CaretakerError, match="none of its partitions holds ext4; it holds crypto"):
        names(made)


@pytest.mark.parametrize(
    "content", [b"", b"x" * 400, b"x" * 5000, bytes(MIB), gzip.compress(b"y" * 9000, mtime=0)]
)
def test_what_is_no_image_is_said(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "file").write_bytes(content)
    with pytest.raises(CaretakerError) as caught:
        names(tmp_path / "file")
    assert caught.value.code == "image-invalid"


def survive(path: Path) -> None:
    try:
        with open_tree(path) as subject:
            for entry in subject.tree.walk():
                subject.tree.read(entry.path, limit=4096)
    except CaretakerError as error:
        assert error.code == "image-invalid"  # noqa: PT017 — most changes do no harm at all


def test_forged_tables_and_formats_end_in_one_kind_of_error(disk: Path, tmp_path: Path) -> None:
    need("qemu-img")
    packed = tmp_path / "disk.qcow2"
    run("qemu-img", "convert", "-c", "-O", "qcow2", str(disk), str(packed))
    chance, forged = random.Random(7), tmp_path / "forged"
    for original, heads in ((packed.read_bytes(), 112), (packed.read_bytes(), 1 << 18)):
        for _ in range(12):
            content = bytearray(original)
            for _ in range(chance.choice((1, 4))):
                content[chance.randrange(min(heads, len(content)))] ^= 1 << chance.randrange(8)
            forged.write_bytes(content[: chance.choice((len(content), len(content) // 2))])
            survive(forged)


def test_a_forged_esp_ends_in_one_kind_of_error(disk: Path) -> None:
    original, chance = disk.read_bytes(), random.Random(8)
    used = [at for at in range(MIB, 5 * MIB, 32) if any(original[at : at + 32])]
    for _ in range(60):
        content = bytearray(original)
        for _ in range(3):
            content[chance.choice(used) + chance.randrange(32)] ^= 1 << chance.randrange(8)
        try:
            store, _ = read_disk(Disk("raw", Memory(content)))
            view = View("disk", store)
            for entry in list(view.walk("/boot")):
                view.read(entry.path)
        except CaretakerError as error:
            assert error.code == "image-invalid"  # noqa: PT017 — most changes do no harm at all


def test_a_tar_is_a_tree_too(tmp_path: Path) -> None:
    need("tar", "zstd")
    tree = plant(tmp_path / "tree")
    os.link(tree / "usr/bin/sh", tree / "usr/bin/second")
    (plain := tmp_path / "root.tar").touch()
    run("tar", "-C", str(tree), "--sparse", "-cf", str(plain), ".")
    subprocess.run(["/usr/bin/zstd", "-q", str(plain)], check=True, timeout=60)
    (tmp_path / "root.tgz").write_bytes(gzip.compress(plain.read_bytes()))
    wanted = sorted(f"/{path.relative_to(tree)}" for path in tree.rglob("*"))
    for name in ("root.tar", "root.tar.zst", "root.tgz"):
        with open_tree(tmp_path / name) as subject:
            assert subject.tree.kind == "tar"
            assert sorted(each.path for each in subject.tree.walk()) == wanted
            holes = subject.tree.read("/var/holes")
            assert holes == (tree / "var/holes").read_bytes()
            assert subject.tree.read("/usr/bin/second") == (tree / "usr/bin/sh").read_bytes()


def test_a_tar_that_climbs_out_is_refused(tmp_path: Path) -> None:
    need("tar")
    (tmp_path / "x").write_text("x")
    (inside := tmp_path / "in").mkdir()
    made = tmp_path / "root.tar"
    run("tar", "-C", str(inside), "-Pcf", str(made), "../x")
    with pytest.raises(CaretakerError, match="leads out"):
        names(made)


def test_an_esp_with_one_name_twice_is_refused(tmp_path: Path) -> None:
    need("mkfs.vfat", "mcopy")
    (esp := tmp_path / "esp.img").write_bytes(bytes(4 * MIB))
    (loader := tmp_path / "loader").write_bytes(b"MZ")
    run("mkfs.vfat", str(esp))
    for name in ("A.EFI", "B.EFI"):
        run("mcopy", "-i", str(esp), str(loader), f"::/{name}")
    forged = esp.read_bytes().replace(b"B       EFI", b"A       EFI")
    store = FatStore(Part(Memory(forged), 0, len(forged)), "/boot/efi")
    with pytest.raises(CaretakerError, match="one name twice"):
        store.children("/boot/efi")
