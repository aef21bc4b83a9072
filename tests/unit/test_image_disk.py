"""A small tree through the whole way: file systems, disk, qcow2, record; twice the same."""

import io
import json
import shutil
import struct
import subprocess
from pathlib import Path

import pytest

from agent.errors import MachineError
from agent.host.machine import Host
from packer.disk import archive, dressing, ext4, making, system, xfs
from packer.disk.archive import Source
from packer.disk.making import BaseDisk
from packer.golden.record import Step
from tests.scripted_host import ScriptedHost
from tests.unit.disk_stage import EPOCH, disk, dressed, member, tar_of, tiny, usual

TOOLS = ("mke2fs", "debugfs", "mkfs.xfs", "mkfs.vfat", "mmd", "mcopy", "qemu-img", "sgdisk")
MIB = 1 << 20
HOST = Host()


def need_tools() -> None:
    missing = [tool for tool in TOOLS if not shutil.which(tool, path="/usr/sbin:/usr/bin:/sbin")]
    if missing:
        pytest.skip(f"not installed: {', '.join(missing)}")


def output(*argv: str | Path) -> str:
    return subprocess.run(argv, capture_output=True, text=True, check=True).stdout


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> tuple[BaseDisk, BaseDisk, list[Step]]:
    need_tools()
    steps: list[Step] = []
    place = tmp_path_factory.mktemp("disk")
    return disk(place / "one", told=steps), disk(place / "two"), steps


def cut(raw: Path, name: str, target: Path) -> Path:
    part = {each.name: each for each in making.laid_out(tiny(), "amd64")}[name]
    with raw.open("rb") as source:
        source.seek(part.begin)
        target.write_bytes(source.read(part.size))
    return target


Two = tuple[BaseDisk, BaseDisk, list[Step]]


@pytest.mark.real
def test_two_builds_are_the_same_bytes(two: Two) -> None:
    one, other, _ = two
    # What differs would be said; holes are skipped, which 340 MiB of zeros are worth.
    output("qemu-img", "compare", "-f", "raw", "-F", "raw", one.raw, other.raw)
    assert one.qcow2.read_bytes() == other.qcow2.read_bytes()
    assert one.sha256 == other.sha256
    assert sorted(one.sha256) == ["base.qcow2", "root.tar"]


@pytest.mark.real
def test_the_disk_is_what_its_parts_are(two: Two, tmp_path: Path) -> None:
    raw = two[0].raw
    assert "No problems found" in output("sgdisk", "-v", raw)
    root = cut(raw, "root", tmp_path / "root")
    subprocess.run(["e2fsck", "-fn", root], check=True, capture_output=True)
    assert "/srv xfs" in output("debugfs", "-R", "cat /etc/fstab", root)
    times = output("debugfs", "-R", "stat /etc/fstab", root)
    stamps = {line.split("0x")[1][:8] for line in times.splitlines() if "time: 0x" in line}
    assert stamps == {f"{EPOCH:x}"}
    data = cut(raw, "data", tmp_path / "data")
    subprocess.run(["xfs_repair", "-n", "-f", data], check=True, capture_output=True)
    assert "REFLINK" in output("xfs_db", "-r", "-c", "version", data)
    esp = cut(raw, "esp", tmp_path / "esp")
    files = output("mdir", "-/", "-b", "-i", esp, "::")
    for name in ("EFI/BOOT/BOOTX64.EFI", "EFI/BOOT/grubx64.efi", "EFI/debian/grub.cfg"):
        assert f"::/{name}" in files
    assert tiny().ids.root_system in output("mtype", "-i", esp, "::/EFI/debian/grub.cfg")


@pytest.mark.real
def test_every_step_says_how_long_it_took(two: Two) -> None:
    one, _, steps = two
    assert [step.name for step in steps] == ["file systems", "disk", "qcow2", "digests"]
    assert all(step.outcome == "done" and step.seconds >= 0 for step in steps)
    record = json.loads((one.raw.parent / "base.json").read_text())
    assert record["definition"] == one.definition
    assert record["sha256"] == one.sha256


@pytest.mark.real
def test_a_disk_without_bios_has_three_parts(tmp_path: Path) -> None:
    need_tools()
    made = disk(tmp_path / "out", wanted=tiny(bios=False))
    with made.raw.open("rb") as disk_:
        assert disk_.read(440) == bytes(440)
    listed = output("sgdisk", "-p", made.raw).splitlines()[-3:]
    assert [line.split()[-1] for line in listed] == ["esp", "root", "data"]


@pytest.mark.real
def test_an_inode_of_xfs_keeps_its_checksum(tmp_path: Path) -> None:
    need_tools()
    image = tmp_path / "data"
    xfs.make(HOST, image, xfs.SMALLEST, label="data", id_=tiny().ids.data_system, epoch=EPOCH)
    said = output("xfs_db", "-r", "-c", "inode 128", "-c", "print", image)
    assert "v3.crc" in said
    assert "(correct)" in said
    assert "Nov 14" in said, "1700000000 is 14 November 2023"


