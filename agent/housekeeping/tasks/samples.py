"""`samples`: what the machine was doing, hour by hour, so that support can look back.

Owns the record and how much of it is kept. Refuses arguments of processes and anything of the
application's data: a sample goes into a support bundle.
"""

from __future__ import annotations

import msgspec

from agent.host import files, ring
from agent.host.clock import rfc3339
from agent.host.snapshot import snapshot
from agent.housekeeping.task import Chores, Done, Task
from agent.manifest.kinds import Duration
from agent.manifest.upkeep import Schedule

NAME = "samples.jsonl"
_CAP = 8 << 20  # bytes of both files; some two months of hours


def run(chores: Chores) -> Done:
    if chores.dry:
        return Done(summary=f"would add a sample to {chores.layout.samples / NAME}")
    clock = chores.host.clock
    sample = {
        "at": rfc3339(clock.wall()),
        "boot": clock.boot_id(),
        "up_seconds": round(clock.monotonic()),
        **snapshot(),
    }
    line = msgspec.json.encode(sample)
    files.ensure_folder(chores.layout.samples, mode=0o750)
    ring.append(chores.layout.samples / NAME, line, cap=_CAP)
    return Done(summary=f"added a sample of {len(line)} bytes", items=1)


TASK = Task(
    name="samples",
    title="what the machine is doing, for support",
    schedule=Schedule(calendar="hourly", jitter=Duration(300), persistent=False),
    run=run,
    timeout=120.0,
)
