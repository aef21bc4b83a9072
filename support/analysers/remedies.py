"""Remedies that gave up, and wait for a person."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from support.analysers.analyser import Analyser, Evidence, Judgement, Seen
from support.analysers.documents import cite, document, lines_of
from support.analysers.health import VERDICT
from support.analysers.stamp import utc
from support.analysers.telling import failed, many, passed, unknown, warned
from support.analysers.timeline import LEDGER

STATE = "caretaker/remedies.json"


class _Record(msgspec.Struct):
    safe: str | None = None
    since: float | None = None


class _Memory(msgspec.Struct):
    targets: dict[str, dict[str, _Record]] | None = None


class _Safe(msgspec.Struct):
    remedy: str
    target: str = ""
    why: str = ""
    since: float | None = None


class _Report(msgspec.Struct):
    safe_mode: list[_Safe] | None = None


class _Verdict(msgspec.Struct):
    report: _Report | None = None


class _Entry(msgspec.Struct):
    at: float
    act: str
    target: str | None = None
    outcome: str | None = None
    why: str | None = None


def judge(evidence: Evidence) -> Iterator[Judgement]:
    memory = document(evidence, STATE, _Memory)
    verdict = document(evidence, VERDICT, _Verdict)
    told = verdict.report.safe_mode or [] if verdict and verdict.report else []
    safe = {(each.remedy, each.target): (each.why, each.since, VERDICT) for each in told}
    for remedy, targets in (memory.targets or {} if memory else {}).items():
        for target, record in targets.items():
            if record.safe:
                safe.setdefault((remedy, target), (record.safe, record.since, STATE))
    for (remedy, target), (why, since, file) in safe.items():
        began = f" since {utc(since)}" if since and since > 1e9 else ""
        words = f"Remedy {remedy} gave up on {target or 'all'}{began}: {why}"
        advice = f"mend the cause; then: sudo caretaker remedies reset {remedy} {target}".rstrip()
        yield failed(words, [cite(evidence, file, f'"{target or remedy}"', words)], advice)
    entries = lines_of(evidence, LEDGER, _Entry)
    yield from _acted(entries or [])
    if not safe and memory is None and verdict is None and entries is None:
        yield unknown("What remedies did was not collected", advice="sudo caretaker remedies")
    elif not safe:
        yield passed("No remedy gave up")


def _acted(entries: list[tuple[int, _Entry]]) -> Iterator[Judgement]:
    """What failed to mend itself in the window."""
    bad: dict[tuple[str, str], list[tuple[int, _Entry]]] = {}
    for number, entry in entries:
        if entry.act.startswith("remedy") and entry.outcome in ("failed", "refused"):
            bad.setdefault((entry.act, entry.target or ""), []).append((number, entry))
    for (act, target), each in bad.items():
        number, last = each[-1]
        words = f"{act.capitalize()} could not mend {target or 'it'}, {many(len(each), 'time')}"
        words += f": {last.why}" if last.why else ""
        seen = [Seen(LEDGER, n, f"{utc(entry.at)} {entry.outcome}: {entry.why or ''}")
                for n, entry in each[-3:]]  # fmt: skip
        name = act.removeprefix("remedy").strip()
        yield warned(words, seen, f"sudo caretaker remedies plan {name} {target}".rstrip())


ANALYSER = Analyser(code="remedies", title="Remedies", judge=judge, reads=(STATE, VERDICT, LEDGER))
