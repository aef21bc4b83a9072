"""The preloaded process: does one job, and prints what came of it as a line of JSON.

Owns its scratch folder, which is on a memory file system. `start` starts it; nobody else should.
"""

import functools
import json
import os
import shutil
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path

import msgspec

from bench.crash import blocks, bugs, power
from bench.crash.forks import adopt_orphans
from bench.crash.operation import Job, Tally
from bench.crash.operations import OPERATIONS
from bench.crash.shared import Shared
from bench.crash.sweep import Sweeper, double, rival, single


def main(text: str) -> int:
    job = Job(**json.loads(text))
    # Half of a scenario's time otherwise: what a record's fields are never changes.
    msgspec.structs.fields = functools.cache(msgspec.structs.fields)
    adopt_orphans()
    shared = Shared(Path(os.environ["CRASH_SHARED"]))
    home = Path(tempfile.mkdtemp(prefix="crash-", dir="/dev/shm"))
    try:
        print(json.dumps([asdict(each) for each in _done(job, shared, home)]))
    finally:
        shutil.rmtree(home)
    return 0


def _done(job: Job, shared: Shared, home: Path) -> list[Tally]:
    operation = next(each for each in OPERATIONS if each.name == job.operation)
    root = home / "root"
    shared.watch(root)
    sweeper = Sweeper(operation, shared, root)
    sweeper.prepare()
    if job.bug:
        bugs.plant(job.bug)
    calls = sweeper.calls()
    tallies = [single(sweeper, calls, kind, job) for kind in job.kinds]
    if job.rivals:
        tallies.append(rival(sweeper, calls, job))
    if job.doubles:
        tallies.append(double(sweeper, calls, job))
    if job.cuts:
        tallies.append(power.cuts(sweeper, home / "log", job))
    if job.blocks:
        tallies.append(blocks.cuts(sweeper, home, job))
    return tallies


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
