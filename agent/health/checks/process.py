"""`process`: processes run, in the right number, and none hangs as a zombie or stopped.

Owns counting and the states of proc(5). Refuses to find out who they are; see `process_owner`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from agent.findings import Finding, failed, passed, warned
from agent.health import process_owner
from agent.health.context import CheckType, Context
from agent.health.words import amount
from agent.host.facts import Process
from agent.manifest.checks import ProcessCheck

_ODD = "process.odd"  # key of `memory`: processes found in a state that may pass, last time


@dataclass(frozen=True, slots=True)
class _Seen:
    alive: list[Process]
    zombies: list[Process]


def look(check: ProcessCheck, context: Context) -> Finding:
    if check.service:
        pids, whom = process_owner.of_service(check.service, context), f"service {check.service}"
        seen = _see(pids, context, children=True)
    else:
        pids, whom = process_owner.of_executable(check.executable, context), check.executable
        seen = _see(pids, context, children=False)
    lasting = _lasting(seen, context)
    return _count(check, whom, seen) or _states(whom, seen, lasting) or _size(check, whom, seen)


def _see(pids: Sequence[int], context: Context, *, children: bool) -> _Seen:
    facts = context.host.facts
    found = [process for pid in pids if (process := facts.process(pid)) is not None]
    if children and pids:
        # A zombie is in no control group any more; only its parent still knows it.
        known = {process.pid for process in found}
        others = [pid for pid in facts.children(pids[0]) if pid not in known]
        born = [process for pid in others if (process := facts.process(pid)) is not None]
        found += [process for process in born if process.state == "Z"]
    alive = [process for process in found if process.state not in "ZX"]
    return _Seen(alive, [process for process in found if process.state == "Z"])


def _lasting(seen: _Seen, context: Context) -> set[int]:
    """Processes that were in an odd state at the last look too.

    Every process is a zombie for an instant, until its parent asks how it ended; and one that is
    being traced stops at every system call.
    """
    odd = {(process.pid, process.started): process for process in seen.zombies}
    odd |= {(each.pid, each.started): each for each in seen.alive if each.state == "t"}
    before = context.memory.get(_ODD, set())
    context.memory[_ODD] = set(odd)
    return {pid for pid, started in odd if (pid, started) in before}


def _count(check: ProcessCheck, whom: str, seen: _Seen) -> Finding | None:
    count = len(seen.alive)
    facts: dict[str, Any] = {"observed": count, "unit": "processes"}
    if count == 0 and check.at_least > 0:
        left = " but a zombie" if seen.zombies else ""
        return failed("process-missing", f"{whom} has no process{left}", **facts)
    if count < check.at_least:
        summary = f"{whom} has {_processes(count)}; at least {check.at_least} are expected"
        return failed("process-few", summary, **facts)
    if 0 < check.at_most < count:
        summary = f"{whom} has {_processes(count)}; at most {check.at_most} are expected"
        return failed("process-many", summary, **facts)
    return None


def _states(whom: str, seen: _Seen, lasting: set[int]) -> Finding | None:
    stopped = [
        each.pid
        for each in seen.alive
        if each.state == "T" or (each.state == "t" and each.pid in lasting)
    ]
    if stopped:
        summary = f"process {stopped[0]} of {whom} is stopped (kill -CONT {stopped[0]} resumes it)"
        return failed("process-stopped", summary, observed=len(stopped), unit="processes")
    zombies = [each.pid for each in seen.zombies if each.pid in lasting]
    if zombies:
        summary = f"process {zombies[0]} of {whom} has ended and its parent does not notice"
        return failed("process-zombie", summary, observed=len(zombies), unit="processes")
    return None


def _size(check: ProcessCheck, whom: str, seen: _Seen) -> Finding:
    resident = sum(process.resident for process in seen.alive)
    shown = f"{whom} has {_processes(len(seen.alive))} with {amount(resident)}"
    facts: dict[str, Any] = {"observed": resident, "unit": "bytes", "count": len(seen.alive)}
    if 0 < check.memory_max < resident:
        summary = f"{shown} of memory; {amount(check.memory_max)} are expected at most"
        return warned("process-memory", summary, **facts)
    return passed(shown, **facts)


def _processes(count: int) -> str:
    return "1 process" if count == 1 else f"{count} processes"


TYPE = CheckType(
    code="process",
    params=ProcessCheck,
    look=look,
    codes=(
        "process-missing",
        "process-few",
        "process-many",
        "process-stopped",
        "process-zombie",
        "process-memory",
    ),
    hang="/proc does not answer",
    cost="reads /proc of each process",
)
