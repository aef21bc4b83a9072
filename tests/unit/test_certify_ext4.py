"""Our reader of ext4 against the file systems that mkfs makes, and against damaged ones."""

import hashlib
import os
import random
import stat
from pathlib import Path

import pytest

from agent.errors import CaretakerError
from packer.certify.image.ext4_store import Ext4Store
from packer.certify.view import View
from tests.unit.certify_disks import MIB, Memory, ext4, need, plant, run

pytestmark = pytest.mark.real


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    return plant(tmp_path / "tree")


@pytest.mark.parametrize(
    "options",
    [
        (),
        ("-O", "64bit,metadata_csum"),
        ("-O", "^64bit,^metadata_csum", "-I", "128"),
        ("-b", "1024", "-O", "^has_journal"),
        ("-O", "^extents,^64bit", "-b", "1024"),
        ("-O", "^flex_bg", "-g", "2048", "-b", "1024", "-N", "2048"),
    ],
    ids=["usual", "64bit", "small-inodes", "small-blocks", "block-lists", "many-groups"],
)
def test_every_name_and_every_byte_is_as_it_was(
    tree: Path, tmp_path: Path, options: tuple[str, ...]
) -> None:
    image = ext4(tree, tmp_path / "ext4.img", *options)
    view = View("disk", Ext4Store(Memory(image.read_bytes())))
    found = {each.path: each for each in view.walk() if not each.path.startswith("/lost+found")}
    wanted = {f"/{path.relative_to(tree)}": path for path in tree.rglob("*")}
    assert sorted(found) == sorted(wanted)
    for path, place in wanted.items():
        facts, entry = place.lstat(), found[path]
        assert (entry.mode, entry.uid, entry.gid) == (facts.st_mode, facts.st_uid, facts.st_gid)
        assert int(entry.mtime) == int(facts.st_mtime)
        if stat.S_ISLNK(facts.st_mode):
            assert entry.target == os.readlink(place)
        elif stat.S_ISREG(facts.st_mode):
            assert entry.size == facts.st_size
            assert view.digest(path, "sha256") == hashlib.sha256(place.read_bytes()).hexdigest()


def test_debugfs_says_the_same(tree: Path, tmp_path: Path) -> None:
    need("debugfs")
    image = ext4(tree, tmp_path / "ext4.img")
    view = View("disk", Ext4Store(Memory(image.read_bytes())))
    for folder in ("/", "/etc", "/var/many", "/home"):
        lines = run("debugfs", "-R", f"ls -p {folder}", str(image)).splitlines()
        rows = [line.split("/") for line in lines if line.startswith("/")]
        theirs = {row[5]: (int(row[2], 8), int(row[3]), int(row[4]))
                  for row in rows if row[5] not in (".", "..")}  # fmt: skip
        ours = {}
        for name in view.names(folder):
            entry = view.entry(f"{folder}/{name}")
            assert entry is not None
            ours[name] = (entry.mode, entry.uid, entry.gid)
        assert ours == theirs


def test_a_folder_with_an_index_is_read_through_its_leaves(tree: Path, tmp_path: Path) -> None:
    need("e2fsck")
    image = ext4(tree, tmp_path / "ext4.img", "-b", "1024")
    # -D makes the index that the kernel would have made. Status 1: something was changed.
    import subprocess

    done = subprocess.run(
        ["/usr/sbin/e2fsck", "-fyD", str(image)], capture_output=True, timeout=60, check=False
    )
    assert done.returncode in (0, 1)
    view = View("disk", Ext4Store(Memory(image.read_bytes())))
    assert len(view.names("/var/many")) == 900


def everything(image: bytearray) -> None:
    """Walk and read it all; only one kind of error may come out."""
    try:
        view = View("disk", Ext4Store(Memory(image)))
        for entry in list(view.walk()):
            view.read(entry.path, limit=1 << 16)
    except CaretakerError as error:
        assert error.code == "image-invalid"  # noqa: PT017 — most changes do no harm at all


def test_damage_is_told_and_never_hangs(tmp_path: Path) -> None:
    small = tmp_path / "small"
    for folder in ("etc", "usr/bin"):
        (small / folder).mkdir(parents=True)
    (small / "etc/passwd").write_text("root:x:0:0::/:/bin/sh\n" * 100)
    (small / "usr/link").symlink_to("../etc")
    for number in range(30):
        (small / f"etc/name-{number}").write_bytes(bytes([number]) * 5000)
    clean = ext4(small, tmp_path / "small.img", "-b", "1024", "-O", "^has_journal", mib=2)
    content = clean.read_bytes()
    used = [at for at in range(0, 2 * MIB, 64) if any(content[at : at + 64])]
    chance = random.Random(6)
    for _ in range(250):
        image = bytearray(content)
        for _ in range(chance.choice((1, 3, 20))):
            image[chance.choice(used) + chance.randrange(64)] ^= 1 << chance.randrange(8)
        everything(image)
    for cut in (1023, 4096, 65536, MIB):
        everything(bytearray(content[:cut]))


def test_a_folder_that_contains_itself_is_refused(tmp_path: Path) -> None:
    small = tmp_path / "small"
    (small / "etc/deep").mkdir(parents=True)
    image = ext4(small, tmp_path / "small.img", "-b", "1024", "-O", "^has_journal", mib=2)
    content = bytearray(image.read_bytes())
    # A record: inode, its length, the name's length and kind, the name. It leads to the top now.
    at = content.index(b"\x04\x02deep") - 6
    content[at : at + 4] = (2).to_bytes(4, "little")
    with pytest.raises(CaretakerError, match="one folder"):
        list(View("disk", Ext4Store(Memory(bytes(content)))).walk())


def test_names_without_end_are_refused(
    tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    image = ext4(tree, tmp_path / "ext4.img")
    monkeypatch.setattr("packer.certify.image.ext4_store._MOST_NAMES", 500)
    with pytest.raises(CaretakerError, match="more than 500 names"):
        list(View("disk", Ext4Store(Memory(image.read_bytes()))).walk())


def test_what_is_not_read_here_is_said(tree: Path, tmp_path: Path) -> None:
    image = ext4(tree, tmp_path / "ext4.img")
    for feature, words in (("needs_recovery", "cleanly"), ("inline_data", "inline_data"),
                           ("encrypt", "encryption")):  # fmt: skip
        content = bytearray(image.read_bytes())
        bit = {"needs_recovery": 0x4, "inline_data": 0x8000, "encrypt": 0x10000}[feature]
        old = int.from_bytes(content[1024 + 0x60 : 1024 + 0x64], "little")
        content[1024 + 0x60 : 1024 + 0x64] = (old | bit).to_bytes(4, "little")
        with pytest.raises(CaretakerError, match=words):
            Ext4Store(Memory(bytes(content)))


def test_a_record_of_names_that_is_cut_is_refused(tmp_path: Path) -> None:
    small = tmp_path / "small"
    (small / "etc/deep").mkdir(parents=True)
    image = ext4(small, tmp_path / "small.img", "-b", "1024", "-O", "^has_journal", mib=2)
    content = bytearray(image.read_bytes())
    at = content.index(b"\x04\x02deep") - 2
    # Four bytes are left of the block after it: too few for another record.
    step = int.from_bytes(content[at : at + 2], "little") - 4
    content[at : at + 2] = step.to_bytes(2, "little")
    with pytest.raises(CaretakerError, match="names of a folder"):
        list(View("disk", Ext4Store(Memory(bytes(content)))).walk())
