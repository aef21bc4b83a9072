"""When a disk will be full: right about growth, silent about everything else."""

import math
import random
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.health.forecast import DAY, HOUR, KEPT, Point, forecast

NOW = 1795248000.0
SIZE = 100e9


def history(
    used: Callable[[float], float], *, days: float, step: float = HOUR, now: float = NOW
) -> list[Point]:
    """Points of a curve: percent in use at so many seconds since the first one."""
    count = int(days * DAY / step)
    start = now - count * step
    return [
        Point(start + n * step, SIZE * (1 - min(max(used(n * step), 0), 100) / 100), SIZE)
        for n in range(count + 1)
    ]


@given(st.floats(0.5, 8), st.floats(4, 14), st.floats(0, 0.4), st.integers(0, 10**6))
def test_steady_growth_is_foretold(rate: float, days: float, noise: float, seed: int) -> None:
    """`rate` percent a day, with noise of up to 0.4 percent of the disk."""
    rng = random.Random(seed)
    used = lambda t: 10 + rate * t / DAY + rng.uniform(-noise, noise) * min(1.0, rate)  # noqa: E731
    points = history(used, days=days)
    left = points[-1].free / SIZE * 100 / rate * DAY
    found = forecast(points, now=NOW)
    # The first of the days is only a part of one, whose peak is at its end.
    if left < 1.8 * (days - 1) * DAY:
        assert found is not None
        assert found.seconds == pytest.approx(left, rel=0.15, abs=0.5 * DAY)
        assert found.rate == pytest.approx(rate / 100 * SIZE / DAY, rel=0.15)
        assert 0.5 < found.confidence <= 1
    else:
        assert found is None or found.seconds == pytest.approx(left, rel=0.25)


@given(st.floats(1, 40), st.floats(1, 168), st.floats(0, 1), st.floats(20, 50))
def test_what_is_given_back_is_no_growth(
    height: float, hours: float, phase: float, level: float
) -> None:
    """A saw of rotated logs or nightly dumps, seen for at least two of its teeth."""
    period = hours * HOUR
    used = lambda t: level + height * ((t / period + phase) % 1.0)  # noqa: E731
    assert forecast(history(used, days=14), now=NOW) is None


@given(st.floats(0, 40), st.floats(0.1, 8), st.integers(0, 10**6))
def test_a_disk_that_empties_is_never_full(level: float, rate: float, seed: int) -> None:
    rng = random.Random(seed)
    total = [level + 60.0]

    def used(t: float) -> float:
        total[0] -= rng.uniform(0, rate) / 24
        return total[0]

    assert forecast(history(used, days=10), now=NOW) is None


@given(st.floats(0.05, 0.95), st.floats(1, 60), st.floats(1, 30))
def test_one_step_is_no_growth(at: float, height: float, level: float) -> None:
    used = lambda t: level + (height if t > at * 12 * DAY else 0)  # noqa: E731
    assert forecast(history(used, days=12), now=NOW) is None


def test_growth_that_stopped_is_over() -> None:
    used = lambda t: 20 + 6 * min(t, 6 * DAY) / DAY  # noqa: E731
    assert forecast(history(used, days=13), now=NOW) is None


def test_noise_alone_is_hardly_ever_taken_for_growth() -> None:
    wrong = 0
    for seed in range(300):
        rng = random.Random(seed)
        points = history(lambda t, rng=rng: 60 + rng.gauss(0, 5), days=14)  # type: ignore[misc]
        wrong += forecast(points, now=NOW) is not None
    assert wrong == 0


@pytest.mark.parametrize(("minutes", "step"), [(60, 60.0), (600, 300.0)])
def test_a_sudden_flood_is_seen_before_the_day_is_over(minutes: int, step: float) -> None:
    """Ten quiet days, then a log gone wild."""
    quiet = history(lambda t: 40 + t / DAY / 10, days=10, now=NOW - minutes * 60)
    flood = history(lambda t: 41 + 40 * t / (minutes * 60), days=minutes / 1440, step=step)
    found = forecast(quiet + flood, now=NOW)
    assert found is not None
    assert found.seconds == pytest.approx(minutes * 60 * 19 / 40, rel=0.2)


def test_the_same_flood_each_night_is_known() -> None:
    def used(t: float) -> float:
        hour = (t % DAY) / HOUR
        return 40 + (min(hour, 6) * 8 if hour < 8 else 0)

    for hours in range(48):
        points = history(used, days=9 + hours / 24, step=900.0)
        assert forecast(points, now=NOW) is None


def test_a_disk_that_grew_is_judged_by_what_came_after() -> None:
    small = [Point(p.at, p.free / 2, SIZE / 2) for p in history(lambda t: 9 * t / DAY, days=9)]
    large = history(lambda t: 45 + t / DAY / 50, days=1)
    assert forecast([p for p in small if p.at < large[0].at] + large, now=NOW) is None


def test_points_of_a_clock_that_was_wrong_are_left_out() -> None:
    right = history(lambda t: 30 + 5 * t / DAY, days=10)
    expected = forecast(right, now=NOW)
    assert expected is not None
    wrong = [
        Point(5.0, 1e9, SIZE),
        Point(NOW + 400 * DAY, 9e10, SIZE),
        Point(NOW + HOUR, 1.0, SIZE),
    ]
    assert forecast(wrong + right, now=NOW) == expected


@pytest.mark.parametrize("days", [0, 0.01, 1, 3])
def test_too_little_says_nothing(days: float) -> None:
    assert forecast([], now=NOW) is None
    assert forecast(history(lambda t: 30 + t / DAY, days=days), now=NOW) is None


anything = st.floats(allow_nan=True, allow_infinity=True) | st.floats(NOW - KEPT, NOW)


@given(st.lists(st.builds(Point, anything, anything, anything), max_size=60), anything)
def test_nonsense_never_breaks_it(points: list[Point], now: float) -> None:
    found = forecast(points, now=now)
    if found is not None:
        assert found.seconds >= 0
        assert math.isfinite(found.seconds)
        assert 0 <= found.confidence <= 1
