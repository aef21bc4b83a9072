"""Work begun by a small process that was forked early: its bytes, its end, and its being lost."""

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.host import starter
from agent.host.giving import Give
from agent.host.spawn import children_of
from agent.host.starter import Starter

pytestmark = pytest.mark.real


def work(request: bytes, give: Give) -> None:
    if request == b"hang":
        time.sleep(60)
    if request == b"break":
        raise OSError("it broke")
    give([request, b"\n", b"x" * 3_000_000])


@pytest.fixture
def started() -> Iterator[Starter]:
    one = starter.start(work)
    yield one
    one.stop()


def all_of(child: starter.Started) -> bytes:
    found = b""
    while piece := child.read(1 << 20, patience=20):
        found += piece
    return found


def test_bytes_come_and_the_end_is_seen(started: Starter) -> None:
    for word in (b"one", b"two"):
        child = started.begin(word, longest=30)
        assert all_of(child) == word + b"\n" + b"x" * 3_000_000
        assert child.end() == 0


def test_who_breaks_and_who_hangs_is_told_by_its_status(started: Starter) -> None:
    child = started.begin(b"break", longest=30)
    assert child.read(10, patience=20) == b""
    assert child.end() == 70
    child = started.begin(b"hang", longest=30)
    assert child.read(10, patience=0.05) is None
    assert child.end() == -signal.SIGKILL
    assert not Path(f"/proc/{child.pid}").exists()


def test_a_lost_starter_is_an_error_and_no_more(started: Starter) -> None:
    child = started.begin(b"hang", longest=30)
    os.kill(started.pid, signal.SIGKILL)
    assert child.read(10, patience=20) == b""  # its leash ended it
    assert child.end() is None
    with pytest.raises(OSError, match=r"ended|[Bb]roken"):
        started.begin(b"one", longest=30)


def test_what_was_called_off_while_it_was_asked_for_is_ended(
    started: Starter, monkeypatch: pytest.MonkeyPatch
) -> None:
    class CalledOff(BaseException):
        pass

    def called_off(_message: bytes, _number: int) -> tuple[int, int]:
        channel.send(_message)
        raise CalledOff

    channel = started._child.channel
    with monkeypatch.context() as patched:
        patched.setattr(started, "_ask", called_off)
        with pytest.raises(CalledOff):
            started.begin(b"hang", longest=30)
    child = started.begin(b"one", longest=30)  # Late answers are not taken for its own.
    assert all_of(child).startswith(b"one\n")
    assert child.end() == 0
    assert children_of(started.pid) == []


def test_its_end_is_that_of_all_it_started() -> None:
    one = starter.start(work)
    child = one.begin(b"hang", longest=30)
    one.stop()
    assert not Path(f"/proc/{child.pid}").exists()
    child.close()
