"""A collector that hangs, floods, crashes, forks or lies is one line, and what it gave stays."""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import pytest

from agent.host import giving
from agent.host.clock import Clock
from agent.host.machine import Host
from agent.host.spawn import children_of
from agent.layout import Layout
from support.collectors import frames, running
from support.collectors.collector import Collector, Source
from support.collectors.events import Block, Closed, Ended, Event, Opened
from support.collectors.limits import Limits
from support.scene import Scene

Sources = Callable[[Scene], Iterable[Source]]


def scene(root: Path) -> Scene:
    return Scene(Host(root=root), Layout(root), None, 0.0, 1e12)


def collector(sources: Sources, *, cap: int = 1 << 20, timeout: float = 5.0) -> Collector:
    return Collector("it", "It", "nothing", sources, lambda _: 0, cap=cap, timeout=timeout)


def limits(seconds: float = 30.0) -> Limits:
    clock = Clock()
    return Limits(clock, clock.monotonic() + seconds)


def source(name: str, *blocks: bytes, size: int | None = None, cap: int = 0) -> Source:
    return Source(name, f"/{name}", lambda: iter(blocks), size=size, cap=cap)


def events(sources: Sources, root: Path, **more: float) -> list[Event]:
    cap, timeout = int(more.get("cap", 1 << 20)), more.get("timeout", 5.0)
    one = collector(sources, cap=cap, timeout=timeout)
    return list(running.run(one, scene(root), limits(more.get("seconds", 30.0))))


def text(found: list[Event]) -> bytes:
    return b"".join(one.data for one in found if isinstance(one, Block))


def closed(found: list[Event]) -> list[Closed]:
    return [one for one in found if isinstance(one, Closed)]


def ended(found: list[Event]) -> Ended:
    last = found[-1]
    assert isinstance(last, Ended)
    assert not any(isinstance(one, Ended) for one in found[:-1])
    return last


@pytest.mark.real
def test_what_a_collector_yields_comes_as_events(root: Path) -> None:
    found = events(lambda _: [source("a/one", b"x", b"y\n"), source("two", b"z")], root)
    assert [one.name for one in found if isinstance(one, Opened)] == ["a/one", "two"]
    assert text(found) == b"xy\nz"
    assert [one.why for one in closed(found)] == ["", ""]
    assert ended(found).how == "done"


@pytest.mark.real
def test_large_blocks_arrive_whole(root: Path) -> None:
    whole = b"0123456789abcde\n" * (5 << 16)
    found = events(lambda _: [source("big", whole, size=len(whole))], root, cap=len(whole))
    assert text(found) == whole


@pytest.mark.real
def test_a_hung_one_keeps_what_it_gave_and_its_programs_end_too(root: Path) -> None:
    def hang() -> Iterator[bytes]:
        yield b"before\n"
        # It leaves its session and its parent, as a daemon does.
        subprocess.run(["sh", "-c", "setsid sleep 4711 & echo $! > pid; sleep 4711"], cwd=root)
        yield b"never\n"

    strangers = children()
    begun = time.monotonic()
    found = events(lambda _: [Source("h", "h", hang)], root, timeout=1.5)
    assert time.monotonic() - begun < 5
    assert text(found) == b"before\n"
    assert [one.why for one in closed(found)] == ["no end in its time"]
    assert ended(found).how == "timeout"
    assert is_gone(int((root / "pid").read_text()))
    assert children() <= strangers


@pytest.mark.real
def test_the_time_for_all_ends_one_too(root: Path) -> None:
    def hang() -> Iterator[bytes]:
        yield b"x"
        time.sleep(60)

    found = events(lambda _: [Source("h", "h", hang)], root, seconds=0.6)
    assert (ended(found).how, ended(found).why) == ("timeout", "the time for collecting was over")


class Ahead(Clock):
    """A clock that a test sets forward."""

    offset = 0.0

    def monotonic(self) -> float:
        return super().monotonic() + self.offset


@pytest.mark.real
def test_the_time_it_waits_for_us_does_not_count(root: Path) -> None:
    def much() -> Iterator[bytes]:
        for _ in range(6):
            yield b"x" * (1 << 20)

    clock, found = Ahead(), []
    one = collector(lambda _: [Source("m", "m", much, size=6 << 20)], cap=8 << 20, timeout=20)
    for event in running.run(one, scene(root), Limits(clock, clock.monotonic() + 1e6)):
        found.append(event)
        clock.offset += 100
    assert ended(found).how == "done"
    assert len(text(found)) == 6 << 20


