"""Memory: little left, swap in use, programs that wait for it, units near their limit."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from support.analysers.analyser import Analyser, Evidence, Judgement, Seen
from support.analysers.documents import cite, document, listed_in
from support.analysers.telling import failed, passed, unknown, warned
from support.analysers.window import amount

MEMORY = "system/memory.json"
CGROUPS = "system/cgroups.json"
TOP = "system/top.json"
_LOW, _NONE = 0.10, 0.04  # of all memory, available
# Documentation/accounting/psi.rst: per cent of the last five minutes in which some, or all, tasks
# waited for memory. An idle machine has 0, one that thrashes 30 and more.
_SOME, _FULL = 10.0, 10.0


class _Memory(msgspec.Struct):
    meminfo: dict[str, float] | None = None
    pressure: dict[str, Any] | None = None
    swaps: list[dict[str, Any]] | None = None


class _Group(msgspec.Struct):
    path: str
    current: float | None = None
    max: float | None = None
    events: dict[str, int] | None = None


class _Process(msgspec.Struct):
    name: str | None = None
    pid: int | None = None
    resident: float | None = None


class _Top(msgspec.Struct):
    by_memory: list[_Process] | None = None


def judge(evidence: Evidence) -> Iterator[Judgement]:
    memory = document(evidence, MEMORY, _Memory)
    if memory is None:
        yield unknown("How memory stands was not collected", advice="free -h")
        return
    found = [*_room(evidence, memory), *_pressure(evidence, memory), *_groups(evidence)]
    yield from found
    if not found:
        left = (memory.meminfo or {}).get("MemAvailable")
        yield passed(f"There is memory{f': {amount(left)} available' if left else ''}")


def _room(evidence: Evidence, memory: _Memory) -> Iterator[Judgement]:
    known = memory.meminfo or {}
    total, left = known.get("MemTotal", 0.0), known.get("MemAvailable")
    advice = "give it more memory, or the application less work; now: systemd-cgtop -m"
    if total and left is not None and left < _LOW * total:
        words = f"Only {amount(left)} of {amount(total)} memory are available"
        tell = failed if left < _NONE * total else warned
        yield tell(words, [cite(evidence, MEMORY, '"MemAvailable"', words), *_largest(evidence)],
                   advice)  # fmt: skip
    swap, free = known.get("SwapTotal", 0.0), known.get("SwapFree", 0.0)
    if swap and free < 0.2 * swap:
        words = f"{amount(swap - free)} of {amount(swap)} swap are in use"
        yield warned(words, [cite(evidence, MEMORY, '"SwapFree"', words)], advice)


def _pressure(evidence: Evidence, memory: _Memory) -> Iterator[Judgement]:
    of = memory.pressure or {}
    for kind, name in (("memory", "memory"), ("io", "the disk")):
        some, full = _avg(of, kind, "some"), _avg(of, kind, "full")
        # Waiting for a disk is what a busy database does; waiting for memory is never well.
        limit = 1.0 if kind == "memory" else 4.0
        if some < _SOME * limit and full < _FULL * limit:
            continue
        words = f"Programs waited for {name} {some:.0f} % of the last five minutes"
        seen = [cite(evidence, MEMORY, f'"{kind}"', f"{words}; all of them at once {full:.0f} %")]
        advice = "systemd-cgtop -m" if kind == "memory" else "disks/diskstats.txt here; iostat -x 5"
        yield (failed if full >= _FULL * 2 * limit else warned)(words, seen, advice)


def _avg(pressure: dict[str, Any], kind: str, which: str) -> float:
    each = pressure.get(kind)
    line = each.get(which) if isinstance(each, dict) else None
    value = line.get("avg300") if isinstance(line, dict) else None
    return float(value) if isinstance(value, int | float) else 0.0


def _groups(evidence: Evidence) -> Iterator[Judgement]:
    for each in listed_in(evidence, CGROUPS, _Group) or []:
        if not each.max or each.current is None or not each.path.endswith(".service"):
            continue
        kills = (each.events or {}).get("oom_kill", 0)
        if each.current < 0.95 * each.max and not kills:
            continue
        unit = each.path.rpartition("/")[2]
        words = f"{unit} uses {amount(each.current)} of the {amount(each.max)} it may"
        if kills:
            words += f"; {kills} of its processes were killed for that"
        advice = f"raise its limit, or look why it grows: systemctl show {unit} -p MemoryMax"
        yield warned(words, [cite(evidence, CGROUPS, f'"{each.path}"', words)], advice)


def _largest(evidence: Evidence) -> list[Seen]:
    top = document(evidence, TOP, _Top)
    return [
        cite(evidence, TOP, f'"pid": {each.pid},',
             f"{each.name} (process {each.pid}) has {amount(each.resident)}")
        for each in (top.by_memory if top and top.by_memory else [])[:3]
        if each.resident
    ]  # fmt: skip


ANALYSER = Analyser(code="memory", title="Memory", judge=judge, reads=(MEMORY, CGROUPS, TOP))
