"""What fills a disk is found without leaving it, without following anybody, and in time."""

import os
from pathlib import Path

import pytest

from agent.host import trees
from agent.host.largest import Large, largest
from agent.host.unlinked import unlinked_files
from tests.unit.upkeep_world import needs_root, small_disk

KIB = 1024


def file(path: Path, size: int) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"x" * size)
    return path


def test_the_largest_come_first_a_file_where_it_is_most_of_its_folder(tmp_path: Path) -> None:
    big = file(tmp_path / "dumps/big", 900 * KIB)
    file(tmp_path / "dumps/small", 4 * KIB)
    for number in range(20):
        file(tmp_path / f"many/{number}", 8 * KIB)
    found = largest(str(tmp_path), number=2)
    assert found.whole
    assert [each.path for each in found.largest] == [str(big), str(tmp_path / "many")]
    assert found.largest[1] == Large(str(tmp_path / "many"), 160 * KIB, 20)


def test_by_number_of_files(tmp_path: Path) -> None:
    file(tmp_path / "dumps/big", 900 * KIB)
    for number in range(20):
        file(tmp_path / f"many/{number}", 1)
    (first, *_) = largest(str(tmp_path), by_files=True).largest
    assert (first.path, first.files) == (str(tmp_path / "many"), 20)


def test_links_are_not_followed(tmp_path: Path) -> None:
    outside = file(tmp_path / "outside/big", 900 * KIB)
    inside = tmp_path / "inside"
    inside.mkdir()
    (inside / "folder").symlink_to(outside.parent)
    (inside / "file").symlink_to(outside)
    assert all(each.bytes < 100 * KIB for each in largest(str(inside)).largest)
    assert largest(str(inside / "folder")).largest == ()  # not even where it begins


def test_it_ends_in_time_and_says_so(tmp_path: Path) -> None:
    for number in range(30):
        file(tmp_path / f"{number}/file", KIB)
    assert not largest(str(tmp_path), entries=10).whole
    assert not largest(str(tmp_path), seconds=-1).whole
    assert largest(str(tmp_path / "none")) == largest(str(tmp_path / "nothing"))


@pytest.mark.real
def test_a_nest_too_deep_for_a_path_is_no_trouble(tmp_path: Path) -> None:
    here = os.open(tmp_path, os.O_RDONLY)
    for _ in range(1200):
        os.mkdir("deep-folder", dir_fd=here)
        below = os.open("deep-folder", os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = below
    os.close(here)
    try:
        assert len(largest(str(tmp_path)).largest) == 10
    finally:
        trees.remove(tmp_path / "deep-folder")


@pytest.mark.real
@pytest.mark.skipif(needs_root, reason="mounting needs root")
def test_another_file_system_is_not_entered(tmp_path: Path) -> None:
    with small_disk(tmp_path / "other", "size=4m") as other:
        file(other / "big", 2000 * KIB)
        assert all(each.bytes < 1000 * KIB for each in largest(str(tmp_path)).largest)


def test_a_deleted_file_that_is_open_is_found_with_its_process(tmp_path: Path) -> None:
    path = file(tmp_path / "log file", 640 * KIB)
    device = path.stat().st_dev
    mine = str(tmp_path)
    with path.open("rb"), path.open("rb"):
        assert [each for each in unlinked_files(device) if each.path.startswith(mine)] == []
        path.unlink()
        (found,) = [each for each in unlinked_files(device) if each.path.startswith(mine)]
        assert (found.path, found.bytes, found.pids) == (str(path), 640 * KIB, (os.getpid(),))
        assert found.program
        assert [each for each in unlinked_files(device + 1) if each.path.startswith(mine)] == []
    assert [each for each in unlinked_files(device) if each.path.startswith(mine)] == []
    assert unlinked_files(device, proc=tmp_path / "none") == []