@pytest.mark.real
def test_one_that_leaves_a_daemon_behind_and_is_done_is_cleared_up(root: Path) -> None:
    def leave() -> Iterator[bytes]:
        subprocess.run(["sh", "-c", "setsid sleep 4711 & echo $! > pid"], cwd=root)
        yield b"left\n"

    found = events(lambda _: [Source("d", "d", leave)], root)
    assert ended(found).how == "done"
    assert is_gone(int((root / "pid").read_text()))


@pytest.mark.real
def test_one_that_is_killed_is_told_as_such(root: Path) -> None:
    def die() -> Iterator[bytes]:
        yield b"x\n"
        os.kill(os.getpid(), signal.SIGSEGV)

    found = events(lambda _: [Source("d", "d", die)], root)
    assert text(found) == b"x\n"
    assert (ended(found).how, ended(found).why) == ("killed", "ended by SIGSEGV")
    assert closed(found)[0].why == "ended by SIGSEGV"


@pytest.mark.real
def test_a_file_that_fails_is_one_line_and_the_next_comes(root: Path) -> None:
    def fail() -> Iterator[bytes]:
        yield b"x\n"
        raise PermissionError(13, "Permission denied", "/etc/secret")

    def defect() -> Iterator[bytes]:
        raise ValueError("hunter2 is no number")
        yield b""

    found = events(
        lambda _: [Source("f", "f", fail), Source("v", "v", defect), source("n", b"n")], root
    )
    assert [one.why for one in closed(found)] == [
        "Permission denied: /etc/secret",
        "a defect in Caretaker (ValueError)",
        "",
    ]
    assert text(found) == b"x\nn"
    assert ended(found).how == "done"


@pytest.mark.real
def test_looking_itself_may_fail(root: Path) -> None:
    def look(_: Scene) -> Iterator[Source]:
        yield source("a", b"a")
        raise OSError(5, "Input/output error")

    found = events(look, root)
    assert text(found) == b"a"
    assert (ended(found).how, ended(found).why) == ("failed", "Input/output error")


@pytest.mark.real
def test_an_endless_stream_ends_with_head_and_tail(root: Path) -> None:
    def flood() -> Iterator[bytes]:
        number = 0
        while True:
            yield b"".join(b"line %07d\n" % each for each in range(number, number + 1000))
            number += 1000

    found = events(lambda _: [Source("f", "f", flood)], root, cap=50_000)
    assert text(found).startswith(b"line 0000000\n")
    assert b"are left out here]\n" in text(found)
    assert len(text(found)) < 51_000
    assert closed(found)[0].left_out > 300_000
    assert closed(found)[0].why == "it did not end, so it was cut"


@pytest.mark.real
def test_names_that_lead_elsewhere_stay_inside_and_apart(root: Path) -> None:
    given = ["../../etc/passwd", "/etc/passwd", "a\x1b[2J\nb", "", "a", "a/b", "manifest.json"]
    found = events(lambda _: [source(name, b".") for name in given], root)
    assert [one.name for one in found if isinstance(one, Opened)] == [
        "etc/passwd",
        "etc/passwd~2",
        "a_[2J_b",
        "unnamed",
        "a",
        "a~2/b",
        "manifest~2.json",
    ]


@pytest.mark.real
@pytest.mark.parametrize(
    "written",
    [
        b"x" * 300,
        b"b\x00\x00\x00\x01x",
        b"o\xff\xff\xff\xff",
        b"o\x00\x00\x00\x02{}",
        b"o\x00\x00\x00\x05\xff\xfe\x00\x01\x02",
        b"d\x00\x00\x00\x04null",
    ],
)
def test_rubbish_in_the_pipe_ends_it(root: Path, written: bytes) -> None:
    def lie(_: Scene) -> Iterator[Source]:
        # Its end of the pipe is the only descriptor it has.
        for number in range(3, 30):
            try:
                os.write(number, written)
            except OSError:
                continue
        time.sleep(60)
        yield source("n", b"n")

    found = events(lie, root)
    assert text(found) == b""
    assert ended(found).how == "failed"
    assert ended(found).why.startswith("its words")


