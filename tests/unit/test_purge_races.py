"""Purging while others are at work in the same folder, in the worst of moments."""

import fcntl
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from agent.host import in_use, purge, subfolder
from tests.unit.purge_tree import AGE, make_tree, names, old_now, run


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    return make_tree(tmp_path)


@pytest.fixture
def between(monkeypatch: pytest.MonkeyPatch) -> Callable[[str, Callable[[], None]], None]:
    """Do something right before the act on a name."""

    def put(name: str, what: Callable[[], None]) -> None:
        real = os.rename
        done: list[str] = []

        def rename(old: str, new: str, **more: int) -> None:
            if old == name and not done:
                done.append(old)
                what()
            real(old, new, **more)

        monkeypatch.setattr(os, "rename", rename)

    return put


Between = Callable[[str, Callable[[], None]], None]


def test_a_new_file_renamed_into_place_is_not_lost(tree: Path, between: Between) -> None:
    fresh = tree / "fresh.part"

    def publish() -> None:
        fresh.write_text("new")
        fresh.replace(tree / "one.tmp")

    between("one.tmp", publish)
    done = run(tree, old_now())
    assert (tree / "one.tmp").read_text() == "new"
    assert done.returned == 1
    assert names(tree) == ["one.tmp"]


def test_of_two_new_files_in_a_row_none_is_lost(
    tree: Path, between: Between, monkeypatch: pytest.MonkeyPatch
) -> None:
    def replace() -> None:
        (tree / "one.tmp").unlink()
        (tree / "one.tmp").write_text("1")

    between("one.tmp", replace)
    real = purge._move_back

    def move(folder: int, held: str, name: str) -> None:
        (tree / "one.tmp").write_text("2")
        real(folder, held, name)

    monkeypatch.setattr(purge, "_move_back", move)
    done = run(tree, old_now())
    kept = [name for name in names(tree) if name.startswith(".caretaker-purge-")]
    assert (tree / "one.tmp").read_text() == "2"
    assert [(tree / name).read_text() for name in kept] == ["1"]
    assert kept[0] in done.problems[0]


@pytest.mark.parametrize("back", [True, False])
def test_what_could_not_be_looked_at_is_not_let_go(
    tree: Path, between: Between, monkeypatch: pytest.MonkeyPatch, back: bool
) -> None:
    """The look after the move fails, and where not `back`, the way back too."""

    def publish() -> None:
        (tree / "fresh.part").write_text("new")
        (tree / "fresh.part").replace(tree / "one.tmp")

    between("one.tmp", publish)
    real = os.stat
    left = [1]

    def fail(path: str, **more: Any) -> os.stat_result:
        ours = str(path).startswith(".caretaker-purge-")
        found = real(path, **more)
        if ours and left and found.st_size == len("new"):
            left.pop()
            raise OSError(5, "Input/output error")
        return found

    def refuse(*words: object) -> None:
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr(os, "stat", fail)
    if not back:
        monkeypatch.setattr(purge, "_move_back", refuse)
    done = run(tree, old_now())
    assert not left
    assert [each.read_text() for each in tree.iterdir()] == ["new"]
    assert (tree / "one.tmp").exists() == back
    assert bool(done.problems) == (not back)


def test_a_file_touched_meanwhile_stays(tree: Path, between: Between) -> None:
    between("one.tmp", lambda: os.utime(tree / "one.tmp"))
    run(tree, old_now())
    assert names(tree) == ["one.tmp"]


def test_a_file_taken_away_meanwhile_is_no_problem(tree: Path, between: Between) -> None:
    between("one.tmp", (tree / "one.tmp").unlink)
    assert run(tree, old_now()).problems == []


def test_a_folder_swapped_for_a_link_leads_nowhere(
    tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "precious").write_text("x")
    real = subfolder.enter

    def enter(above: int, name: str) -> int:
        if name == "a":
            (tree / "a").rename(tmp_path / "aside")
            (tree / "a").symlink_to(outside)
        return real(above, name)

    monkeypatch.setattr(subfolder, "enter", enter)
    run(tree, old_now())
    assert names(outside) == ["precious"]
    assert names(tmp_path / "aside") == ["b", "b/four.tmp", "three.tmp"]


def test_a_folder_moved_out_of_the_tree_is_not_emptied(
    tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = subfolder.enter

    def enter(above: int, name: str) -> int:
        fd = real(above, name)
        if name == "b":
            (tree / "a/b").rename(tmp_path / "precious")
        return fd

    monkeypatch.setattr(subfolder, "enter", enter)
    done = run(tree, old_now())
    assert names(tmp_path / "precious") == ["four.tmp"]
    assert any("was moved" in problem for problem in done.problems)


def test_what_a_killed_run_left_goes_if_it_was_old_and_is_told_if_not(tree: Path) -> None:
    waste, theirs = tree / ".caretaker-purge-00", tree / ".caretaker-purge-11"
    waste.write_text("old")
    theirs.write_text("somebody's")
    os.utime(waste, (1, time.time() - 2 * AGE))
    done = run(tree, old_now())
    assert names(tree) == [theirs.name]
    assert theirs.name in done.problems[0]


def test_without_leases_proc_is_asked(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = fcntl.fcntl

    def refuse(fd: int, command: int, value: int = 0) -> object:
        if command == fcntl.F_SETLEASE:
            raise OSError(22, "Invalid argument")
        return real(fd, command, value)

    monkeypatch.setattr(fcntl, "fcntl", refuse)
    wanted = (tree / "one.tmp").stat().st_ino
    monkeypatch.setattr(in_use.InUse, "holds", lambda self, facts: facts.st_ino == wanted)
    run(tree, old_now())
    assert names(tree) == ["one.tmp"]


def test_without_openat2_the_mount_is_compared(tree: Path) -> None:
    fd = os.open(tree, os.O_RDONLY)
    for enter in (subfolder.enter, subfolder.enter_by_hand):
        below = enter(fd, "a")
        assert set(os.listdir(below)) == {"b", "three.tmp"}
        os.close(below)
        with pytest.raises(OSError, match=r"symbolic|directory"):
            enter(fd, "one.tmp")
    for name in ("..", ".", "a/b", ""):
        with pytest.raises(OSError, match="no name"):
            subfolder.enter(fd, name)
    os.close(fd)


@pytest.mark.real
def test_who_opens_it_in_that_very_moment_gets_a_file_with_a_name(
    tree: Path, between: Between
) -> None:
    """The opener waits for our lease, which we see, and the file is moved back."""
    script = "import os,sys; fd=os.open(sys.argv[1],os.O_WRONLY|os.O_APPEND);"
    script += "os.write(fd,b'new'); print(os.fstat(fd).st_nlink)"
    openers: list[subprocess.Popen[str]] = []

    def open_it() -> None:
        argv = [sys.executable, "-I", "-S", "-c", script, str(tree / "one.tmp")]
        openers.append(subprocess.Popen(argv, stdout=subprocess.PIPE, text=True))
        time.sleep(0.5)

    between("one.tmp", open_it)
    done = run(tree, old_now())
    assert openers[0].communicate()[0] == "1\n"
    assert (tree / "one.tmp").read_text().endswith("new")
    assert done.returned == 1
