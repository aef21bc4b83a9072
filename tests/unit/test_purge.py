"""Purging a folder: what goes, and above all what stays, whatever the tree looks like."""

import fcntl
import os
import shutil
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.host import in_use
from tests.unit.purge_tree import AGE, make_tree, names, old_now, run


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    return make_tree(tmp_path)


def test_what_is_old_goes_and_the_folder_itself_stays(tree: Path) -> None:
    done = run(tree, old_now())
    assert names(tree) == []
    assert (done.files, done.folders, done.problems) == (4, 2, [])
    assert done.freed >= 4 * 5000
    assert f"{tree}/a/b/four.tmp" in done.told


def test_what_is_young_stays_and_so_do_its_folders(tree: Path) -> None:
    now = old_now()
    (tree / "a/b/young").write_text("new")
    done = run(tree, now)
    assert names(tree) == ["a", "a/b", "a/b/young"]
    assert done.files == 4


def test_a_time_set_back_does_not_make_a_file_old(tree: Path) -> None:
    """tar and cp -p do it: the inode's own time, which nobody can set, still says young."""
    now = old_now()
    (tree / "unpacked").write_text("new")
    os.utime(tree / "unpacked", (1, 1))
    run(tree, now)
    assert names(tree) == ["unpacked"]


def test_a_file_from_the_future_stays(tree: Path) -> None:
    now = old_now()
    os.utime(tree / "one.tmp", (now + 9e8, now + 9e8))
    run(tree, now + 10)
    assert names(tree) == ["one.tmp"]


def test_a_file_dated_by_a_clock_that_was_wrong_stays(tree: Path) -> None:
    now = old_now()
    done = run(tree, now, floor=now)
    assert len(names(tree)) == 6
    assert (done.files, done.undated) == (0, 6)  # Two are folders.


def test_only_the_names_asked_for_go(tree: Path) -> None:
    done = run(tree, old_now(), names=("*.tmp",), folders=False)
    assert names(tree) == ["a", "a/b", "two.log"]
    assert (done.files, done.folders) == (3, 0)


def test_a_dry_run_says_what_would_go_and_changes_nothing(tree: Path) -> None:
    before = names(tree)
    stamps = {name: os.lstat(tree / name).st_ctime_ns for name in before}
    now = old_now()
    dry = run(tree, now, dry=True)
    assert {name: os.lstat(tree / name).st_ctime_ns for name in names(tree)} == stamps
    wet = run(tree, now)
    assert (dry.files, dry.freed, dry.told) == (wet.files, wet.freed, wet.told)


@pytest.mark.parametrize("mode", [os.O_RDONLY, os.O_WRONLY | os.O_APPEND])
def test_what_is_open_stays(tree: Path, mode: int) -> None:
    fd = os.open(tree / "one.tmp", mode)
    try:
        done = run(tree, old_now())
    finally:
        os.close(fd)
    assert names(tree) == ["one.tmp"]
    assert done.opened == 1
    assert run(tree, old_now()).files == 1


def test_what_is_mapped_stays(tree: Path) -> None:
    import mmap

    with open(tree / "one.tmp", "r+b") as stream:
        mapped = mmap.mmap(stream.fileno(), 0)
    run(tree, old_now())
    assert names(tree) == ["one.tmp"]
    mapped.close()


def test_links_go_themselves_and_are_never_followed(tree: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "precious").write_text("x")
    (tree / "to-file").symlink_to(outside / "precious")
    (tree / "to-folder").symlink_to(outside)
    (tree / "a/up").symlink_to("../..")
    done = run(tree, old_now())
    assert names(tree) == []
    assert names(outside) == ["precious"]
    assert done.files == 7


def test_pipes_and_sockets_stay(tree: Path) -> None:
    os.mkfifo(tree / "pipe")
    run(tree, old_now())
    assert names(tree) == ["pipe"]


