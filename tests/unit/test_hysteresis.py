"""The rule of fall and rise, by example and by property."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.findings import Status
from agent.health.hysteresis import BADNESS, Streak, advance

PASS, WARN, FAIL = Status.PASS, Status.WARN, Status.FAIL
STATUSES = st.sampled_from(list(Status))
COUNTS = st.integers(1, 5)


def stood(looks: list[Status], *, fall: int = 2, rise: int = 2) -> list[Status]:
    """What stood after each look."""
    streak, standing = Streak(), []
    for look in looks:
        streak = advance(streak, look, fall=fall, rise=rise)
        assert streak.standing is not None
        standing.append(streak.standing)
    return standing


@pytest.mark.parametrize(
    ("looks", "expected"),
    [
        ([PASS], [PASS]),
        ([FAIL], [FAIL]),
        ([PASS, FAIL], [PASS, PASS]),
        ([PASS, FAIL, FAIL], [PASS, PASS, FAIL]),
        ([PASS, FAIL, PASS, FAIL], [PASS, PASS, PASS, PASS]),
        ([PASS, FAIL, WARN, FAIL, FAIL], [PASS, PASS, WARN, WARN, FAIL]),
        ([FAIL, PASS, PASS], [FAIL, FAIL, PASS]),
        ([FAIL, WARN, PASS, PASS], [FAIL, FAIL, WARN, PASS]),
        ([WARN, PASS, FAIL, PASS, FAIL], [WARN, WARN, WARN, WARN, WARN]),
    ],
)
def test_two_in_a_row(looks: list[Status], expected: list[Status]) -> None:
    assert stood(looks) == expected


def test_one_is_enough_where_one_is_asked_for() -> None:
    looks = [PASS, FAIL, WARN, PASS, FAIL]
    assert stood(looks, fall=1, rise=1) == looks


def test_falling_and_rising_may_differ() -> None:
    assert stood([PASS, FAIL, PASS, PASS, PASS], fall=1, rise=3) == [PASS, FAIL, FAIL, FAIL, PASS]


@given(st.lists(STATUSES, min_size=1, max_size=60), COUNTS, COUNTS)
def test_it_never_turns_on_fewer_looks_than_asked_for(
    looks: list[Status], fall: int, rise: int
) -> None:
    standing = stood(looks, fall=fall, rise=rise)
    for at in range(1, len(looks)):
        before, after = BADNESS[standing[at - 1]], BADNESS[standing[at]]
        if after > before:
            evidence = looks[at + 1 - fall : at + 1]
            assert len(evidence) == fall
            assert all(BADNESS[look] >= after for look in evidence)
        if after < before:
            evidence = looks[at + 1 - rise : at + 1]
            assert len(evidence) == rise
            assert all(BADNESS[look] <= after for look in evidence)


@given(st.lists(STATUSES, max_size=30), STATUSES, COUNTS, COUNTS)
def test_enough_of_the_same_always_convinces(
    looks: list[Status], last: Status, fall: int, rise: int
) -> None:
    assert stood([*looks, *[last] * max(fall, rise)], fall=fall, rise=rise)[-1] is last


@given(st.lists(STATUSES, max_size=60), COUNTS, COUNTS)
def test_memory_is_bounded(looks: list[Status], fall: int, rise: int) -> None:
    streak = Streak()
    for look in looks:
        streak = advance(streak, look, fall=fall, rise=rise)
        assert len(streak.recent) <= max(fall, rise)
