"""Phases of a connection, deadlines in order; and the board that parent and child share."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.probe.board import NUMBERS, Board, ahead, read
from agent.probe.connection import FOREVER, Connection, Phases


def peers(count: int) -> list[Connection]:
    return [Connection(fd, remote=True) for fd in range(count)]


def phases() -> Phases:
    return Phases(head_seconds=5.0, idle_seconds=75.0)


def test_nobody_waits_for_ever() -> None:
    assert phases().due() == FOREVER
    assert phases().expired(1e9) is None
    assert phases().victim() is None


def test_the_first_deadline_is_the_next() -> None:
    all_of, (one, two) = phases(), peers(2)
    all_of.idle.enter(one, 100.0)
    all_of.asking.enter(two, 101.0)
    assert all_of.due() == 106.0
    assert all_of.expired(105.9) is None
    assert all_of.expired(106.0) is two


def test_entering_a_phase_leaves_the_other() -> None:
    all_of, (one,) = phases(), peers(1)
    all_of.asking.enter(one, 1.0)
    all_of.idle.enter(one, 2.0)
    assert (len(all_of.asking), len(all_of.idle), len(all_of)) == (0, 1, 1)
    assert one.phase is all_of.idle


def test_entering_again_starts_anew() -> None:
    all_of, (one, two) = phases(), peers(2)
    all_of.idle.enter(one, 1.0)
    all_of.idle.enter(two, 2.0)
    all_of.idle.enter(one, 3.0)
    assert all_of.idle.oldest() is two
    assert all_of.due() == 77.0


def test_the_larger_crowd_loses_its_oldest() -> None:
    all_of, them = phases(), peers(5)
    all_of.idle.enter(them[0], 1.0)
    all_of.asking.enter(them[1], 2.0)
    all_of.asking.enter(them[2], 3.0)
    assert all_of.victim() is them[1]
    all_of.idle.enter(them[3], 4.0)
    all_of.idle.enter(them[4], 5.0)
    assert all_of.victim() is them[0]


def test_whoever_is_being_answered_is_never_the_victim() -> None:
    all_of, (one,) = phases(), peers(1)
    all_of.taking.enter(one, 1.0)
    assert all_of.victim() is None


def test_whoever_was_answered_goes_first() -> None:
    all_of, (one, two) = phases(), peers(2)
    all_of.asking.enter(one, 1.0)
    all_of.leaving.enter(two, 2.0)
    assert all_of.victim() is two


@given(st.integers(0, NUMBERS - 1), st.integers(1, 1000))
def test_snapshot_numbers_wrap_around(have: int, newer: int) -> None:
    assert ahead((have + newer) % NUMBERS, have)
    assert not ahead(have, (have + newer) % NUMBERS)
    assert not ahead(have, have)


@given(st.integers(1, NUMBERS - 1), st.floats(0, 1e9))
def test_the_board_keeps_number_and_deadline(number: int, deadline: float) -> None:
    notice = Board()
    assert read(notice.word[0]) == (0, 0.0)
    notice.post(number, deadline)
    found, until = read(notice.word[0])
    assert found == number
    assert deadline - 0.0011 <= until <= deadline


@pytest.mark.parametrize(("deadline", "read_back"), [(float("inf"), 1e10), (-5.0, 0.0)])
def test_the_board_takes_any_deadline(deadline: float, read_back: float) -> None:
    notice = Board()
    notice.post(7, deadline)
    assert read(notice.word[0]) == (7, read_back)


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 3)), max_size=60))
def test_the_oldest_of_each_phase_is_the_oldest(moves: list[tuple[int, int]]) -> None:
    all_of, them = phases(), peers(10)
    for now, (who, where) in enumerate(moves):
        all_of.all[where].enter(them[who], float(now))
    for phase in all_of.all:
        inside = [one for one in them if one.phase is phase]
        assert len(phase) == len(inside)
        assert phase.oldest() is min(inside, key=lambda one: one.since, default=None)
