"""`lock`: a lock file is not left over from a process that is gone.

Owns telling held, free and left over apart, for four ways of locking. Refuses to touch: no lock is
taken to try it (for that instant the application could not get it), nothing is deleted.

`flock` and `fcntl` locks end with their holder, whatever the file looks like, so they are held or
free and never stale. A pid file is stale when its process is gone, or when its number now belongs
to another process: one that started after the file was written, or only to a thread. Of a process
in another pid namespace (a container) nothing is known here; there `pidfile` must not be used.
The look is the daemon's, who may not see what others have open: the last word has the remedy
(agent/locks/judgement.py), which sees more and leaves alone what it doubts.
"""

from __future__ import annotations

import errno
import os
from pathlib import Path

from agent.errors import CaretakerError
from agent.findings import Finding, failed, passed, warned
from agent.health.context import CheckType, Context
from agent.health.words import span
from agent.host.facts import Process
from agent.host.failures import FileFailure
from agent.host.files import read_bytes
from agent.host.mounts import mount_of, parse_mounts
from agent.locks import content
from agent.locks.kernel_locks import FCNTL, FLOCK, kernel_locks
from agent.locks.times import CLOCK_FLOOR, MARGIN
from agent.manifest.checks import LockCheck

_BEING_WRITTEN = 10.0  # seconds in which an empty file may only be young
_TICKS = os.sysconf("SC_CLK_TCK")
_PID_CAP = 64 << 10  # bytes; postmaster.pid has some hundred


def look(check: LockCheck, context: Context) -> Finding:
    try:
        facts = Path(check.path).lstat()
    except OSError as error:
        if error.errno in (errno.ENOENT, errno.ENOTDIR):
            return passed(f"there is no lock at {check.path}", held=False)
        why = (error.strerror or "no reason given").lower()
        return failed("lock-unreadable", f"{check.path} can't be looked at: {why}")
    if check.kind == "exists":
        return _exists(check, context.host.clock.wall() - facts.st_mtime)
    if check.kind in ("pidfile", "postgres"):
        return _pidfile(check, facts, context)
    return _kernel_lock(check, facts, context)


def _exists(check: LockCheck, age: float) -> Finding:
    if age > check.older_than:
        summary = f"{check.path} is {span(age)} old, longer than anything holds it"
        return failed("lock-stale", summary, observed=age, unit="s")
    return passed(f"{check.path} is held for {span(max(0.0, age))}", held=True)


def _kernel_lock(check: LockCheck, facts: os.stat_result, context: Context) -> Finding:
    mounts = parse_mounts(context.host.kernel.lines("/proc/self/mountinfo"))
    mount = mount_of(Path(check.path).resolve(), mounts)
    device = mount.device if mount is not None else (0, 0)
    kinds = FLOCK if check.kind == "flock" else FCNTL
    for holder in kernel_locks(context.host, facts, device, kinds):
        said = f"{check.path} is held by {_named(holder.pid, context)}"
        return passed(said, held=True, pid=holder.pid)
    return passed(f"{check.path} is free", held=False)


def _named(pid: int, context: Context) -> str:
    """The holder for people. The kernel names who took the lock; a child may have inherited it."""
    if pid <= 0:
        return "an open file of some process"
    if context.host.facts.process(pid) is None:
        return f"a child of process {pid}, which has ended"
    try:
        name = context.host.kernel.text(f"/proc/{pid}/comm").strip()
    except OSError:
        name = ""
    return f"process {pid} ({name})" if name else f"process {pid}"


def _pidfile(check: LockCheck, facts: os.stat_result, context: Context) -> Finding:
    try:
        written = read_bytes(Path(check.path), cap=_PID_CAP)
    except FileNotFoundError:
        return passed(f"there is no lock at {check.path}", held=False)
    except FileFailure as failure:
        return failed("lock-unreadable", f"{check.path} can't be read: {failure.why}")
    wall = context.host.clock.wall()
    pid = _pid(check, written)
    if pid is None:
        if wall - facts.st_mtime < _BEING_WRITTEN:
            return passed(f"{check.path} is being written", held=True)
        return failed("lock-garbled", f"{check.path} does not begin with the number of a process")
    process = context.host.facts.process(pid)
    if process is None or process.state in "ZX" or _is_thread(pid, context):
        return failed("lock-stale", f"{check.path} names process {pid}, which is gone", pid=pid)
    return _same_process(check, facts.st_mtime, process, context)


def _pid(check: LockCheck, written: bytes) -> int | None:
    if check.kind == "postgres":
        named = content.read_postmaster(written)
        return named.pid if named is not None else None
    return content.read_pid(written)


def _same_process(check: LockCheck, written: float, process: Process, context: Context) -> Finding:
    """Whether the living process is the one that wrote the file."""
    booted = context.host.clock.wall() - context.host.clock.monotonic()
    started = booted + process.started / _TICKS
    # A clock that was set forward since makes the file of a living process look old.
    if started <= written + MARGIN or _is_a_service(process.pid, context):
        shown = f"{check.path} is held by process {process.pid}"
        return passed(shown, held=True, pid=process.pid)
    if written < CLOCK_FLOOR:
        # Written before the clock was set at boot: its time proves nothing either way.
        summary = f"{check.path} names process {process.pid}, but its own time can't be right"
        return warned("lock-doubtful", summary, pid=process.pid)
    when = "before this boot" if written < booted - MARGIN else f"{span(started - written)} earlier"
    summary = (
        f"{check.path} was written {when}; process {process.pid} has got its number since and is "
        "another one"
    )
    return failed("lock-stale", summary, pid=process.pid)


def _is_a_service(pid: int, context: Context) -> bool:
    """Whether it is the main process of one of the appliance's services."""
    try:
        return any(state.pid == pid for state in context.services.states().values())
    except CaretakerError:
        return False


def _is_thread(pid: int, context: Context) -> bool:
    """Whether the number is a thread's: /proc has a folder for those too, though it lists none."""
    try:
        for line in context.host.kernel.lines(f"/proc/{pid}/status"):
            if line.startswith("Tgid:"):
                return line.split()[1] != str(pid)
    except (OSError, IndexError):
        return False
    return False


TYPE = CheckType(
    code="lock",
    params=LockCheck,
    look=look,
    codes=("lock-stale", "lock-garbled", "lock-doubtful", "lock-unreadable"),
    hang="the file system does not answer; is it a network mount whose server is gone?",
    cost="one lstat; a pid file is read, /proc/locks searched",
)
