"""Backups of data on btrfs and XFS: by snapshot, by shared blocks, and a whole restore there."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from agent.data.clone import make_empty
from agent.host import btrfs, streaming
from agent.progress import Silent
from tests.unit.backup_stage import Shop, content, fill_data, rows, shop
from tests.unit.data_tree import can_mount, mounted
from tests.unit.test_backup_create import hooks
from tests.unit.test_backup_restore import restore

pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif(not can_mount(), reason="needs root, loop devices, btrfs-progs, xfsprogs"),
]


@pytest.fixture(autouse=True)
def plain(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streaming, "is_installed", lambda name: False)


def on(root: Path, more: str = "") -> Shop:
    """As setup makes it: the first generation is a subvolume where there are such."""
    here = shop(root, more, fill=False)
    first = here.scene.layout.generations / "1"
    shutil.rmtree(first)
    make_empty(first, owner=None)
    fill_data(here.data)
    return here


def is_subvolume(path: Path) -> bool:
    fd = os.open(path, os.O_RDONLY)
    try:
        return btrfs.is_subvolume(fd)
    finally:
        os.close(fd)


def test_on_btrfs_it_is_of_one_moment(tmp_path: Path) -> None:
    with mounted("btrfs", tmp_path / "image", tmp_path / "disk") as point:
        here = on(point / "root", hooks(tmp_path / "said"))
        wanted = content(here.data)
        made = here.backup().record
        assert (made.how, made.held, made.aside) == ("snapshot", True, ())
        assert (tmp_path / "said").read_text() == "freeze\nthaw\n"
        assert here.litter() == []
        assert not (here.scene.layout.data_home / ".backup").exists()
        (here.data / "notes/1.txt").write_text("spoilt")
        restore(here, backup="latest")
        assert content(here.data) == wanted
        assert rows(here.data) == 200
        listed = subprocess.run(["btrfs", "subvolume", "list", str(point)], check=True,
                                capture_output=True, text=True)  # fmt: skip
        assert ".backup" not in listed.stdout
        here.wait_for_guard()


@pytest.mark.skipif(not shutil.which("restic"), reason="restic is not installed")
def test_what_restic_brings_back_is_a_subvolume_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streaming, "is_installed", lambda name: True)
    with mounted("btrfs", tmp_path / "image", tmp_path / "disk") as point:
        here = on(point / "root")
        wanted = content(here.data)
        here.backup()
        restore(here, backup="latest")
        assert content(here.data) == wanted
        assert is_subvolume(here.scene.layout.generations / "2")
        assert here.repository().check(Silent(), full=True) == []


def test_with_shared_blocks_it_is_held_for_the_clone(tmp_path: Path) -> None:
    with mounted("xfs", tmp_path / "image", tmp_path / "disk") as point:
        here = on(point / "root", hooks(tmp_path / "said"))
        made = here.backup().record
        assert (made.how, made.held) == ("reflink", True)
        assert here.litter() == []
        # Without a program to hold it, a clone would be of many moments too.
        assert here.with_manifest("").backup().record.how == "live"
        here.wait_for_guard()
