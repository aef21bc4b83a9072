"""Power cuts: the operation is recorded once, and every disk that it may leave is recovered.

Owns which of the disks are tried. The machine boots then: what is below run/ is gone.
"""

import random
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from bench.crash import disks, log, tree
from bench.crash.forks import Ended
from bench.crash.operation import Job, Tally
from bench.crash.sweep import DONE, State, Sweeper

GONE_AT_BOOT = ("run",)


@dataclass(frozen=True)
class Cut:
    """One disk, at a moment: so many events had happened, the last of them `call`.

    `over`: the operation had ended and said that it is done.
    """

    moment: int
    call: str
    disk: tree.Tree
    over: bool


def cuts(sweeper: Sweeper, notes: Path, job: Job) -> Tally:
    """Cut the power at every moment of the undisturbed operation; at most `job.cuts` disks."""
    tally, begun = Tally(sweeper.operation.name, "power cut"), time.monotonic()
    found = list(_states(sweeper, notes))
    final = [one for one in found if one.over]
    chosen = [one for one in found if not one.over][job.first :: job.every]
    step = max(1, -(-len(chosen) // job.cuts))
    for one in [*chosen[job.first % step :: step], *final]:
        sweeper.put(State(one.disk))
        tally.scenarios += 1
        # Who was told that it is done must find it done.
        ended = Ended(DONE, 0) if one.over else Ended(b"", -9)
        tally.violations += [
            f"power cut after event {one.moment} ({one.call}): {each}"
            for each in sweeper.judged(ended, booting=True)
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


def _states(sweeper: Sweeper, notes: Path) -> Iterator[Cut]:
    """Each different disk once, and those of the end again."""
    disk, events = record(sweeper, notes)
    dice = random.Random(4)
    seen: set[int] = set()
    for moment in range(len(events) + 1):
        if moment:
            disk.happen(events[moment - 1])
        over = moment == len(events)
        if over:
            seen.clear()
        for state in disk.trees(dice):
            booted = tree.without(state, GONE_AT_BOOT)
            if (one := tree.key(booted)) not in seen:
                seen.add(one)
                call = events[moment - 1].call if moment else "the start"
                yield Cut(moment, call, booted, over=over)
