"""`purge`: files past their age in the folders that the manifest declares.

Owns which folders, and the words. How a file goes, and what keeps it, is `agent.host.purge`'s.
"""

from __future__ import annotations

import os
from pathlib import Path

from agent.errors import CaretakerError
from agent.health.words import amount
from agent.host import descent
from agent.host.failures import FileFailure
from agent.host.purge import Purged, Terms, purge
from agent.housekeeping import ages
from agent.housekeeping.task import Chores, Done, Task
from agent.manifest import upkeep
from agent.manifest.kinds import Duration
from agent.manifest.placeholders import expand
from agent.tls.moment import CLOCK_FLOOR


def run(chores: Chores) -> Done:
    note = ages.look(chores)
    files = freed = 0
    lines: list[str] = []
    problems: list[str] = []
    for name, declared in chores.manifest.purge.items():
        path = Path(expand(declared.path, chores.values))
        try:
            done = _empty(chores, path, declared, ages.now_for(chores, note, declared.older_than))
        except (CaretakerError, FileFailure, OSError) as error:
            problems.append(f"{name}: {error}")
            continue
        files, freed = files + done.files + done.folders, freed + done.freed
        lines += _lines(name, path, done, dry=chores.dry)
        problems += [f"{name}: {each}" for each in done.problems]
    would = "would remove" if chores.dry else "removed"
    return Done(
        summary=f"{would} {files} files and folders, {amount(freed)}"
        if files
        else "nothing is old",
        freed=freed,
        items=files,
        lines=tuple(lines),
        problems=tuple(problems),
    )


def _empty(chores: Chores, path: Path, declared: upkeep.Purge, now: float) -> Purged:
    try:
        top = descent.open_folder(path)
    except (FileNotFoundError, NotADirectoryError):
        return Purged()
    terms = Terms(
        now=now,
        age=declared.older_than,
        floor=CLOCK_FLOOR,
        names=tuple(declared.names),
        folders=declared.folders,
        dry=chores.dry,
    )
    try:
        return purge(top, terms, path=str(path))
    finally:
        os.close(top)


def _lines(name: str, path: Path, done: Purged, *, dry: bool) -> list[str]:
    would = "would remove" if dry else "removed"
    lines = [f"{would} {each}" for each in done.told]
    if done.files > len(done.told):
        lines.append(f"{would} {done.files - len(done.told)} more below {path}")
    stayed = (
        (done.opened, "open somewhere"),
        (done.undated, "dated by a clock that was wrong"),
        (done.returned, "new by then"),
        (done.mounts, "mounted from elsewhere"),
        (done.locked, "locked by a process"),
    )
    lines += [f"{name}: left {count}: {why}" for count, why in stayed if count]
    return lines


TASK = Task(
    name="purge",
    title="files past their age in declared folders",
    schedule=upkeep.Schedule(calendar="hourly", jitter=Duration(600)),
    run=run,
    wanted=lambda manifest: bool(manifest.purge),
    frees=True,
    rights=(
        "# The kernel says of a file, through a lease, whether anybody has it open.",
        "CapabilityBoundingSet=CAP_LEASE",
        *ages.RIGHTS,
    ),
)
