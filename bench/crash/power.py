"""Power cuts: the operation is recorded once, and every disk that it may leave is recovered.

Owns which of the disks are tried. The machine boots then: what is below run/ is gone.
"""

import random
import time
from collections.abc import Iterator
from pathlib import Path

from bench.crash import disks, log, tree
from bench.crash.forks import Ended
from bench.crash.operation import Job, Tally
from bench.crash.sweep import DONE, State, Sweeper

GONE_AT_BOOT = ("run",)


def cuts(sweeper: Sweeper, notes: Path, job: Job) -> Tally:
    """Cut the power at every moment of the undisturbed operation; at most `job.cuts` disks."""
    tally, begun = Tally(sweeper.operation.name, "power cut"), time.monotonic()
    found = list(_states(sweeper, notes))
    chosen = found[job.first :: job.every]
    step = max(1, -(-len(chosen) // job.cuts))
    for moment, call, state in chosen[job.first % step :: step]:
        sweeper.put(State(state))
        tally.scenarios += 1
        tally.violations += [
            f"power cut after event {moment} ({call}): {each}"
            for each in sweeper.judged(Ended(b"", -9), booting=True)
        ]
        if job.stop_at and len(tally.violations) >= job.stop_at:
            break
    tally.seconds = time.monotonic() - begun
    return tally


def record(sweeper: Sweeper, notes: Path) -> tuple[disks.Disk, list[log.Event]]:
    """The disk before, and what the undisturbed operation did to it."""
    notes.unlink(missing_ok=True)
    sweeper.put(sweeper.before)
    disk = disks.standing(sweeper.root)
    sweeper.shared.watch(sweeper.root, notes)
    ended = sweeper.struck("none", 0, recording=True)
    if ended.said != DONE or sweeper.shared.lost:
        raise RuntimeError(f"recording {sweeper.operation.name}: {ended.said.decode()}")
    return disk, log.read(notes)


def _states(sweeper: Sweeper, notes: Path) -> Iterator[tuple[int, str, tree.Tree]]:
    """Each different disk once, with the moment (events that had happened) at which it may be."""
    disk, events = record(sweeper, notes)
    dice = random.Random(4)
    seen: set[int] = set()
    for moment in range(len(events) + 1):
        if moment:
            disk.happen(events[moment - 1])
        for state in disk.trees(dice):
            booted = tree.without(state, GONE_AT_BOOT)
            if (one := tree.key(booted)) not in seen:
                seen.add(one)
                yield moment, events[moment - 1].call if moment else "the start", booted
