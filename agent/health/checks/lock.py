"""`lock`: a lock file is not left over from a process that is gone.

Owns telling held, free and left over apart, for four ways of locking. Refuses to touch: no lock is
taken to try it (for that instant the application could not get it), nothing is deleted.

`flock` and `fcntl` locks end with their holder, whatever the file looks like, so they are held or
free and never stale. A pid file is stale when its process is gone, or when its number now belongs
to another process: one that started after the file was written, or only to a thread. Of a process
in another pid namespace (a container) nothing is known here; there `pidfile` must not be used.
"""

from __future__ import annotations

import errno
import os
from pathlib import Path

from agent.findings import Finding, failed, passed, warned
from agent.health.context import CheckType, Context
from agent.health.words import span
from agent.host.facts import Process
from agent.host.failures import FileFailure
from agent.host.files import read_bytes
from agent.host.mounts import mount_of, parse_mounts
from agent.manifest.checks import LockCheck

# Seconds. Start times are counted in ticks from boot and file times by the wall clock, which is
# slewed meanwhile; and a file is written some time after its process started, never before.
_MARGIN = 5.0
_BEING_WRITTEN = 10.0  # seconds in which an empty file may only be young
_TICKS = os.sysconf("SC_CLK_TCK")
# No file is older than this on an instance whose clock was ever right.
_CLOCK_FLOOR = 1735689600.0  # 2025-01-01
_PID_CAP = 64 << 10  # bytes; postmaster.pid has some hundred
_KINDS = {"flock": ("FLOCK",), "fcntl": ("POSIX", "OFDLCK")}


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
    if check.kind == "pidfile":
        return _pidfile(check, facts, context)
    return _kernel_lock(check, facts, context)


def _exists(check: LockCheck, age: float) -> Finding:
    if age > check.older_than:
        summary = f"{check.path} is {span(age)} old, longer than anything holds it"
        return failed("lock-stale", summary, observed=age, unit="s")
    return passed(f"{check.path} is held for {span(max(0.0, age))}", held=True)


def _kernel_lock(check: LockCheck, facts: os.stat_result, context: Context) -> Finding:
    devices = {(os.major(facts.st_dev), os.minor(facts.st_dev)), _mounted_on(check.path, context)}
    for line in context.host.kernel.lines("/proc/locks"):
        words = line.split()
        # 1: FLOCK  ADVISORY  WRITE 1234 08:01:5678 0 EOF; waiters have "->" in the second place.
        if (
            len(words) < 6
            or words[1] not in _KINDS[check.kind]
            or not _is_file(words[5], devices, facts)
        ):
            continue
        pid = int(words[4]) if words[4].isdigit() else 0
        return passed(f"{check.path} is held by {_named(pid, context)}", held=True, pid=pid)
    return passed(f"{check.path} is free", held=False)


def _is_file(word: str, devices: set[tuple[int, int]], facts: os.stat_result) -> bool:
    """Whether `MAJOR:MINOR:INODE` is this file: device numbers in hexadecimal, the inode not."""
    try:
        major, minor, inode = word.split(":")
        return int(inode) == facts.st_ino and (int(major, 16), int(minor, 16)) in devices
    except ValueError:
        return False


def _mounted_on(path: str, context: Context) -> tuple[int, int]:
    """The device as the kernel names it in /proc/locks.

    On btrfs and overlayfs stat says another one (a subvolume's, a layer's).
    """
    mounts = parse_mounts(context.host.kernel.lines("/proc/self/mountinfo"))
    mount = mount_of(Path(path).resolve(), mounts)
    return mount.device if mount is not None else (0, 0)


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
        content = read_bytes(Path(check.path), cap=_PID_CAP)
    except FileNotFoundError:
        return passed(f"there is no lock at {check.path}", held=False)
    except FileFailure as failure:
        return failed("lock-unreadable", f"{check.path} can't be read: {failure.why}")
    wall = context.host.clock.wall()
    pid = _pid(content)
    if pid is None:
        if wall - facts.st_mtime < _BEING_WRITTEN:
            return passed(f"{check.path} is being written", held=True)
        return failed("lock-garbled", f"{check.path} does not begin with the number of a process")
    process = context.host.facts.process(pid)
    if process is None or process.state in "ZX" or _is_thread(pid, context):
        return failed("lock-stale", f"{check.path} names process {pid}, which is gone", pid=pid)
    return _same_process(check, facts.st_mtime, process, wall - context.host.clock.monotonic())


def _same_process(check: LockCheck, written: float, process: Process, booted: float) -> Finding:
    """Whether the living process is the one that wrote the file. `booted` is since 1970."""
    started = booted + process.started / _TICKS
    if started <= written + _MARGIN:
        shown = f"{check.path} is held by process {process.pid}"
        return passed(shown, held=True, pid=process.pid)
    if written < _CLOCK_FLOOR:
        # Written before the clock was set at boot: its time proves nothing either way.
        summary = f"{check.path} names process {process.pid}, but its own time can't be right"
        return warned("lock-doubtful", summary, pid=process.pid)
    when = (
        "before this boot" if written < booted - _MARGIN else f"{span(started - written)} earlier"
    )
    summary = (
        f"{check.path} was written {when}; process {process.pid} has got its number since and is "
        "another one"
    )
    return failed("lock-stale", summary, pid=process.pid)


def _pid(content: bytes) -> int | None:
    """The number on the first line; None where there is none that a process can have."""
    first = (content.strip().splitlines() or [b""])[0].split()
    word = first[0] if first else b""
    if not (word.isdigit() and len(word) < 10 and int(word) > 0):
        return None
    return int(word)


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
