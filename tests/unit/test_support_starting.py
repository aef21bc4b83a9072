"""Work begun by a small process that was forked early: its bytes, its end, and its being lost."""

import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from agent.host import starter
from agent.host.clock import Clock
from agent.host.giving import Give
from agent.host.machine import Host
from agent.host.spawn import children_of
from agent.host.starter import Starter
from agent.layout import Layout
from support.collectors import running
from support.collectors.collector import Collector, Source
from support.collectors.events import Block
from support.collectors.limits import Limits
from support.collectors.starting import Apart
from support.scene import Scene

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


def noting(code: str, folder: Path, *, cap: int = 1 << 20) -> Collector:
    def sources(_: Scene) -> Iterator[Source]:
        with (folder / code).open("a") as note:
            note.write("begun\n")
        yield Source(code, code, lambda: iter([code.encode()]))

    return Collector(code, code, "nothing", sources, lambda _: 0, cap=cap, timeout=20.0)


def test_what_comes_next_is_begun_ahead_where_it_is_small(tmp_path: Path) -> None:
    scene = Scene(Host(root=tmp_path), Layout(tmp_path), None, 0.0, 1e12)
    limits = Limits(Clock(), Clock().monotonic() + 60)
    codes = {"now": 1 << 20, "soon": 1 << 20, "large": 64 << 20, "later": 1 << 20}
    known = {code: noting(code, tmp_path, cap=cap) for code, cap in codes.items()}
    apart = Apart(scene, list(known.values()))
    try:
        apart.ahead("now", ["soon", "large", "later"], limits)
        for code in ("soon", "later"):
            assert until((tmp_path / code).exists), code
        assert not (tmp_path / "large").exists()
        for code, collector in known.items():
            events = list(running.run(collector, scene, limits, apart.begin))
            assert [each.data for each in events if isinstance(each, Block)] == [code.encode()]
            assert (tmp_path / code).read_text() == "begun\n"  # not a second time
    finally:
        apart.stop()


def test_nothing_is_begun_ahead_that_might_have_to_be_cut(tmp_path: Path) -> None:
    scene = Scene(Host(root=tmp_path), Layout(tmp_path), None, 0.0, 1e12)
    limits = Limits(Clock(), Clock().monotonic() + 60, room=lambda: 300_000)
    known = [noting(code, tmp_path) for code in ("now", "soon")]
    apart = Apart(scene, known)
    try:
        apart.ahead("now", ["soon"], limits)
        time.sleep(0.3)
        assert not (tmp_path / "soon").exists()
    finally:
        apart.stop()


def until(true: Callable[[], bool]) -> bool:
    end = time.monotonic() + 20
    while not (found := true()) and time.monotonic() < end:
        time.sleep(0.02)
    return found
