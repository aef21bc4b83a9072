"""Zombies that nobody waits for go; those that somebody waits for stay."""

import ctypes
import os
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.host.orphans import Orphans

pytestmark = pytest.mark.real

PR_SET_CHILD_SUBREAPER = 36


@pytest.fixture
def adopting() -> Iterator[None]:
    """Orphans below this process become its children, as they do below a container's init."""
    libc = ctypes.CDLL(None)
    assert libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0
    yield
    assert libc.prctl(PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0) == 0


def state(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return ""


def wait_until(pid: int, letter: str) -> None:
    deadline = time.monotonic() + 5
    while state(pid) != letter:
        assert time.monotonic() < deadline
        time.sleep(0.01)


def orphan() -> int:
    """The pid of a zombie whose parent is gone."""
    script = "sleep 0.05 >/dev/null & echo $!"
    pid = int(subprocess.run(["sh", "-c", script], capture_output=True, check=True).stdout)
    wait_until(pid, "Z")
    return pid


@pytest.mark.usefixtures("adopting")
def test_an_orphan_is_reaped_at_the_second_look() -> None:
    pid, orphans = orphan(), Orphans(is_init=True)
    assert orphans.reap(()) == []
    assert state(pid) == "Z"
    assert orphans.reap(()) == [pid]
    assert state(pid) == ""


@pytest.mark.usefixtures("adopting")
def test_a_child_that_is_ours_keeps_its_exit_status() -> None:
    child, orphans = subprocess.Popen(["sh", "-c", "exit 3"]), Orphans(is_init=True)
    wait_until(child.pid, "Z")
    for _ in range(3):
        assert orphans.reap({child.pid}) == []
    assert child.wait() == 3


@pytest.mark.usefixtures("adopting")
def test_who_is_no_init_reaps_nothing() -> None:
    pid, orphans = orphan(), Orphans()
    assert orphans.reap(()) == []
    assert orphans.reap(()) == []
    assert state(pid) == "Z"
    os.waitpid(pid, 0)
