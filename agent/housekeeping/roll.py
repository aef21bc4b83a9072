"""Which tasks an appliance has: Caretaker's own that it has a use for, and its vendor's.

Owns the overrides of the manifest, and finding a task by name. Refuses to run any.
"""

from __future__ import annotations

import dataclasses

import msgspec

from agent.errors import UsageError
from agent.housekeeping.declared import declared_task
from agent.housekeeping.task import Task
from agent.housekeeping.tasks import TASKS
from agent.manifest.model import Manifest
from agent.manifest.suggest import suggestion


def tasks_of(manifest: Manifest, *, embedded: bool) -> tuple[Task, ...]:
    """In the order shown to people and run in: Caretaker's own first."""
    mode = "embedded" if embedded else "systemd"
    own = [_overridden(task, manifest) for task in TASKS if mode in task.modes]
    wanted = [task for task in own if task.wanted(manifest)]
    app = manifest.appliance.name
    vendors = [declared_task(name, each, app) for name, each in manifest.tasks.items()]
    return (*wanted, *vendors)


def find_task(tasks: tuple[Task, ...], name: str) -> Task:
    """Raises UsageError with the nearest name."""
    for task in tasks:
        if task.name == name:
            return task
    near = suggestion(name, [task.name for task in tasks])
    hint = "caretaker housekeeping list"
    raise UsageError("usage", f"there is no housekeeping task {name!r}{near}", hint=hint)


def _overridden(task: Task, manifest: Manifest) -> Task:
    wish = manifest.housekeeping.own.get(task.name)
    if wish is None:
        return task
    calendar = "" if wish.off else wish.calendar or task.schedule.calendar
    schedule = msgspec.structs.replace(task.schedule, calendar=calendar)
    return dataclasses.replace(task, schedule=schedule)