def test_hard_links_all_go_and_other_names_keep_the_content(tree: Path, tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    os.link(tree / "one.tmp", kept)
    for number in range(5):
        os.link(tree / "two.log", tree / f"again-{number}")
    done = run(tree, old_now())
    assert names(tree) == []
    assert kept.stat().st_size == 5000
    assert done.files == 9
    assert done.freed == pytest.approx(3 * 8192, abs=3 * 4096)  # Not one.tmp: it lives on.


def test_hostile_names_are_harmless(tree: Path) -> None:
    for name in ("-rf", " ", "a\nb", "\x1b[2J", "x" * 255, "ü", "*"):
        (tree / name).write_text("x")
    os.close(os.open(os.fsencode(tree) + b"/\xff\xfe", os.O_CREAT | os.O_WRONLY))
    done = run(tree, old_now())
    assert names(tree) == []
    assert all(line.isprintable() for line in done.told)


def test_a_locked_folder_is_left_alone(tree: Path) -> None:
    fd = os.open(tree / "a", os.O_RDONLY)
    fcntl.flock(fd, fcntl.LOCK_SH)
    done = run(tree, old_now())
    os.close(fd)
    assert done.locked == 1
    assert "a/b/four.tmp" in names(tree)


def test_a_folder_somebody_works_in_stays(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = (tree / "a/b").stat().st_ino
    monkeypatch.setattr(in_use.InUse, "holds", lambda self, facts: facts.st_ino == wanted)
    run(tree, old_now())
    assert names(tree) == ["a", "a/b"]


def test_too_deep_a_tree_is_told(tree: Path) -> None:
    here = os.open(tree, os.O_RDONLY)
    for _ in range(110):
        os.mkdir("d", dir_fd=here)
        below = os.open("d", os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = below
    os.close(here)
    done = run(tree, old_now())
    assert any("folders deep" in problem for problem in done.problems)
    shutil.rmtree(tree)


# --- and over all trees ---

NAMES = st.sampled_from(["a", "b", "c", "d.tmp", "e\n", "-f"])
PATHS = st.lists(NAMES, min_size=1, max_size=4).map("/".join)
STATES = st.sampled_from(["old", "young", "open", "link", "future", "pipe"])
TREES = st.dictionaries(PATHS, STATES, max_size=12)


@pytest.fixture(scope="module")
def playground(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("trees")


@given(tree=TREES)
@settings(max_examples=60)
def test_nothing_young_open_or_outside_ever_goes(tree: dict[str, str], playground: Path) -> None:
    top, outside = playground / "top", playground / "outside"
    for folder in (top, outside):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
    (outside / "precious").write_text("x")
    now = time.time() + AGE + 0.1  # time for all that is old to be made
    made = {name: state for name, state in tree.items() if put(top / name, state, outside, now)}
    time.sleep(max(0.0, now - AGE + 0.01 - time.time()))
    for name in [name for name, state in made.items() if state == "young"]:
        (top / name).write_text("young")
    held = [os.open(top / name, os.O_RDONLY) for name, state in made.items() if state == "open"]
    try:
        done = run(top, now)
    finally:
        for fd in held:
            os.close(fd)
    stays = {name for name, state in made.items() if state not in ("old", "link")}
    left = {str(path.relative_to(top)) for path in top.rglob("*") if not path.is_dir()}
    assert left == stays
    assert names(outside) == ["precious"]
    assert done.problems == []
    assert done.files == len(made) - len(stays)


def put(path: Path, state: str, outside: Path, now: float) -> bool:
    """Make one entry; False where another is in its way."""
    try:
        if outside in path.resolve().parents:
            return False
        path.parent.mkdir(parents=True, exist_ok=True)
        if os.path.lexists(path):
            return False
        if state == "link":
            path.symlink_to(outside)
        elif state == "pipe":
            os.mkfifo(path)
        else:
            path.write_text(state)
    except (FileExistsError, NotADirectoryError):
        return False
    if state == "future":
        os.utime(path, (now + 99, now + 99))
    return True
