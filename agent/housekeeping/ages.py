"""How old things may be said to be, on a machine whose clock may be wrong.

Owns the note of what the clocks said at the last purge, and what follows from it: a clock far
ahead makes every file look ancient, and a step ahead makes all that stood before it look older
than it is. Refuses to set any clock.
"""

from __future__ import annotations

import contextlib

import msgspec

from agent.errors import RefusedError
from agent.host.failures import FileFailure
from agent.housekeeping.task import Chores
from agent.state import StateFile
from agent.tls.moment import Moment, is_trusted, newest_of, trust

# What a unit must allow for the clock to be asked; to set it, it lacks CAP_SYS_TIME.
RIGHTS = (
    "# Whether the clock is kept right is asked by the call that could also set it.",
    "ProtectClock=no",
    "SystemCallFilter=adjtimex clock_adjtime",
)
_STEP = 60.0  # seconds; a time service that slews never makes as much between two looks


class Note(msgspec.Struct, frozen=True, kw_only=True):
    """What the clocks said. `ahead`: by how much the wall clock was set ahead, `stepped` when."""

    boot: str = ""
    wall: float = 0.0
    monotonic: float = 0.0
    ahead: float = 0.0
    stepped: float = 0.0


def now_for(chores: Chores, note: Note, age: float) -> float:
    """The moment from which an age of so many seconds is counted; a step ahead is not counted.

    Once `age` seconds are over since the step, all that stood before it is that old for certain.
    """
    wall = chores.host.clock.wall()
    return wall - note.ahead if wall - note.stepped < age else wall


def look(chores: Chores) -> Note:
    """Compare the clocks with what they said before, and note it, but for a dry run.

    Raises RefusedError where the clock can't be believed: then nothing may go by its age.
    """
    kept = StateFile(chores.layout.ages, Note, mode=0o600)
    before = kept.load(aside=not chores.dry) or Note()
    clock = chores.host.clock
    now = Note(boot=clock.boot_id(), wall=clock.wall(), monotonic=clock.monotonic())
    moment = Moment(
        now.wall,
        synchronised=_is_synchronised(chores),
        newest=newest_of(before.wall),
        witness=_made(chores),
    )
    judged = trust(moment)
    if not is_trusted(judged):
        raise RefusedError(
            "refused",
            f"the clock is not to be believed ({judged}), so nothing goes by its age",
            hint="timedatectl",
        )
    now = _stepped(before, now)
    if not chores.dry:
        with contextlib.suppress(FileFailure):  # A full disk is the very time to purge.
            kept.save(now)
    return now


def _stepped(before: Note, now: Note) -> Note:
    ahead, stepped = before.ahead, before.stepped
    if before.boot == now.boot:
        jump = (now.wall - before.wall) - (now.monotonic - before.monotonic)
        if abs(jump) > _STEP:
            # Set back again by as much, and it never was; further back, ages only look shorter.
            ahead = max(0.0, ahead + jump)
            stepped = now.wall if jump > 0 else stepped + jump
    return msgspec.structs.replace(now, ahead=ahead, stepped=min(stepped, now.wall))


def _is_synchronised(chores: Chores) -> bool:
    try:
        return chores.host.kernel.time_sync().synchronised
    except OSError:
        return False


def _made(chores: Chores) -> float:
    """When the image was made, which speaks for a clock that late."""
    try:
        return chores.layout.manifest.stat().st_mtime
    except OSError:
        return 0.0
