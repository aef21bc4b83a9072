"""`database`: the application's databases kept in shape.

Owns which SQLite files, as whom, and the vendor's program for other kinds. Refuses to open a
database as root: what SQLite makes beside it would be root's too.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import msgspec

from agent.errors import CaretakerError
from agent.health.words import amount
from agent.host import descent, sqlite_upkeep, users
from agent.host.failures import FileFailure
from agent.housekeeping.task import Chores, Done, Task
from agent.manifest.kinds import Duration
from agent.manifest.placeholders import expand
from agent.manifest.upkeep import Schedule

_TIMEOUT = 1800.0


class _Kept(msgspec.Struct):
    """What the child says."""

    before: int
    after: int
    problem: str


def run(chores: Chores) -> Done:
    lines: list[str] = []
    problems: list[str] = []
    freed = 0
    for text in chores.manifest.housekeeping.sqlite:
        try:
            path = Path(expand(text, chores.values))
            kept = _keep(chores, path)
        except (CaretakerError, FileFailure, OSError) as error:
            problems.append(str(error))
            continue
        if kept is None:
            continue
        freed += max(0, kept.before - kept.after)
        lines.append(f"{'would keep' if chores.dry else 'kept'} {path} in shape")
        problems += [f"{path}: {kept.problem}"] if kept.problem else []
    if chores.manifest.housekeeping.vacuum:
        _vacuum(chores, lines, problems)
    return Done(
        summary=f"{len(lines)} kept in shape, {amount(freed)} freed" if lines else "there is none",
        freed=freed,
        items=len(lines),
        lines=tuple(lines),
        problems=tuple(problems),
    )


def _keep(chores: Chores, path: Path) -> _Kept | None:
    """None where there is no such file."""
    with descent.at(path) as place:
        if place is None or place.file < 0:
            return None
        facts, trusted = place.facts, descent.is_ours(os.fstat(place.folder))
    owner = users.name_of(facts.st_uid)
    if facts.st_uid == 0 and not trusted:
        return _Kept(0, 0, "it is root's, in a folder where others may put another in its place")
    if chores.dry:
        return _Kept(0, 0, "")
    if not owner:
        return _Kept(0, 0, "its owner is no user of this machine")
    argv = [sys.executable, "-I", "-S", sqlite_upkeep.__file__, str(path)]
    done = chores.host.run(argv, timeout=_TIMEOUT, user=owner)
    if not done.ok:
        return _Kept(0, 0, done.reason)
    try:
        return msgspec.json.decode(done.stdout, type=_Kept)
    except msgspec.MsgspecError:
        return _Kept(0, 0, "its upkeep gave no answer")


def _vacuum(chores: Chores, lines: list[str], problems: list[str]) -> None:
    housekeeping, app = chores.manifest.housekeeping, chores.manifest.appliance.name
    argv = [expand(word, chores.values) for word in housekeeping.vacuum]
    # Below a root of its own nobody else is there to become.
    user = housekeeping.vacuum_user or ("" if chores.layout.embedded else app)
    if chores.dry:
        lines.append(f"would run {argv[0]}")
        return
    done = chores.host.run(argv, timeout=_TIMEOUT, user=user)
    if done.ok:
        lines.append(f"ran {argv[0]}")
    else:
        problems.append(f"{argv[0]}: {done.reason}")


TASK = Task(
    name="database",
    title="the application's databases kept in shape",
    schedule=Schedule(calendar="Sun *-*-* 04:00", jitter=Duration(3600)),
    run=run,
    wanted=lambda manifest: bool(manifest.housekeeping.sqlite or manifest.housekeeping.vacuum),
    timeout=2 * 3600.0,
    rights=(
        "# Each database is opened as its owner, since root's files beside it would shut it out.",
        "CapabilityBoundingSet=",
        "CapabilityBoundingSet=CAP_DAC_READ_SEARCH CAP_SETUID CAP_SETGID CAP_KILL",
    ),
)