@pytest.mark.real
def test_closing_the_generator_ends_the_child(root: Path) -> None:
    def hang() -> Iterator[bytes]:
        yield b"x"
        time.sleep(60)

    strangers = children()
    run = running.run(collector(lambda _: [Source("h", "h", hang)]), scene(root), limits())
    assert isinstance(next(run), Opened)
    assert len(children() - strangers) == 1
    run.close()  # type: ignore[attr-defined] # a generator, as every Iterator with `yield` is
    assert children() <= strangers


@pytest.mark.real
def test_nothing_is_left_when_the_parent_is_killed(root: Path) -> None:
    def hang() -> Iterator[bytes]:
        subprocess.run(["sh", "-c", f"echo $$ > {root}/pid; exec sleep 4711"])
        yield b"x"

    refinery = os.fork()
    if refinery == 0:
        for _ in running.run(collector(lambda _: [Source("h", "h", hang)]), scene(root), limits()):
            pass
        os._exit(0)
    pid = int(wait_for(lambda: (root / "pid").exists() and (root / "pid").read_text()))
    os.kill(refinery, signal.SIGKILL)
    os.waitpid(refinery, 0)
    wait_for(lambda: is_gone(pid))


@pytest.mark.real
def test_the_child_is_last_in_line_and_leaves_no_dump(root: Path) -> None:
    def tell() -> Iterator[bytes]:
        with open("/proc/self/limits") as stream:
            core = next(line for line in stream if "core" in line).split()[4]
        open_files = len(os.listdir("/proc/self/fd")) - 1
        owner = os.stat("/proc/self/mem").st_uid
        yield f"{os.nice(0)} {core} {open_files} {owner} {os.getpid() == os.getsid(0)}".encode()
        os.write(1, b"never seen")

    found = events(lambda _: [Source("t", "t", tell)], root)
    assert text(found) == b"19 0 4 0 True"


def test_one_for_which_there_is_nothing_left_is_skipped(root: Path) -> None:
    def never(_: Scene) -> list[Source]:
        raise AssertionError("begun")

    account = limits()
    account.room = lambda: 0
    assert list(running.run(collector(never), scene(root), account)) == [
        Ended("skipped", 0.0, "there was no room left")
    ]
    over = list(running.run(collector(never), scene(root), limits(-1)))
    assert over == [Ended("skipped", 0.0, "the time for collecting was over")]


@pytest.mark.real
def test_one_that_can_tell_its_newest_is_asked_for_what_there_is_room_for(root: Path) -> None:
    whole = b"".join(b"line %06d\n" % number for number in range(9000))

    def newest(cap: int) -> Iterator[bytes]:
        yield whole[-cap:]

    def all_of_it() -> Iterator[bytes]:
        raise AssertionError("asked for all of it")

    one = Source("n", "n", all_of_it, size=len(whole), cap=len(whole), newest=newest)
    unsized = Source("u", "u", all_of_it, cap=len(whole), newest=newest)
    found = events(lambda _: [one], root, cap=1200)
    assert text(found) == whole[-1200:]
    assert text(events(lambda _: [unsized], root, cap=1200)) == whole[-1200:]


@pytest.mark.real
def test_of_one_that_is_ended_in_a_line_whole_lines_go_on(root: Path) -> None:
    def hang() -> Iterator[bytes]:
        yield b"whole\ntoken=half-of-a-sec"
        time.sleep(60)

    found = events(lambda _: [Source("h", "h", hang)], root, timeout=0.5)
    assert text(found) == b"whole\n"


def wait_for(question: Callable[[], object]) -> str:
    deadline = time.monotonic() + 10
    while not (answer := question()):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    return str(answer)


def children() -> set[int]:
    """Ours: since a collector ran, also what other tests of this process left behind."""
    return set(children_of(os.getpid()))


def is_gone(pid: int) -> bool:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return True
    return stat.rpartition(")")[2].split()[0] in "ZX"


def test_the_pipe_is_as_large_as_anybody_may_have_it() -> None:
    assert giving.PIPE == frames.BLOCK_MOST
