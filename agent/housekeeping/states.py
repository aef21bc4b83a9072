"""What is kept of each task between runs: when it ran, how that ended, from when it is reckoned.

Owns the records of tasks.json. Pure, but for reading the file. Refuses to judge what is due.
"""

from __future__ import annotations

import msgspec

from agent.host.failures import FileFailure
from agent.layout import Layout
from agent.state import StateFile

RUNNING, DONE, FAILED, BROKE_OFF = "running", "done", "failed", "broke off"


class TaskState(msgspec.Struct, frozen=True, kw_only=True):
    """One task. Times are since 1970.

    `anchor`: the next time it is due is the first of its calendar after this one. It is the begin
    of the last run, or when the task was first seen, and never in the future. `began` is 0 where
    it never ran.
    """

    anchor: float
    began: float = 0.0
    outcome: str = ""
    summary: str = ""
    why: str = ""
    seconds: float | None = None
    freed: int = 0
    items: int = 0


class TaskStates(msgspec.Struct, frozen=True):
    """All of them, by name.

    `next` is when the first of them is due, as the last run with `--due` reckoned it; the embedded
    daemon goes by it, so that it need not know tasks and calendars. None: never.
    """

    tasks: dict[str, TaskState] = {}
    next: float | None = None

    def put(self, name: str, state: TaskState) -> TaskStates:
        return TaskStates({**self.tasks, name: state}, self.next)


def state_file(layout: Layout) -> StateFile[TaskStates]:
    """Root's, and for everybody to read: `caretaker status` needs no rights."""
    return StateFile(layout.tasks, TaskStates)


def read_states(layout: Layout) -> TaskStates:
    """What is known; nothing where it can't be read. Never sets a bad file aside: readers have
    no right to.
    """
    from agent.host import files

    try:
        content = files.read_bytes(layout.tasks)
        return msgspec.json.decode(content, type=TaskStates)
    except (FileNotFoundError, FileFailure, msgspec.DecodeError):
        return TaskStates()
