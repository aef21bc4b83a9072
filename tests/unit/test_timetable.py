"""The timetable keeps its periods, whatever the wall clock does."""

import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.daemon.timetable import Every, SteadyZone, Timetable
from agent.host.clock import Clock

ZERO = datetime(1970, 1, 1, tzinfo=UTC)


class HandClock(Clock):
    """Real ticks; a wall clock moved by hand."""

    jump = 0.0

    def wall(self) -> float:
        return super().wall() + self.jump


class Noted:
    """Counts runs and lets a test wait for them."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.at: list[float] = []
        self._more = threading.Condition()

    def __call__(self) -> None:
        with self._more:
            self.at.append(self.clock.monotonic())
            self._more.notify_all()

    def wait(self, count: int, within: float = 5.0) -> list[float]:
        with self._more:
            assert self._more.wait_for(lambda: len(self.at) >= count, within), self.at
        return self.at


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def started(clock: HandClock) -> Iterator[Timetable]:
    timetable = Timetable(clock, threads=4, broken=_fail)
    timetable.start()
    yield timetable
    timetable.stop()


def _fail(name: str, error: BaseException) -> None:
    raise AssertionError(name) from error


def moments(trigger: Every, count: int, now: Callable[[datetime], datetime]) -> list[float]:
    """The first firings, as seconds."""
    found: list[datetime] = []
    previous = None
    for _ in range(count):
        moment = now(previous or ZERO)
        asked = [trigger.get_next_fire_time(previous, moment) for _ in range(3)]
        assert asked == [asked[0]] * 3
        previous = asked[0]
        found.append(previous)
    return [(at - ZERO).total_seconds() for at in found]


def test_the_first_run_is_now_the_second_early_and_then_the_period_holds() -> None:
    assert moments(Every(10, 0.3), 5, lambda previous: previous) == [0, 3, 13, 23, 33]
    assert moments(Every(10, 1.0), 3, lambda previous: previous) == [0, 10, 20]


@given(st.floats(0.1, 3600), st.floats(0.05, 1.0), st.floats(0, 1e8))
def test_missed_runs_are_skipped_in_one_step(seconds: float, phase: float, late: float) -> None:
    trigger = Every(seconds, phase)
    first = trigger.get_next_fire_time(None, ZERO)
    now = first + timedelta(seconds=late)
    following = trigger.get_next_fire_time(first, now)
    assert now < following <= now + timedelta(seconds=seconds + 1e-5)


def test_now_in_the_steady_zone_is_ticks(clock: HandClock) -> None:
    zone = SteadyZone(clock)
    before = clock.monotonic()
    now = datetime.now(zone)
    assert zone.at(before) <= now <= zone.at(clock.monotonic())


@pytest.mark.parametrize("years", [-30, 30])
def test_a_wall_clock_that_jumps_years_neither_stops_nor_bunches_runs(
    started: Timetable, clock: HandClock, years: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    jumps = _jumping(monkeypatch)
    noted = Noted(clock)
    started.add("look", 0.1, noted)
    noted.wait(3)
    jumps.append(years * 365 * 86400)
    at = noted.wait(9)
    gaps = [later - before for before, later in pairwise(at[1:])]
    assert min(gaps) > 0.05
    assert max(gaps) < 0.5


def _jumping(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Put every wall time APScheduler could read off by the sum of the list returned."""
    jumps: list[float] = []

    class Moved(datetime):
        @classmethod
        def now(cls, tz: object = None) -> datetime:  # type: ignore[override]
            moved = datetime.utcnow() + timedelta(seconds=sum(jumps))  # noqa: DTZ003
            if tz is None:
                return moved
            assert isinstance(tz, SteadyZone)
            return tz.fromutc(moved.replace(tzinfo=tz))

    for module in ("apscheduler.schedulers.base", "apscheduler.executors.base"):
        monkeypatch.setattr(f"{module}.datetime", Moved)
    return jumps


def test_a_run_longer_than_its_period_does_not_overlap_itself(
    started: Timetable, clock: HandClock
) -> None:
    running, most = [0], [0]
    done = threading.Event()

    def slow() -> None:
        running[0] += 1
        most[0] = max(most[0], running[0])
        done.wait(0.3)
        running[0] -= 1

    started.add("slow", 0.1, slow)
    other = Noted(clock)
    started.add("quick", 0.1, other)
    other.wait(8)
    done.set()
    assert most == [1]


def test_a_run_can_be_brought_forward_but_not_put_off(started: Timetable, clock: HandClock) -> None:
    noted = Noted(clock)
    started.add("look", 60, noted)
    noted.wait(1)
    started.not_later("look", clock.monotonic() + 500)
    soon = clock.monotonic() + 0.1
    started.not_later("look", soon)
    assert abs(noted.wait(2)[1] - soon) < 0.2
    started.not_later("nobody", soon)


def test_jobs_of_one_period_are_spread_over_it(started: Timetable, clock: HandClock) -> None:
    jobs = [Noted(clock) for _ in range(4)]
    for place, noted in enumerate(jobs, start=1):
        started.add(f"look {place}", 0.8, noted, phase=place / 4)
    third = sorted(noted.wait(3)[2] for noted in jobs)
    assert all(0.1 < later - sooner < 0.3 for sooner, later in pairwise(third))


def test_a_dropped_job_runs_no_more(started: Timetable, clock: HandClock) -> None:
    noted, other = Noted(clock), Noted(clock)
    started.add("look", 0.05, noted)
    noted.wait(1)
    started.drop("look")
    started.drop("look")
    count = len(noted.at)
    started.add("other", 0.05, other)
    other.wait(4)
    assert len(noted.at) <= count + 1


def test_its_age_proves_that_it_runs(started: Timetable, clock: HandClock) -> None:
    noted = Noted(clock)
    started.add("beat", 0.1, noted)
    noted.wait(3)
    assert started.age() < 1


def test_a_job_that_breaks_is_told_of_and_goes_on(clock: HandClock) -> None:
    told: list[str] = []
    more = threading.Event()

    def broken(name: str, error: BaseException) -> None:
        told.append(f"{name}: {error}")
        if len(told) > 1:
            more.set()

    def breaks() -> None:
        raise RuntimeError("a defect")

    timetable = Timetable(clock, threads=1, broken=broken)
    timetable.start()
    try:
        timetable.add("look", 0.05, breaks)
        assert more.wait(5)
    finally:
        timetable.stop()
    assert told[0] == "look: a defect"


def test_a_job_that_says_when_is_asked_anew_after_each_run() -> None:
    clock = Clock()
    runs, waits = Noted(clock), [3600.0, 0.6, 3600.0]
    timetable = Timetable(clock, threads=1, broken=lambda name, error: None)
    timetable.start()
    timetable.add_when("due", lambda: waits[min(len(runs.at), 2)], runs)
    timetable.not_later("due", clock.monotonic())
    try:
        first, second = runs.wait(2)
    finally:
        timetable.stop()
    assert 0.5 < second - first < 2.0
    assert len(runs.at) == 2
