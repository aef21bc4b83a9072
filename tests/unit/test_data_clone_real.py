"""Clones on real file systems, in files behind loop devices; and beside whoever swaps names."""

import os
import shutil
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.data.clone import Cloned, clone, make_empty, remove
from agent.data.forecast import forecast
from agent.host import btrfs, discard
from agent.host.failures import FileFailure
from agent.progress import Silent
from tests.scripted_host import ScriptedClock
from tests.unit.data_tree import can_mount, facts, fill, mounted

pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif(not can_mount(), reason="needs root, loop devices, btrfs-progs, xfsprogs"),
]


def cloned(source: Path, target: Path) -> Cloned:
    return clone(source, target, progress=Silent(), clock=ScriptedClock())


@pytest.fixture(scope="module")
def btrfs_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("data-btrfs")
    with mounted("btrfs", folder / "image", folder / "disk") as point:
        yield point


@pytest.fixture
def home(btrfs_home: Path, request: pytest.FixtureRequest) -> Path:
    """A folder of its own on btrfs, like generations/."""
    folder = btrfs_home / str(request.node.name)
    folder.mkdir()
    return folder


def filled(home: Path, name: str = "1") -> Path:
    """Data in a generation as Caretaker makes them."""
    make_empty(home / name, owner=None)
    fill(home / "filled")
    subprocess.run(["cp", "-a", f"{home}/filled/.", str(home / name)], check=True)
    shutil.rmtree(home / "filled")
    return home / name


def is_subvolume(path: Path) -> bool:
    file = os.open(path, os.O_RDONLY)
    try:
        return btrfs.is_subvolume(file)
    finally:
        os.close(file)


def test_btrfs_takes_a_snapshot(home: Path) -> None:
    data = filled(home)
    assert is_subvolume(data)
    assert forecast(data, home).how == "snapshot"
    done = cloned(data, home / "2")
    assert done.how == "snapshot"
    assert facts(home / "2") == facts(data)
    (home / "2" / "rows").write_text("v2")
    assert (data / "rows").read_text() != "v2"
    assert is_subvolume(home / "2")
    # The next one can be made of it, and it goes at once.
    assert cloned(home / "2", home / "3").how == "snapshot"
    assert remove(home / "2")
    assert discard.discard(home / "3") > 0
    assert sorted(path.name for path in home.iterdir()) == ["1"]


def test_a_subvolume_inside_is_not_lost(home: Path) -> None:
    """A snapshot has an empty folder in its place; anybody may have made one."""
    data = filled(home)
    subprocess.run(["btrfs", "-q", "subvolume", "create", data / "inner"], check=True)
    (data / "inner" / "kept").write_text("kept")
    assert forecast(data, home).how == "reflink"
    assert cloned(data, home / "2").how == "reflink"
    assert (home / "2" / "inner" / "kept").read_text() == "kept"
    assert facts(home / "2") == facts(data)
    assert remove(data)
    assert not data.exists()


def test_a_plain_folder_on_btrfs_shares_blocks_and_becomes_a_subvolume(home: Path) -> None:
    fill(home / "1")
    assert cloned(home / "1", home / "2").how == "reflink"
    assert facts(home / "2") == facts(home / "1")
    assert cloned(home / "2", home / "3").how == "snapshot"


def test_two_btrfs_are_told_apart(home: Path, tmp_path: Path) -> None:
    data = filled(home)
    with mounted("btrfs", tmp_path / "image", tmp_path / "disk") as other:
        assert forecast(data, other).how == "copy"
        assert cloned(data, other / "2").how == "copy"
        assert facts(other / "2") == facts(data)


@pytest.mark.parametrize(("kind", "how"), [("xfs", "reflink"), ("xfs-plain", "copy")])
def test_xfs(tmp_path: Path, kind: str, how: str) -> None:
    with mounted(kind, tmp_path / "image", tmp_path / "disk") as home:
        data = filled(home)
        (data / "large").write_bytes(os.urandom(64 << 20))
        os.sync()
        before = os.statvfs(home)
        said = forecast(data, home)
        done = cloned(data, home / "2")
        after = os.statvfs(home)
        assert (said.how, done.how) == (how, how)
        assert facts(home / "2") == facts(data)
        took = (before.f_bfree - after.f_bfree) * after.f_frsize
        assert took == pytest.approx(said.disk, rel=0.1, abs=1 << 20)
        (home / "2" / "large").write_bytes(b"other")
        assert (data / "large").stat().st_size == 64 << 20


def test_what_is_mounted_inside_is_refused(tmp_path: Path) -> None:
    data = tmp_path / "1"
    (data / "disk").mkdir(parents=True)
    with (
        mounted("ext4", tmp_path / "image", data / "disk", size="8M"),
        pytest.raises(FileFailure, match=r"1/disk is mounted in it"),
    ):
        cloned(data, tmp_path / "2")
    assert not (tmp_path / "2").exists()


def test_beside_whoever_swaps_names(tmp_path: Path) -> None:
    """Nothing of a stranger's folder is ever in the clone, and nothing is written to it."""
    data, secret = tmp_path / "1", tmp_path / "secret"
    for folder in (data / "a", secret):
        folder.mkdir(parents=True)
        for number in range(50):
            (folder / str(number)).write_text("mine" if folder != secret else "secret")
    over = threading.Event()

    def swap() -> None:
        turn = 0
        while not over.is_set():
            turn += 1
            os.rename(data / "a", data / "b")
            os.symlink("../secret", data / "a")
            time.sleep(0)
            os.unlink(data / "a")
            os.rename(data / "b", data / "a")
            name = data / "a" / str(turn % 50)
            os.unlink(name)
            os.symlink(secret / "1", name)
            time.sleep(0)
            os.unlink(name)
            name.write_text("mine")

    hostile = threading.Thread(target=swap)
    hostile.start()
    made, deadline = 0, time.monotonic() + 3.0
    try:
        while time.monotonic() < deadline:
            try:
                cloned(data, tmp_path / "2")
            except FileFailure:
                continue  # Told, and nothing was left.
            made += 1
            for path in (tmp_path / "2").rglob("*"):
                assert path.is_symlink() or path.is_dir() or path.read_text() in ("mine", "")
            remove(tmp_path / "2")
    finally:
        over.set()
        hostile.join()
    assert made
    assert {path.read_text() for path in secret.iterdir()} == {"secret"}
