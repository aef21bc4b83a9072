"""A generation cloned: the same afterwards, durable before it has its name, and nothing outside."""

import os
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.data.clone import clone, make_empty, remove
from agent.data.forecast import forecast
from agent.data.loss import changed_since
from agent.errors import MachineError
from agent.host import clone as cloning
from agent.host import file_content, sync, tally, tree_copy
from agent.host.failures import FileFailure
from agent.progress import Silent
from tests.power_cut import recording, sweep
from tests.scripted_host import ScriptedClock
from tests.unit.data_tree import AWKWARD, facts, fill

CLOCK = ScriptedClock()


def cloned(source: Path, target: Path) -> str:
    return clone(source, target, progress=Silent(), clock=CLOCK).how


@pytest.fixture(autouse=True)
def _unhurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """syncfs(2) waits for all that anybody writes on this disk."""
    monkeypatch.setattr(sync, "file_system", lambda path: None)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    fill(tmp_path / "1")
    return tmp_path / "1"


def test_a_clone_is_the_same(data: Path) -> None:
    before = facts(data)
    cloned(data, data.with_name("2"))
    assert facts(data.with_name("2")) == before == facts(data)
    assert sorted(path.name for path in data.parent.iterdir()) == ["1", "2"]


def test_holes_stay_holes(data: Path) -> None:
    cloned(data, data.with_name("2"))
    assert (data.with_name("2") / "holes").stat().st_blocks * 512 < 1 << 20


def test_a_name_that_is_a_draft_s_already_is_kept(data: Path) -> None:
    (data.with_name("2.part")).mkdir()
    (data.with_name("2.part") / "half").touch()
    cloned(data, data.with_name("2.part"))
    assert facts(data.with_name("2.part")) == facts(data)


def test_what_a_killed_run_left_is_replaced(data: Path) -> None:
    left = data.with_name("2.part")
    left.mkdir()
    (left / "half").write_text("half")
    cloned(data, data.with_name("2"))
    assert facts(data.with_name("2")) == facts(data)
    assert not left.exists()


def test_a_clone_never_replaces_one(data: Path) -> None:
    data.with_name("2").mkdir()
    with pytest.raises(FileFailure, match="there already"):
        cloned(data, data.with_name("2"))


