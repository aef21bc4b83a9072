"""When restarting is given up: by count, by window, and not for one that runs a minute."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from agent.services.crash_loop import STABLE, Event, Limit, is_crash_loop, limit_of, since_it_lasted
from tests.unit.services_fixtures import manifest_of

LIMIT = Limit(3, 100.0)
TIMES = st.lists(st.floats(0, 1000), max_size=30).map(sorted)


@given(TIMES, st.floats(0, 1000), st.booleans())
def test_one_restart_more_never_makes_it_less_of_a_loop(
    restarts: list[float],
    at: float,
    down: bool,
) -> None:
    if is_crash_loop(restarts, 1000.0, LIMIT, down=down):
        assert is_crash_loop([*restarts, at], 1000.0, LIMIT, down=down)


@given(TIMES, st.booleans())
def test_as_many_as_are_allowed_are_no_loop_while_it_runs(
    restarts: list[float],
    down: bool,
) -> None:
    recent = [at for at in restarts if 1000.0 - at <= LIMIT.window]
    expected = len(recent) > 3 or (down and len(recent) == 3)
    assert is_crash_loop(restarts, 1000.0, LIMIT, down=down) is expected


@given(st.lists(st.tuples(st.floats(0.1, 200), st.floats(0.1, 60)), max_size=30))
def test_only_what_came_after_the_last_run_that_lasted_counts(
    runs: list[tuple[float, float]],
) -> None:
    """Runs and the pauses before them."""
    now, events, expected = 0.0, [], 0
    for length, pause in runs:
        now += pause
        start = now
        events.append(Event(start, "restart"))
        now += length
        events.append(Event(now, "end"))
        expected = 0 if now - start >= STABLE else expected + 1
    assert len(since_it_lasted(events)) == expected


def test_an_end_before_any_restart_says_nothing() -> None:
    assert since_it_lasted([Event(5000.0, "end"), Event(5001.0, "restart")]) == [5001.0]


def test_the_limit_is_the_manifests() -> None:
    assert limit_of(manifest_of("")) == Limit(10, 1800.0)
    text = '[remediation]\nrestarts = 1\nwindow = "5m"\n'
    limit = limit_of(manifest_of(text))
    assert limit is not None
    assert limit.words() == "1 restart within 5 min"
    assert limit_of(manifest_of('[remediation]\noff = ["services"]\n')) is None