@pytest.mark.real
def test_files_belong_to_whom_the_tar_says(tmp_path: Path) -> None:
    need_tools()
    tree, image = tmp_path / "tree", tmp_path / "root"
    (tree / "a folder").mkdir(parents=True)
    (tree / "a folder" / "file").write_text("x")
    told = [("/", 0, 0), ("/a folder", 0, 4), ("/a folder/file", 70000, 42)]
    id_ = tiny().ids.root_system
    ext4.make(HOST, tree, image, 20 * MIB, id_=id_, hash_seed=id_, epoch=EPOCH, owners=told)
    said = output("debugfs", "-R", 'stat "/a folder/file"', image)
    assert "User: 70000   Group:    42" in said
    subprocess.run(["e2fsck", "-fn", image], check=True, capture_output=True)


@pytest.mark.parametrize("path", ["relative", "/a/../b", '/a"\nrm b', "/a\nrm b"])
def test_a_name_that_could_be_a_command_is_refused(root: Path, path: str) -> None:
    host = ScriptedHost(root, programs={"dumpe2fs": DUMPED})
    with pytest.raises(MachineError, match="no name that debugfs takes"):
        ext4.same_times(host, root / "image", EPOCH, [(path, 0, 0)])


@pytest.mark.real
def test_a_file_that_is_not_there_can_have_no_owner(tmp_path: Path) -> None:
    need_tools()
    (tmp_path / "tree").mkdir()
    image, id_ = tmp_path / "root", tiny().ids.root_system
    with pytest.raises(MachineError, match="/none"):
        ext4.make(HOST, tmp_path / "tree", image, 20 * MIB, id_=id_, hash_seed=id_, epoch=EPOCH,
                  owners=[("/none", 0, 0)])  # fmt: skip


def test_owners_are_those_of_the_tar() -> None:
    entry, _ = member("./etc/mine", b"x")
    entry.uid, entry.gid = 42, 43
    tar, _ = dressed(tar_of([*usual(), (entry, b"x")]))
    told = {path: (uid, gid) for path, uid, gid in dressing.owners(io.BytesIO(tar))}
    assert told["/etc/mine"] == (42, 43)
    assert told["/"] == (0, 0)
    assert told["/srv"] == (0, 0)


def test_castagnolis_checksum_is_the_one_of_the_rfc() -> None:
    assert xfs.crc32c(b"123456789") == 0xE3069283
    assert xfs.crc32c(bytes(32)) == 0x8A9136AA


def test_a_stamped_inode_verifies() -> None:
    inode = xfs.stamped(bytes(range(256)) * 2, EPOCH)
    said = struct.unpack_from("<I", inode, 100)[0]
    assert said == xfs.crc32c(inode[:100] + bytes(4) + inode[104:])
    assert struct.unpack_from(">Q", inode, 40)[0] == (EPOCH + (1 << 31)) * 10**9


DUMPED = """Inode count:              32
Group 0: (Blocks 0-99)
  Free inodes: 13-14, 16
Group 1: (Blocks 100-199)
  Free inodes: 20-32
"""


def test_inodes_in_use_are_those_not_free() -> None:
    assert list(ext4.in_use(DUMPED)) == [*range(1, 13), 15, 17, 18, 19]
    assert list(ext4.in_use("Inode count:   4\n  Free inodes: \n")) == [1, 2, 3, 4]
    with pytest.raises(MachineError):
        list(ext4.in_use("nothing\n"))


def test_a_kind_that_is_only_declared_is_refused(root: Path) -> None:
    with pytest.raises(MachineError, match="declared") as caught:
        making.make(ScriptedHost(root), system.load("rhel-9"), root / "out", epoch=0, told=print)
    assert caught.value.code == "system-unsupported"
    assert not (root / "out").exists()


def test_nothing_is_written_over(root: Path) -> None:
    (root / "kept").write_text("x")
    with pytest.raises(MachineError, match="holds something"):
        making.make(ScriptedHost(root), tiny(), root, epoch=0, told=print)
    assert (root / "kept").read_text() == "x"


def test_the_command_line_names_what_the_definition_says() -> None:
    whole = system.load("debian-12")
    line = archive.argv(whole, "arm64", Source(), Path("/out.tar"))
    assert "--architectures=arm64" in line
    [include] = [each for each in line if each.startswith("--include=")]
    assert "linux-image-cloud-arm64" in include
    assert "nftables" in include
    assert line[-2:] == ("bookworm", "/out.tar")


def test_a_snapshot_may_be_past_its_date() -> None:
    mirror = "http://mirror.example/{archive}/20260101T000000Z"
    line = archive.argv(tiny(), "amd64", Source(mirror), Path("/out.tar"))
    assert '--aptopt=Acquire::Check-Valid-Until "false"' in line
    assert line[-3:] == (
        "deb http://mirror.example/debian/20260101T000000Z bookworm main",
        "deb http://mirror.example/debian/20260101T000000Z bookworm-updates main",
        "deb http://mirror.example/debian-security/20260101T000000Z bookworm-security main",
    )


@pytest.mark.parametrize("mirror", ["x", "http://a b/", "http://a/\ndeb x", "ftp://x/{archive}"])
def test_a_mirror_that_is_no_address_is_refused(mirror: str) -> None:
    from agent.errors import UsageError

    with pytest.raises(UsageError):
        archive.argv(tiny(), "amd64", Source(mirror), Path("/out.tar"))
