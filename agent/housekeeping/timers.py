"""The units of housekeeping on a machine with systemd: a timer a task, and drop-ins. Pure.

Owns their text: manifest, layout and values in, files out. Refuses to write, enable or start:
setup does.
"""

from __future__ import annotations

from agent.housekeeping.due import timer_name
from agent.housekeeping.roll import tasks_of
from agent.housekeeping.task import Task
from agent.layout import Layout
from agent.manifest.model import Manifest
from agent.manifest.placeholders import Values
from agent.services import quoting
from agent.services.one_shots import writable_paths
from agent.services.units import UnitFile

TEMPLATE = "caretaker-task@.service"
_WAIT = 3600  # seconds; --wait of the template
_USUAL = 7500  # seconds; TimeoutStartSec= of the template
_AFTER = 120  # seconds
_GENERATED = "Written by Caretaker from /etc/caretaker/appliance.toml; setup.sh writes it anew."


def task_units(manifest: Manifest, layout: Layout, values: Values) -> tuple[UnitFile, ...]:
    """Every timer, and the drop-ins of the tasks' one-shots. Raises ManifestError."""
    app = manifest.appliance.name
    writes = " ".join(
        f"-{quoting.paths([path])}" for path in writable_paths(manifest, layout, values)
    )
    head = (f"# What tasks of the appliance {app} may write.", f"# {_GENERATED}")
    may_write = f"ReadWritePaths={writes}"
    found = [_drop_in(layout, TEMPLATE, [*head, "[Service]", may_write])]
    for task in tasks_of(manifest, embedded=False):
        if task.schedule.calendar:
            path = layout.units / timer_name(task.name)
            found.append(UnitFile(path, _timer(task)))
        lines = [*task.rights, *_time(task)]
        if lines:
            unit = TEMPLATE.replace("@", f"@{task.name}")
            head = (f"# What the task {task.name} needs beyond others.", f"# {_GENERATED}")
            # It takes the place of the template's, which has the same name (systemd.unit(5)).
            found.append(_drop_in(layout, unit, [*head, "[Service]", may_write, *lines]))
    return tuple(found)


def timer_names(manifest: Manifest) -> tuple[str, ...]:
    """The timers that must be enabled."""
    tasks = tasks_of(manifest, embedded=False)
    return tuple(timer_name(task.name) for task in tasks if task.schedule.calendar)


def _drop_in(layout: Layout, unit: str, lines: list[str]) -> UnitFile:
    return UnitFile(layout.units / f"{unit}.d" / "10-appliance.conf", "\n".join([*lines, ""]))


def _time(task: Task) -> list[str]:
    longest = round(_WAIT + task.timeout + _AFTER)
    if longest <= _USUAL:
        return []
    return ["# The wait for its turn, and its own time.", f"TimeoutStartSec={longest}"]


def _timer(task: Task) -> str:
    schedule = task.schedule
    lines = [
        f"# When the task {task.name} is due.",
        f"# {_GENERATED}",
        "[Unit]",
        f"Description={quoting.line(f'Caretaker: when {task.name} is due')}",
        "Documentation=man:caretaker(1)",
        "PartOf=caretaker.target",
        "",
        "[Timer]",
        f"OnCalendar={quoting.line(schedule.calendar)}",
        "# Its share of the jitter is this machine's own, the same each time.",
        f"RandomizedDelaySec={round(schedule.jitter * 1000)}ms",
        "FixedRandomDelay=yes",
        "# What was missed while the machine was off is made up for, once.",
        f"Persistent={'yes' if schedule.persistent else 'no'}",
        "AccuracySec=1s",
        "",
        "[Install]",
        "WantedBy=caretaker.target",
    ]
    return "\n".join(lines) + "\n"
