"""When each task is due: from its calendar, its last run and a clock that may be wrong. Pure.

Owns the rule: due at the first time of its calendar after its anchor, plus its jitter. A run that
was missed is made up for once. A clock that stepped ahead costs one early run, and one that
stepped back none is lost for: an anchor in the future is moved to now. Refuses to run anything.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo

import msgspec

from agent.housekeeping.calendar import next_elapse
from agent.housekeeping.jitter import offset
from agent.housekeeping.states import TaskState, TaskStates
from agent.housekeeping.task import Task

_SLACK = 60.0  # seconds by which a clock may be put right without its being a step
_EARLIEST = 0.0


@dataclass(frozen=True, slots=True)
class Moment:
    """Now, and on which machine. `now` and `up_since` are seconds since 1970 by the wall clock.

    `up_since`: from when on the scheduler has been there to see a time pass.
    """

    now: float
    up_since: float
    zone: tzinfo
    machine: bytes


def timer_name(task: str) -> str:
    """The timer unit of a task; embedded there is none, and the jitter is the same."""
    return f"caretaker-task@{task}.timer"


def due_at(task: Task, state: TaskState | None, moment: Moment) -> float | None:
    """When the task is due next, since 1970; in the past: now. None: never by itself.

    A task never seen before is reckoned from the start of the scheduler.
    """
    schedule = task.schedule
    if not schedule.calendar:
        return None
    anchor = moment.up_since if state is None else state.anchor
    if not schedule.persistent:
        # What passed while nobody was there to see it is gone.
        anchor = max(anchor, moment.up_since)
    after = datetime.fromtimestamp(max(_EARLIEST, min(anchor, moment.now)), UTC)
    found = next_elapse(schedule.calendar, after, moment.zone)
    if found is None:
        return None
    # What was missed is made up for after the start, jitter and all, as systemd has it: a hundred
    # machines that come back together must not all begin at once.
    at = max(found.timestamp(), moment.up_since)
    return at + offset(timer_name(task.name), schedule.jitter, moment.machine)


def due_tasks(tasks: Sequence[Task], states: TaskStates, moment: Moment) -> list[Task]:
    """Those that are due, in their order."""
    found = []
    for task in tasks:
        at = due_at(task, states.tasks.get(task.name), moment)
        if at is not None and at <= moment.now:
            found.append(task)
    return found


def next_due(tasks: Sequence[Task], states: TaskStates, moment: Moment) -> float | None:
    """When the first of them is due; None: none ever is."""
    times = [due_at(task, states.tasks.get(task.name), moment) for task in tasks]
    return min((at for at in times if at is not None), default=None)


def settled(states: TaskStates, tasks: Sequence[Task], now: float) -> TaskStates:
    """States that can be reckoned from: each task there is, none reckoned from the future.

    The same object where nothing had to change.
    """
    found = {}
    for task in tasks:
        state = states.tasks.get(task.name) or TaskState(anchor=now)
        if state.anchor > now + _SLACK:
            state = msgspec.structs.replace(state, anchor=now)
        found[task.name] = state
    return states if found == states.tasks else TaskStates(found, states.next)
