"""Purging with real mounts in the way, and with real writers at work in the same folders."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from agent.host import purge, subfolder
from agent.host.in_use import InUse
from agent.host.purge import Purged, Terms

pytestmark = pytest.mark.real
ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="only root may mount")


def run(top: Path, age: float) -> Purged:
    fd = os.open(top, os.O_RDONLY | os.O_DIRECTORY)
    try:
        return purge.purge(fd, Terms(now=time.time(), age=age), path=str(top))
    finally:
        os.close(fd)


@contextlib.contextmanager
def mounted(*argv: str) -> Iterator[None]:
    subprocess.run(["mount", *argv], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", argv[-1]], check=True)


@ROOT
@pytest.mark.parametrize("enter", [subfolder.enter, subfolder.enter_by_hand])
def test_mounts_are_not_entered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, enter: Callable[[int, str], int]
) -> None:
    monkeypatch.setattr(subfolder, "enter", enter)
    top, elsewhere = tmp_path / "top", tmp_path / "elsewhere"
    for folder in (top / "tmpfs", top / "bind", elsewhere):
        folder.mkdir(parents=True)
    for file in (top / "old", top / "file", elsewhere / "precious"):
        file.write_text("x")
    with (
        mounted("-t", "tmpfs", "caretaker-test", str(top / "tmpfs")),
        mounted("--bind", str(elsewhere), str(top / "bind")),
        mounted("--bind", str(elsewhere / "precious"), str(top / "file")),
    ):
        (top / "tmpfs/inside").write_text("x")
        time.sleep(0.02)
        done = run(top, 0.0)
        assert (top / "tmpfs/inside").exists()
        assert (top / "file").read_text() == "x"
    assert (elsewhere / "precious").read_text() == "x"
    assert not (top / "old").exists()
    assert done.mounts == 2
    assert ["busy" in problem for problem in done.problems] == [True]


@ROOT
def test_an_immutable_file_is_a_problem_and_the_rest_goes(tmp_path: Path) -> None:
    for name in ("fixed", "other"):
        (tmp_path / name).write_text("x")
    time.sleep(0.02)
    if subprocess.run(["chattr", "+i", str(tmp_path / "fixed")], check=False).returncode:
        pytest.skip("the file system has no such thing")
    try:
        done = run(tmp_path, 0.0)
    finally:
        subprocess.run(["chattr", "-i", str(tmp_path / "fixed")], check=True)
    assert os.listdir(tmp_path) == ["fixed"]
    assert "fixed" in done.problems[0]


def test_a_file_of_another_process_stays_also_where_there_are_no_leases(tmp_path: Path) -> None:
    for name in ("held", "free", "ran"):
        (tmp_path / name).write_text("x")
    time.sleep(0.02)
    with (tmp_path / "held").open() as stream:
        child = subprocess.Popen(["sleep", "60"], stdin=stream, cwd=tmp_path)
    try:
        look = InUse()
        assert look.holds((tmp_path / "held").stat())
        assert look.holds(tmp_path.stat())
        assert not look.holds((tmp_path / "free").stat())
        assert look.holds(Path(f"/proc/{child.pid}/exe").stat())
        done = run(tmp_path, 0.0)
    finally:
        child.kill()
        child.wait()
    assert os.listdir(tmp_path) == ["held"]
    assert done.opened == 1


WRITERS = 3
WRITER = """
import os, sys, time
top, who = sys.argv[1], sys.argv[2]
number = 0
print("on", flush=True)
while True:
    number += 1
    name = f"{top}/d{number % 5}/key-{who}-{number % 40}"
    text = f"{who}-{number}-{time.time()}"
    os.makedirs(os.path.dirname(name), exist_ok=True)
    try:
        if number % 3 == 0:  # a cache: written aside, renamed into place
            aside = f"{top}/d{number % 5}/.{who}.part"
            with open(aside, "w") as out:
                out.write(text)
            os.rename(aside, name)
        elif number % 3 == 1:  # a log: opened again for each line
            with open(name, "a") as out:
                out.write(text)
                out.flush()
                if os.fstat(out.fileno()).st_nlink == 0:
                    # Unlinked after our open: what was written is lost.
                    if os.fstat(out.fileno()).st_ctime - os.fstat(out.fileno()).st_mtime < 1:
                        print("LOST", name, flush=True)
        else:  # a spool: made, then read by whoever has the name
            with open(f"{name}.{who}.{number}", "x") as out:
                out.write(text)
            with open(f"{name}.{who}.{number}") as back:
                if back.read() != text:
                    print("LOST", name, flush=True)
            os.unlink(f"{name}.{who}.{number}")
    except FileNotFoundError as error:
        print("LOST", error, flush=True)
"""


def test_writers_at_work_lose_nothing(tmp_path: Path) -> None:
    """Files are a second old at least when they go; the writers renew them much sooner.

    Every file is old when the run begins, so each is raced for once by purge and writers.
    """
    top = tmp_path / "top"
    for folder in range(5):
        (top / f"d{folder}").mkdir(parents=True)
    rounds = lost = 0
    for _ in range(4):
        for folder in range(5):
            for number in range(40):
                for who in range(WRITERS):
                    (top / f"d{folder}/key-{who}-{number}").write_text("old")
        time.sleep(0.35)
        writers = [
            subprocess.Popen(
                ["/usr/bin/env", "python3", "-S", "-c", WRITER, str(top), str(who)],
                stdout=subprocess.PIPE,
                text=True,
            )
            for who in range(WRITERS)
        ]
        for each in writers:
            assert each.stdout is not None
            each.stdout.readline()
        until = time.monotonic() + 0.6
        while time.monotonic() < until:
            done = run(top, 0.3)
            rounds += 1
            assert [each for each in done.problems if "Directory not empty" in each] == []
        for each in writers:
            each.send_signal(signal.SIGTERM)
        said = [each.communicate()[0] or "" for each in writers]
        lost += sum("LOST" in each for each in said)
    assert rounds >= 4
    assert lost == 0


@pytest.mark.real
def test_only_the_file_that_is_mapped_counts_as_mapped(tmp_path: Path) -> None:
    """Another file system has other files of the same numbers."""
    mine = tmp_path / "mapped"
    mine.write_bytes(b"x" * 4096)
    hold = "import mmap,sys; f=open(sys.argv[1],'r+b'); m=mmap.mmap(f.fileno(),0); f.close()"
    program = f"{hold}; print(flush=True); sys.stdin.read()"
    argv = [sys.executable, "-I", "-c", program, str(mine)]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        holder.stdout.readline()
        facts = mine.stat()
        assert InUse().holds(facts)
        fields = list(facts[:10])
        fields[2] += 1  # st_dev
        assert not InUse().holds(os.stat_result(fields))
        holder.communicate()
    assert not InUse().holds(facts)
