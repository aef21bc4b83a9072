"""Which processes a service or an executable has, without asking more than needed.

Owns what a `process` or `port` check remembers to be cheap: a service's control group as long as
its main process runs (systemd is asked otherwise, at 6 ms), and which processes have turned out
not to be the ones looked for (looking at each of two hundred takes 8 ms). Refuses to judge them.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path

from agent.health.context import Context
from agent.host import cgroups
from agent.host.facts import Process

_GROUP = "processes.group"  # keys of `memory`
_SIEVE = "processes.sieve"
_FULL_LOOK = 60.0  # seconds between two looks at every process of the machine
_COMM = 15  # characters the kernel keeps of a command's name (proc(5), comm)


@dataclass(frozen=True, slots=True)
class _Group:
    """A service's control group, good while this process of it runs."""

    path: str
    pid: int
    started: int


@dataclass(slots=True)
class _Sieve:
    """What is known of the machine's processes. `fresh` may still exec another program."""

    at: float = float("-inf")
    matching: set[int] = field(default_factory=set)
    others: set[int] = field(default_factory=set)
    fresh: set[int] = field(default_factory=set)


def of_service(name: str, context: Context) -> list[int]:
    """The processes of a service, its main process first. Raises MachineError."""
    group: _Group | None = context.memory.get(_GROUP)
    if group is not None:
        main = context.host.facts.process(group.pid)
        if main is not None and main.started == group.started and main.state not in "ZX":
            return [group.pid, *(set(cgroups.processes_in(group.path)) - {group.pid})]
        del context.memory[_GROUP]
    pids = context.services.pids(name)
    first = context.host.facts.process(pids[0]) if pids else None
    path = _group_of(first.pid, context) if first is not None else ""
    if first is not None and path:
        context.memory[_GROUP] = _Group(path, first.pid, first.started)
    return pids


def _group_of(pid: int, context: Context) -> str:
    """The control group of the unit a process is in; empty where that says nothing.

    Embedded, a service's processes are our children and in our own group.
    """
    theirs, ours = (_unit_path(which, context) for which in (str(pid), "self"))
    return theirs if theirs != ours else ""


def _unit_path(which: str, context: Context) -> str:
    try:
        lines = context.host.kernel.text(f"/proc/{which}/cgroup").splitlines()
    except OSError:
        return ""
    for line in lines:
        number, _, rest = line.partition(":")
        controllers, _, path = rest.partition(":")
        if number == "0" or controllers == "name=systemd":
            head, unit, _ = path.partition(".service")
            if unit:
                return head + unit
    return ""


def of_executable(path: str, context: Context) -> list[int]:
    """The processes that run this program. New ones are noticed at each look."""
    sieve: _Sieve = context.memory.setdefault(_SIEVE, _Sieve())
    pids = set(context.host.facts.pids())
    now = context.host.clock.monotonic()
    if now - sieve.at > _FULL_LOOK:
        # Also bounds how long a number that was given to a new process could mislead us.
        sieve.at, sieve.others, sieve.fresh = now, set(), set()
    names = {path, os.path.realpath(path)}
    sieve.others &= pids
    sieve.matching = set()
    unknown = pids - sieve.others
    for pid in unknown:
        process = context.host.facts.process(pid)
        if process is not None and _runs(process, names, context):
            sieve.matching.add(pid)
        elif pid in sieve.fresh:
            sieve.others.add(pid)
    # A process just forked still shows its parent's program: it gets a second look.
    sieve.fresh = unknown - sieve.matching - sieve.others
    return sorted(sieve.matching)


def _runs(process: Process, names: set[str], context: Context) -> bool:
    if process.executable:
        # Replaced on disk by an upgrade while it runs.
        return process.executable.removesuffix(" (deleted)") in names
    # Another user's: its exe link may not be read, but what it was called with may.
    try:
        first = context.host.kernel.text(f"/proc/{process.pid}/cmdline").partition("\0")[0]
        comm = context.host.kernel.text(f"/proc/{process.pid}/comm").strip()
    except OSError:
        return False
    return first in names or comm in {Path(name).name[:_COMM] for name in names}