def test_sockets_are_left_out_and_counted(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(data)
    os.mknod("sock", 0o140600)
    done = clone(data, data.with_name("2"), progress=Silent(), clock=CLOCK)
    assert done.left_out == 1
    assert not (data.with_name("2") / "sock").exists()


def test_a_device_is_refused_by_its_name(data: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can make a device")
    os.mknod(data / "below" / "null", 0o020666, os.makedev(1, 3))
    with pytest.raises(FileFailure, match=r"below/null: it is a device"):
        cloned(data, data.with_name("2"))
    assert [path.name for path in data.parent.iterdir()] == ["1"]


@pytest.mark.real  # the guard reads the paths of descriptors, and these have none
def test_a_tree_deeper_than_a_path_is_long(tmp_path: Path) -> None:
    top = tmp_path / "1"
    top.mkdir()
    here = os.open(top, os.O_RDONLY)
    depth = 400
    for _ in range(depth):
        os.mkdir("deeper-than-that", dir_fd=here)
        below = os.open("deeper-than-that", os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = below
    os.close(os.open("end", os.O_CREAT | os.O_WRONLY, dir_fd=here))
    os.close(here)
    before = len(os.listdir("/proc/self/fd"))
    cloned(top, tmp_path / "2")
    assert len(os.listdir("/proc/self/fd")) == before
    counts = [tally.tally(each) for each in (top, tmp_path / "2")]
    assert [(each.folders, each.files) for each in counts] == [(depth + 1, 1)] * 2
    assert remove(top)
    assert remove(tmp_path / "2")


def test_a_full_disk_is_told_as_one_and_leaves_nothing(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, os.strerror(28))

    monkeypatch.setattr(file_content, "copy", full)
    with pytest.raises(MachineError) as caught:
        cloned(data, data.with_name("2"))
    assert caught.value.code == "disk-short"
    assert caught.value.hint == f"df -h {data.parent}"
    assert [path.name for path in data.parent.iterdir()] == ["1"]


def test_a_copy_that_reads_back_differently_is_found(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def spoil(path: Path) -> None:
        with (path / "rows").open("r+b") as stream:
            stream.seek(777)
            stream.write(b"X")

    if cloning.method(data, data.parent) != "copy":
        pytest.skip("nothing is copied here")
    monkeypatch.setattr(sync, "file_system", spoil)
    with pytest.raises(FileFailure, match="reads back differently"):
        cloned(data, data.with_name("2"))
    assert [path.name for path in data.parent.iterdir()] == ["1"]


def test_the_terminal_is_not_steered_by_names(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise OSError(5, os.strerror(5))

    monkeypatch.setattr(file_content, "copy", broken)
    for each in data.iterdir():
        if each.name != "below" and each.is_file() and not each.is_symlink():
            each.unlink()
    (data / "below" / "tool").unlink()
    (data / "below" / "rows-again").unlink()
    with pytest.raises(FileFailure) as caught:
        cloned(data, data.with_name("2"))
    assert AWKWARD[:4] in str(caught.value)
    assert "\x1b" not in str(caught.value)
    assert "\n" not in str(caught.value)
    str(caught.value).encode()


def test_after_a_power_cut_it_is_whole_or_not_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = tmp_path / "root"
    (root / "1" / "below").mkdir(parents=True)
    (root / "1" / "rows").write_text("v1.0")
    (root / "1" / "below" / "link").symlink_to("../rows")

    def synced(path: Path) -> None:
        # What syncfs(2) does, by calls that the recorder sees.
        for each in [path, *path.rglob("*")]:
            if not each.is_symlink():
                file = os.open(each, os.O_RDONLY)
                os.fsync(file)
                os.close(file)

    monkeypatch.setattr(sync, "file_system", synced)
    with recording(root) as log:
        cloned(root / "1", root / "2")

    def check(disk: Path) -> list[str]:
        if not (disk / "2").exists():
            return []
        same = facts(disk / "2", times=False) == facts(disk / "1", times=False)
        return [] if same else [f"half a clone: {sorted(disk.rglob('*'))}"]

    swept = sweep(log, tmp_path, check)
    assert swept.violations == []
    assert swept.states > 10


def test_without_the_flush_a_power_cut_is_noticed(tmp_path: Path) -> None:
    root = tmp_path / "root"
    (root / "1").mkdir(parents=True)
    (root / "1" / "rows").write_text("v1.0")
    with recording(root) as log:
        cloned(root / "1", root / "2")

    def check(disk: Path) -> list[str]:
        whole = not (disk / "2").exists() or (
            (disk / "2/rows").exists() and (disk / "2/rows").read_text() == "v1.0"
        )
        return [] if whole else ["half"]

    assert sweep(log, tmp_path, check).violations


NAMES = st.text(st.characters(codec="utf-8", exclude_characters="/\0"), min_size=1, max_size=12)
TREES = st.recursive(
    st.one_of(
        st.binary(max_size=200),
        st.tuples(st.just("link"), NAMES),
        st.tuples(st.just("hole"), st.integers(1, 1 << 22)),
    ),
    lambda below: st.dictionaries(NAMES, below, max_size=5),
    max_leaves=20,
)


def build(top: Path, tree: object) -> None:
    if isinstance(tree, dict):
        top.mkdir()
        for name, below in tree.items():
            if name not in (".", ".."):
                build(top / name, below)
    elif isinstance(tree, bytes):
        top.write_bytes(tree)
    elif isinstance(tree, tuple) and tree[0] == "link":
        top.symlink_to(tree[1])
    elif isinstance(tree, tuple):
        with top.open("wb") as stream:
            stream.truncate(tree[1])
            stream.seek(tree[1] // 2)
            stream.write(b"x")


@settings(max_examples=15)
@given(st.dictionaries(NAMES, TREES, max_size=6))
def test_any_tree(tree: dict[str, object]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        top = Path(folder) / "1"
        build(top, tree)
        cloned(top, top.with_name("2"))
        assert facts(top.with_name("2")) == facts(top)


def test_make_empty_may_be_done_again_but_takes_nobody_s_data(tmp_path: Path) -> None:
    make_empty(tmp_path / "1", owner=None)
    make_empty(tmp_path / "1", owner=None, mode=0o700)
    assert (tmp_path / "1").stat().st_mode & 0o777 == 0o700
    (tmp_path / "1" / "rows").touch()
    with pytest.raises(FileFailure, match="holds data already"):
        make_empty(tmp_path / "1", owner=None)
    assert remove(tmp_path / "1")
    assert not remove(tmp_path / "1")


def test_the_forecast_counts_what_a_copy_takes(data: Path) -> None:
    said = forecast(data, data.parent)
    cloned(data, data.with_name("2"))
    took = tally.tally(data.with_name("2"))
    if said.how == "copy":
        assert said.disk == pytest.approx(took.room, rel=0.1)
        assert said.inodes == took.inodes
    assert said.size == took.size


def test_what_going_back_would_lose(data: Path) -> None:
    newest = max(path.lstat().st_ctime for path in [data, *data.rglob("*")])
    assert changed_since(data, newest).nothing
    while True:  # The kernel's time of a change has a grain of some milliseconds.
        (data / "below" / "tool").write_text("changed")
        if (data / "below" / "tool").stat().st_ctime > newest:
            break
    lost = changed_since(data, newest)
    assert (lost.files, lost.size) == (1, 7)
    assert 0 < lost.span < 60


def test_an_entry_that_vanishes_is_left_out(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = tree_copy.entries

    def listed(folder: int) -> list[tuple[int, str, int]]:
        found = real(folder)
        if any(name == "empty" for _, name, _ in found):
            os.unlink("empty", dir_fd=folder)
        return found

    monkeypatch.setattr(tree_copy, "entries", listed)
    done = clone(data, data.with_name("2"), progress=Silent(), clock=CLOCK)
    assert done.left_out == 1
    assert facts(data.with_name("2")) == facts(data)


@pytest.mark.parametrize("becomes", ["link", "folder", "pipe", "outward folder link"])
def test_an_entry_that_becomes_something_else(
    data: Path, monkeypatch: pytest.MonkeyPatch, becomes: str
) -> None:
    """Whoever owns the data swaps names while root walks: what is copied is what stands there."""
    secret = data.parent / "secret"
    secret.mkdir()
    (secret / "shadow").write_text("not the application's")
    real = tree_copy.entries
    done: list[int] = []

    def swapped(folder: int) -> list[tuple[int, str, int]]:
        found = real(folder)
        if not done and any(name == "below" for _, name, _ in found):
            done.append(1)
            os.rename(data / "below", data.parent / "aside")
            os.unlink(data / "rows")
            if becomes == "link":
                (data / "rows").symlink_to(secret / "shadow")
                (data / "below").symlink_to(secret)
            elif becomes == "folder":
                (data / "rows").mkdir()
                (data / "below").write_text("a file now")
            elif becomes == "pipe":
                os.mkfifo(data / "rows")
                os.mkfifo(data / "below")
            else:
                (data / "below").symlink_to("../secret")
        return found

    monkeypatch.setattr(tree_copy, "entries", swapped)
    cloned(data, data.with_name("2"))
    assert facts(data.with_name("2")) == facts(data)
    copies = [p for p in data.with_name("2").rglob("*") if p.is_file() and not p.is_symlink()]
    assert all(b"not the application" not in p.read_bytes() for p in copies if p.name != "holes")
