"""`journal`: the system's journal within the size and age the manifest allows.

Owns the words to and from `journalctl`. Refuses to touch a journal file itself: journald alone
knows which are in use.
"""

from __future__ import annotations

import re

from agent.errors import MachineError
from agent.health.words import amount
from agent.host.spawn import Completed
from agent.housekeeping.task import Chores, Done, Task
from agent.manifest.kinds import Duration
from agent.manifest.upkeep import Schedule

_TIMEOUT = 600.0
_UNITS = {"B": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40}
_AMOUNT = r"([0-9.]+)([BKMGT])"
_TAKEN = re.compile(rf"take up {_AMOUNT}")
_FREED = re.compile(rf"freed {_AMOUNT}")


def run(chores: Chores) -> Done:
    allowed = int(chores.manifest.housekeeping.journal)
    taken = sum(_amounts(_TAKEN, _ask(chores, "--disk-usage")))
    if chores.dry:
        over = max(0, taken - allowed)
        return Done(
            summary=f"the journal has {amount(taken)} of the {amount(allowed)} allowed",
            freed=over,
            items=1 if over else 0,
        )
    seconds = int(chores.manifest.housekeeping.journal_age)
    # Only archived files can go; where there is too much, what is written now becomes one.
    rotate = ["--rotate"] if taken > allowed else []
    done = _ask(chores, *rotate, f"--vacuum-size={allowed}", f"--vacuum-time={seconds}s")
    freed = sum(_amounts(_FREED, done))
    return Done(
        summary=f"freed {amount(freed)}; {amount(max(0, taken - freed))} are left",
        freed=freed,
        items=(done.stdout + done.stderr).count("Deleted archived journal"),
    )


def _ask(chores: Chores, *words: str) -> Completed:
    done = chores.host.run(["journalctl", *words], timeout=_TIMEOUT)
    if not done.ok:
        raise MachineError(
            "command-failed", f"journalctl: {done.reason}", hint="journalctl --disk-usage"
        )
    return done


def _amounts(pattern: re.Pattern[str], done: Completed) -> list[int]:
    """systemd writes amounts with a factor of 1024, and vacuums in two steps."""
    found = pattern.findall(done.stdout + done.stderr)
    return [int(float(number) * _UNITS[unit]) for number, unit in found]


TASK = Task(
    name="journal",
    title="the system's journal within its size and age",
    schedule=Schedule(calendar="daily", jitter=Duration(3600)),
    run=run,
    frees=True,
    rights=(
        "# Where journald keeps its archived files.",
        "ReadWritePaths=-/var/log/journal -/run/log/journal",
    ),
    modes=("systemd",),
)
