"""Names that change places in one step, who has a file open, and folders entered by descriptor."""

import errno
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.host import descent, swap
from agent.host.failures import FileFailure
from tests.unit.locks_stage import NOBODY, Crew, crew, written
from tests.unit.test_locks_matrix import HOLD, MAP

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root may mount and give files away")
PATH = os.O_PATH | os.O_CLOEXEC


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[int]:
    fd = os.open(tmp_path, os.O_RDONLY | os.O_DIRECTORY)
    yield fd
    os.close(fd)


def test_two_names_change_places(tmp_path: Path, folder: int) -> None:
    written(tmp_path / "one", "1")
    written(tmp_path / "two", "2")
    swap.exchange((folder, "one"), (folder, "two"))
    assert ((tmp_path / "one").read_text(), (tmp_path / "two").read_text()) == ("2", "1")
    with pytest.raises(FileNotFoundError):
        swap.exchange((folder, "one"), (folder, "three"))
    assert (tmp_path / "one").read_text() == "2"


def test_a_move_replaces_nothing(tmp_path: Path, folder: int) -> None:
    written(tmp_path / "one", "1")
    written(tmp_path / "two", "2")
    with pytest.raises(FileExistsError):
        swap.move((folder, "one"), (folder, "two"))
    swap.move((folder, "one"), (folder, "three"))
    assert sorted(os.listdir(tmp_path)) == ["three", "two"]


def test_a_reason_is_the_kernel_s(folder: int) -> None:
    with pytest.raises(OSError, match="Bad file descriptor") as caught:
        swap.move((-1, "one"), (folder, "two"))
    assert caught.value.errno == errno.EBADF


@pytest.fixture
def mounted(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Path]:
    """A folder on a file system of this kind."""
    kind, top = request.param, tmp_path / "top"
    below = [tmp_path / "disk" / part for part in ("lower", "upper", "work")]
    top.mkdir()
    if kind == "plain":
        yield top
        return
    (tmp_path / "disk").mkdir()
    mount("tmpfs", tmp_path / "disk")
    for each in below:
        each.mkdir()
    try:
        lower, upper, work = below
        options = f"lowerdir={lower},upperdir={upper},workdir={work}"
        mount(kind, top, *(["-o", options] if kind == "overlay" else []))
        yield top
        subprocess.run(["umount", "--lazy", str(top)], check=True)
    finally:
        subprocess.run(["umount", "--lazy", str(tmp_path / "disk")], check=True)


def kind_of(place: Path) -> str:
    return subprocess.run(
        ["findmnt", "-no", "FSTYPE", "--target", str(place)], capture_output=True, text=True
    ).stdout


def mount(kind: str, place: Path, *options: str) -> None:
    subprocess.run(["mount", "-t", kind, *options, "test", str(place)], check=True)


@as_root
@pytest.mark.real
@pytest.mark.parametrize("mounted", ["plain", "tmpfs", "overlay"], indirect=True)
@pytest.mark.parametrize("how", ["reads", "mapped", "unshared"])
def test_the_kernel_knows_who_has_a_file_open(mounted: Path, how: str) -> None:
    """Also a mapping whose descriptor is closed, and a thread with descriptors of its own."""
    file = written(mounted / "lock", bytes(4096))
    fd = os.open(file, PATH)
    try:
        assert swap.is_open(fd) is False
        with crew() as people:
            hold(people, file, how)
            # A mapping on overlayfs is one of the file below.
            assert swap.is_open(fd) is (how != "mapped" or "overlay" not in kind_of(mounted))
        assert swap.is_open(fd) is False
    finally:
        os.close(fd)


ALONE = """
import os, sys, threading, time, ctypes
def hold():
    assert ctypes.CDLL(None).unshare(0x400) == 0  # CLONE_FILES
    kept = os.open(sys.argv[1], os.O_RDONLY)
    print(flush=True)
    time.sleep(300)
threading.Thread(target=hold).start()
"""


def hold(people: Crew, file: Path, how: str) -> None:
    code = {"reads": HOLD, "mapped": MAP, "unshared": ALONE}[how]
    people.python(code, file, "open")


@as_root
@pytest.mark.real
def test_where_no_lease_is_given_it_is_not_known(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    fd = os.open(pipe, PATH)
    assert swap.is_open(fd) is None
    os.close(fd)


# --- the way down ---
@pytest.fixture
def theirs(tmp_path: Path) -> Path:
    """A folder of the application's user, with links in it."""
    folder = tmp_path / "theirs"
    (folder / "below").mkdir(parents=True)
    (folder / "link").symlink_to(folder / "below")
    (folder / "up").symlink_to("..")
    os.chown(folder, NOBODY, NOBODY)
    return folder


@as_root
@pytest.mark.parametrize("name", ["link", "up", "link/x", "up/theirs"])
def test_a_link_where_others_may_write_is_not_followed(theirs: Path, name: str) -> None:
    with pytest.raises(FileFailure, match="a link in a folder others may write"):
        descent.open_folder(theirs / name)
    os.close(descent.open_folder(theirs / "below"))


@as_root
@pytest.mark.parametrize("mode", [0o775, 0o757, 0o1777])
def test_a_folder_of_ours_that_others_may_write_is_theirs(theirs: Path, mode: int) -> None:
    os.chown(theirs, 0, 0)
    theirs.chmod(mode)
    with pytest.raises(FileFailure, match="others may write"):
        descent.open_folder(theirs / "link")


def test_our_own_links_lead_on(tmp_path: Path) -> None:
    (tmp_path / "generations/1").mkdir(parents=True)
    (tmp_path / "deployments").mkdir()
    (tmp_path / "deployments/state").symlink_to("../generations/./1")
    (tmp_path / "active").symlink_to(tmp_path / "deployments")
    for each in (tmp_path, tmp_path / "deployments", tmp_path / "generations"):
        each.chmod(0o755)
    fd = descent.open_folder(tmp_path / "active/state")
    assert os.path.samestat(os.fstat(fd), (tmp_path / "generations/1").stat())
    os.close(fd)
    (tmp_path / "deployments/round").symlink_to("round")
    with pytest.raises(FileFailure):
        descent.open_folder(tmp_path / "deployments/round")


@pytest.mark.parametrize("path", ["relative", "/a/../b"])
def test_only_a_plain_way_is_taken(path: str) -> None:
    with pytest.raises(FileFailure, match="no plain absolute path"):
        descent.open_folder(Path(path))


@pytest.mark.parametrize("path", ["nowhere/x", "file/x"])
def test_what_is_not_there_is_said_so(tmp_path: Path, path: str) -> None:
    written(tmp_path / "file", "")
    with pytest.raises((FileNotFoundError, NotADirectoryError)):
        descent.open_folder(tmp_path / path)
    with descent.at(tmp_path / path / "name") as place:
        assert place is None
