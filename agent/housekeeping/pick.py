"""What one call of the one-shot runs: the tasks named, or those that are due by now.

Owns that choice, shared by the one-shot and the command. Refuses to run any by itself.
"""

from __future__ import annotations

from collections.abc import Sequence

from agent.housekeeping.due import due_tasks, next_due, settled
from agent.housekeeping.open import moment_of
from agent.housekeeping.roll import find_task, tasks_of
from agent.housekeeping.run import Ran, Runner
from agent.housekeeping.states import TaskStates, read_states
from agent.housekeeping.task import Task


def run_picked(
    runner: Runner, names: Sequence[str], *, due: bool, up_since: float | None = None
) -> list[Ran]:
    """Run the tasks named; `due`: those that are due; neither: all, as a dry run may.

    Raises UsageError for a name there is not, BusyError and MachineError.
    """
    chores = runner.chores
    tasks = tasks_of(chores.manifest, embedded=chores.layout.embedded)
    if names:
        return runner.run([find_task(tasks, name) for name in dict.fromkeys(names)])
    if not due:
        return runner.run(tasks)

    def choose(states: TaskStates) -> list[Task]:
        moment = moment_of(chores.host, chores.layout, up_since=up_since)
        sound = settled(states, tasks, moment.now)
        if sound is not states and not chores.dry:
            runner.save(sound)
        return due_tasks(tasks, sound, moment)

    def after(states: TaskStates) -> TaskStates:
        moment = moment_of(chores.host, chores.layout, up_since=up_since)
        sound = settled(states, tasks, moment.now)
        return TaskStates(sound.tasks, next_due(tasks, sound, moment))

    if chores.dry:
        return runner.run(choose(read_states(chores.layout)))
    return runner.run_chosen(choose, after)
