"""`backup`: one a day, and those that need not be kept taken away.

Owns asking for it. Refuses to begin before anybody has said where backups go: on the data's own
disk they would fill it and be lost with it. On systemd they run in a unit of their own, with its
rights.
"""

from __future__ import annotations

import sys

from agent.backup.place import place_of
from agent.errors import BusyError, MachineError
from agent.housekeeping.task import Chores, Done, Task
from agent.manifest.kinds import Duration
from agent.manifest.upkeep import Schedule

UNIT = "caretaker-backup.service"
_LONGEST = 6 * 3600.0  # seconds; TimeoutStartSec= of that unit, and some


def run(chores: Chores) -> Done:
    place = place_of(chores.manifest.backup, chores.layout)
    if not place.chosen:
        return Done(summary="nobody has said where to: caretaker backup connect")
    if chores.dry:
        return Done(summary=f"would back up to {place.shown}")
    if chores.layout.embedded:
        root = str(chores.layout.root)
        argv = [sys.executable, "-I", "-m", "agent.backup", "--root", root, "create"]
        done = chores.host.run(argv, timeout=_LONGEST)
        hint = f"caretaker --root {root} backup create"
    else:
        done = chores.host.systemd.control("start", UNIT, timeout=_LONGEST)
        hint = f"journalctl -u {UNIT}"
    lines = tuple(done.stdout.strip().splitlines()[:50])
    if done.status == BusyError.exit_status:
        return Done(summary="a backup or a change is under way; the next time", lines=lines)
    if not done.ok:
        raise MachineError("backup-failed", f"no backup was made: {done.reason}", hint=hint)
    return Done(summary=f"backed up to {place.shown}", items=1, lines=lines)


TASK = Task(
    name="backup",
    title="a backup, where a place for them was chosen",
    schedule=Schedule(calendar="daily", jitter=Duration(4 * 3600)),
    run=run,
    timeout=_LONGEST,
)
