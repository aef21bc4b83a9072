"""When tasks are due, and that a wrong clock makes none run in a loop, nor never."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.housekeeping.due import Moment, due_at, due_tasks, next_due, settled
from agent.housekeeping.jitter import offset, siphash24
from agent.housekeeping.states import TaskState, TaskStates
from agent.housekeeping.task import Done, Task
from agent.manifest.kinds import Duration
from agent.manifest.upkeep import Schedule

MACHINE = bytes(range(16))
DAY = 86400.0
MIDNIGHT = datetime(2026, 11, 21, tzinfo=UTC).timestamp()


def task(calendar: str = "daily", *, jitter: float = 0.0, persistent: bool = True) -> Task:
    schedule = Schedule(calendar=calendar, jitter=Duration(jitter), persistent=persistent)
    return Task("purge", "Purge", schedule, lambda chores: Done(summary=""))


def at(now: float, *, up: float = DAY * 30) -> Moment:
    return Moment(now, now - up, UTC, MACHINE)


def test_it_is_due_at_the_first_time_after_its_last_run() -> None:
    state = TaskState(anchor=MIDNIGHT - 3600)
    assert due_at(task(), state, at(MIDNIGHT - 1)) == MIDNIGHT
    states = TaskStates({"purge": state})
    assert due_tasks([task()], states, at(MIDNIGHT - 1)) == []
    assert [each.name for each in due_tasks([task()], states, at(MIDNIGHT))] == ["purge"]


def test_a_run_missed_while_off_is_made_up_for_once_and_only_where_that_is_wanted() -> None:
    state = TaskState(anchor=MIDNIGHT - 5 * DAY)
    noon = at(MIDNIGHT + 12 * 3600, up=60)
    assert due_at(task(), state, noon) == noon.up_since
    assert due_at(task(persistent=False), state, noon) == MIDNIGHT + DAY
    after = TaskState(anchor=noon.now)
    assert due_at(task(), after, noon) == MIDNIGHT + DAY


def test_one_never_seen_is_reckoned_from_the_start_of_the_scheduler() -> None:
    assert due_at(task(), None, at(MIDNIGHT - 60, up=30)) == MIDNIGHT


def test_one_without_a_calendar_never_runs_by_itself() -> None:
    assert due_at(task(""), None, at(MIDNIGHT)) is None
    assert next_due([task("")], TaskStates(), at(MIDNIGHT)) is None


def test_jitter_is_the_same_each_day_and_another_on_another_machine() -> None:
    spread = task(jitter=3600)
    first = due_at(spread, TaskState(anchor=MIDNIGHT - 1), at(MIDNIGHT - 1))
    assert first is not None
    assert 0 < first - MIDNIGHT < 3600
    # The run itself begins late, and the next comes a day after the first all the same.
    assert due_at(spread, TaskState(anchor=first), at(first)) == first + DAY
    other = Moment(MIDNIGHT - 1, 0, UTC, bytes(16))
    assert due_at(spread, TaskState(anchor=MIDNIGHT - 1), other) != first


def test_the_hash_is_siphash() -> None:
    # The vector of the paper, appendix A.
    assert siphash24(bytes(range(16)), bytes(range(15))) == 0xA129CA6149BE45E5
    assert offset("x.timer", 0.0, MACHINE) == 0.0


def test_an_anchor_in_the_future_is_moved_to_now_and_gone_tasks_are_dropped() -> None:
    states = TaskStates({"purge": TaskState(anchor=MIDNIGHT + DAY), "gone": TaskState(anchor=1)})
    sound = settled(states, [task()], MIDNIGHT)
    assert sound.tasks == {"purge": TaskState(anchor=MIDNIGHT)}
    assert settled(sound, [task()], MIDNIGHT) is sound


@settings(max_examples=40)
@given(
    st.lists(st.one_of(st.just(0.0), st.floats(-20 * DAY, 20 * DAY)), min_size=20, max_size=120),
    st.sampled_from(["daily", "hourly", "*:0/10", "weekly"]),
)
def test_whatever_the_clock_does_it_neither_runs_in_a_loop_nor_never(
    steps: list[float], calendar: str
) -> None:
    """Beats of half an hour; before each, somebody may set the clock."""
    every = {"daily": DAY, "hourly": 3600.0, "*:0/10": 600.0, "weekly": 7 * DAY}[calendar]
    beat, clock, states, runs = 1800.0, MIDNIGHT, TaskStates(), 0
    for step in [*steps, *[0.0] * 400]:
        clock = max(0.0, clock + step) + beat
        states = settled(states, [task(calendar)], clock)
        due = due_tasks([task(calendar)], states, at(clock))
        if due:
            runs += 1
            state = msgspec.structs.replace(states.tasks["purge"], anchor=clock, began=clock)
            states = states.put("purge", state)
            assert due_tasks([task(calendar)], states, at(clock)) == []
    moved = sum(step != 0.0 for step in steps)
    passed = (len(steps) + 400) * beat
    assert runs <= moved + passed / every + 1
    assert runs >= int(400 * beat / every) - 1 if every >= beat else runs >= 390
