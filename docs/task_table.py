"""docs/reference/housekeeping.md, from the record of each task.

Owns the text around the table. Refuses facts: each stands in the table it is read from.
"""

from __future__ import annotations

from agent.housekeeping.task import Task
from agent.housekeeping.tasks import TASKS
from agent.housekeeping.timers import TEMPLATE

HEAD = """\
# Housekeeping, task by task

Made by `docs/generate.py`; do not edit. Why it is done this way:
[housekeeping](../explanation/housekeeping.md). One of your own: [add a
task](../how-to/add-a-housekeeping-task.md). What deletes, and what it never would:
[purge](../explanation/purge.md).

`caretaker housekeeping` shows them with the time at which each is due next, `caretaker housekeeping
run NAME` runs one now, `--dry-run` says what it would do, and `history` tells of past runs. An
appliance has only those that it has a use for.

| task | what it does | due | spread over | where | makes room |
|---|---|---|---|---|---|"""

TAIL = """
*Due* is a calendar expression of systemd.time(7), read on the machine's own clock face. *Spread
over*: each machine has its own share of this, the same each time. What makes room is also run out
of its time when the disk is nearly full, by the [disk remedy](remedies/disk.md), in this order.

Another schedule for one of them, or none:

```toml
[housekeeping.own.purge]
calendar = "Sun *-*-* 04:00"

[housekeeping.own.trim]
off = true
```

## How a run ends

| outcome | what it means |
|---|---|
| `done` | all of it was done |
| `failed` | some of it was not, and `why` says what; the other tasks ran all the same |
| `running` | it is under way |
| `broke off` | it was killed, or the machine went down; it counts as a run |

A failure stays in `caretaker status` until a later run of the same task is `done`. On a machine
with systemd each task is `{template}`, started by the timer `{timer}`; what it says is in
`journalctl -t caretaker-task`. Without systemd it is in `var/log/caretaker/housekeeping.log` below
the root.
"""


def page() -> str:
    rows = [_row(task) for task in TASKS]
    tail = TAIL.format(template=TEMPLATE, timer=TEMPLATE.replace(".service", ".timer"))
    return "\n".join([HEAD, *rows, tail])


def _row(task: Task) -> str:
    schedule = task.schedule
    spread = str(schedule.jitter) if schedule.jitter else ""
    where = "everywhere" if len(task.modes) > 1 else f"{task.modes[0]} only"
    cells = (f"`{task.name}`", task.title, f"`{schedule.calendar}`", spread, where,
             "yes" if task.frees else "")  # fmt: skip
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"
