"""Whether the process with the number in a lock file is the one that wrote it.

Owns the proofs that it is another one: gone, only a thread's number, another program, another
user, started after the file was written, or the file is from another boot. Pure.

Times are the weakest: start times are ticks since boot, file times the wall clock's. When that is
set forward after a process has written its file, as many a machine does soon after boot, the file
looks older than the process. So times prove nothing unless the clock is known not to have been set
since boot, nor against a process that runs the very program the lock belongs to.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePath

from agent.host.passport import Passport
from agent.locks.content import Named
from agent.locks.evidence import Evidence
from agent.locks.times import CLOCK_FLOOR, MARGIN
from agent.manifest.upkeep import Lock

_COMM = 15  # characters the kernel keeps of a name (proc(5), comm)
_POSTGRES = ("postgres", "postmaster")


@dataclass(frozen=True, slots=True)
class Proof:
    """It is another process, or none. `word` says so in a file's name."""

    reason: str
    word: str


@dataclass(frozen=True, slots=True)
class Doubt:
    """It may be or not."""

    reason: str


def another_process(lock: Lock, named: Named, seen: Evidence) -> Proof | Doubt | None:
    """Proof that the process which wrote the lock is gone; None where it seems to live."""
    suspect = seen.suspect
    if suspect is None or not suspect.lives:
        return Proof(f"it names process {named.pid}, which is gone", "gone")
    same = same_program(lock, suspect)
    if suspect.is_thread:
        if same:
            return Doubt(f"{named.pid} is a thread of process {suspect.process}, the same program")
        reason = f"it names process {named.pid}, now the number of a thread"
        return Proof(f"{reason} of process {suspect.process}", "thread")
    if same is False:
        runs = suspect.executable or suspect.called[0]
        return Proof(f"process {named.pid} is another program, {runs}", "program")
    if _another_user(lock, suspect, seen):
        users = ", ".join(map(str, sorted(suspect.users)))
        return Proof(f"process {named.pid} belongs to another user ({users})", "user")
    return _by_time(named, suspect, seen, alike=bool(same))


def before_this_boot(seen: Evidence) -> bool:
    """Whether the file is from another boot for certain.

    A tmpfs does not outlive one, whatever its times say. Its last change of any kind counts: it
    can't be set by hand, so a file that was unpacked with old times is not old.
    """
    if seen.file_system in ("tmpfs", "ramfs"):
        return False
    last = max(seen.file.written, seen.file.changed)
    return seen.steady and plausible(last, seen) and last < seen.wall - seen.uptime - MARGIN


def plausible(when: float, seen: Evidence) -> bool:
    """Whether a time can be right: neither from before the clock was set nor from the future."""
    booted = seen.wall - seen.uptime
    return CLOCK_FLOOR <= when <= seen.wall + MARGIN and booted >= CLOCK_FLOOR


def _by_time(
    named: Named, suspect: Passport, seen: Evidence, *, alike: bool
) -> Proof | Doubt | None:
    last = max(seen.file.written, seen.file.changed)
    started = seen.wall - seen.uptime + suspect.started
    younger = started > last + MARGIN
    if not younger and named.started and abs(started - named.started) <= MARGIN:
        return None
    if not younger and not named.started:
        return None
    what = f"process {named.pid}"
    if not seen.steady or not plausible(last, seen):
        return Doubt(f"{what} lives, and the clock may have been set since the file was written")
    if alike:
        return Doubt(f"{what} runs the same program; times alone don't prove it another one")
    if before_this_boot(seen):
        return Proof(f"it was written before this boot; {what} is another one", "boot")
    if younger:
        return Proof(f"{what} started {started - last:.0f} s after the file was written", "reused")
    return Doubt(f"{what} did not start when the file says, nor after it was written")


def same_program(lock: Lock, suspect: Passport) -> bool | None:
    """Whether it runs what the lock's holder runs; None where that is not known.

    By its last name alone: a service still running from the release before the upgrade stands in
    another folder. A script's process runs the interpreter, so the arguments count as well.
    """
    wanted = {PurePath(lock.executable).name} if lock.executable else set()
    if not wanted and lock.kind == "postgres":
        wanted = set(_POSTGRES)
    if not wanted or not (suspect.executable or suspect.called):
        return None
    there = [suspect.executable.removesuffix(" (deleted)"), *suspect.called]
    names = {PurePath(each).name for each in there if each}
    # PostgreSQL rewrites its title: `postgres: 15/main: checkpointer `.
    names |= {name.split(":", 1)[0] for name in names}
    return bool(names & (wanted | {name[:_COMM] for name in wanted}))


def _another_user(lock: Lock, suspect: Passport, seen: Evidence) -> bool:
    """Whether none of the users that may have written the file is the process's.

    Who starts as root writes the file as root and lives on as the service's user, and root writes
    into anybody's file; so root says nothing unless the service's user is known.
    """
    owner = seen.file.owner
    if lock.kind == "postgres":
        return owner not in suspect.users  # It runs as the owner of its folder, or not at all.
    if seen.user is None and (owner == 0 or 0 in suspect.users):
        return False
    return suspect.users.isdisjoint({owner, seen.user})
