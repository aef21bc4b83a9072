"""Security updates that wait, and for how long."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from support.analysers.analyser import Analyser, Evidence, Judgement
from support.analysers.documents import cite, document, text_of
from support.analysers.telling import failed, listed, many, passed, unknown, warned
from support.analysers.window import CLOCK, end_of, spell

PENDING = "packages/pending.json"
SIMULATE = "packages/simulate.txt"
ADVICE = "sudo caretaker os plan; then: sudo caretaker os upgrade"
_OLD, _STALE, _DAY = 30.0, 7.0, 86400.0


class _Update(msgspec.Struct):
    name: str
    fix: str | None = None
    seen: float | None = None


class _Pending(msgspec.Struct):
    at: float | None = None
    known: float | None = None
    security: int | None = None
    updates: list[_Update] | None = None


def judge(evidence: Evidence) -> Iterator[Judgement]:
    pending = document(evidence, PENDING, _Pending)
    if pending is None:
        yield from _simulated(evidence)
        return
    now = end_of(evidence, pending.at or 0.0)
    fixes = [each for each in pending.updates or [] if each.fix]
    if fixes:
        since = min((each.seen for each in fixes if each.seen), default=None)
        age = f"; the oldest has waited for {spell(now - since)}" if since else ""
        names = listed(each.name for each in fixes)
        words = f"{many(len(fixes), 'security update')} wait{age} ({names})"
        old = since is not None and now - since > _OLD * _DAY
        yield (failed if old else warned)(
            words, [cite(evidence, PENDING, f'"{fixes[0].name}"', words)], ADVICE
        )
    if pending.known and now - pending.known > _STALE * _DAY:
        words = f"The package lists are {spell(now - pending.known)} old, so nobody knows"
        yield warned(words, [cite(evidence, PENDING, '"known"', words)],
                     "is the network or the mirror gone? sudo caretaker os")  # fmt: skip
    elif not fixes:
        yield passed("No security update waits")


def _simulated(evidence: Evidence) -> Iterator[Judgement]:
    text = text_of(evidence, SIMULATE)
    if text is None:
        yield unknown("Which updates wait was not collected", advice="sudo caretaker os")
        return
    lines = [line for line in text.splitlines() if line.startswith("Inst ")]
    fixes = [line.split()[1] for line in lines if "security" in line.lower()]
    if fixes:
        words = f"{many(len(fixes), 'security update')} wait ({listed(fixes)})"
        yield warned(words, [cite(evidence, SIMULATE, f"Inst {fixes[0]}")], ADVICE)
    else:
        yield passed("No security update waits")


ANALYSER = Analyser(
    code="updates", title="Security updates", judge=judge, reads=(PENDING, SIMULATE, CLOCK)
)
