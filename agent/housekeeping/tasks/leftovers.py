"""`leftovers`: what was kept for a person to look at, once nobody will any more.

Owns the list: lock files put aside, state files that were corrupt, support bundles. Refuses
anything that is not in a folder of Caretaker's own.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from agent.health.words import amount
from agent.host import descent
from agent.host.failures import FileFailure
from agent.host.purge import Purged, Terms, purge
from agent.housekeeping import ages
from agent.housekeeping.task import Chores, Done, Task
from agent.locks import places
from agent.manifest.kinds import Duration
from agent.manifest.upkeep import Schedule
from agent.tls.moment import CLOCK_FLOOR

_CORRUPT = 30 * 86400.0  # seconds: a month to ask what broke a file


@dataclass(frozen=True, slots=True)
class _Kept:
    folder: Path
    seconds: float
    names: tuple[str, ...] = ()


def run(chores: Chores) -> Done:
    note = ages.look(chores)
    items = freed = 0
    lines: list[str] = []
    problems: list[str] = []
    for kept in _kept(chores):
        try:
            done = _empty(kept, now=ages.now_for(chores, note, kept.seconds), dry=chores.dry)
        except (FileFailure, OSError) as error:
            problems.append(str(error))
            continue
        items, freed = items + done.files, freed + done.freed
        lines += [f"{'would remove' if chores.dry else 'removed'} {each}" for each in done.told]
        problems += done.problems
    said = f"{'would remove' if chores.dry else 'removed'} {items} files, {amount(freed)}"
    return Done(
        summary=said if items else "nothing is left over",
        freed=freed,
        items=items,
        lines=tuple(lines),
        problems=tuple(problems),
    )


def _kept(chores: Chores) -> list[_Kept]:
    layout, manifest = chores.layout, chores.manifest
    quarantines = places.all_quarantines(layout, manifest, chores.values)
    return [
        *(_Kept(folder, places.KEPT) for folder in quarantines),
        _Kept(layout.state, _CORRUPT, ("*.corrupt", "*.corrupt-*")),
        _Kept(layout.bundles, manifest.housekeeping.bundles),
    ]


def _empty(kept: _Kept, *, now: float, dry: bool) -> Purged:
    try:
        top = descent.open_folder(kept.folder)
    except (FileNotFoundError, NotADirectoryError):
        return Purged()
    terms = Terms(
        now=now, age=kept.seconds, floor=CLOCK_FLOOR, names=kept.names, folders=False, dry=dry
    )
    try:
        return purge(top, terms, path=str(kept.folder))
    finally:
        os.close(top)


TASK = Task(
    name="leftovers",
    title="lock files put aside, corrupt state and support bundles past their time",
    schedule=Schedule(calendar="daily", jitter=Duration(3600)),
    run=run,
    frees=True,
    rights=(
        "# The kernel says of a file, through a lease, whether anybody has it open.",
        "CapabilityBoundingSet=CAP_LEASE",
        "ReadWritePaths=-/run/caretaker-quarantine",
        *ages.RIGHTS,
    ),
)
