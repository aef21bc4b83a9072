"""The last upgrade, rollback, restore or move: broken off, gone back, or still under way."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from support.analysers.analyser import Analyser, Evidence, Judgement
from support.analysers.documents import cite, document
from support.analysers.stamp import utc
from support.analysers.telling import failed, passed, unknown, warned
from support.analysers.troubles import Trouble, told, watches_of
from support.analysers.window import CLOCK, end_of, spell

CHANGE = "changes/change.json"
DEPLOYMENTS = "changes/deployments.json"
_LONG = 3600.0
_TROUBLES = (
    Trouble(
        "changes.migration",
        rb"(?i)migration [\w./-]{1,80} (?:failed|broke off|could not)|alembic\.util\.exc"
        rb"|Error running migration|migration failed",
        "A migration failed",
        "sudo caretaker releases; the application's own log says which statement",
    ),
)


class _Outcome(msgspec.Struct):
    changed: bool | None = None
    downtime: float | None = None
    why: str | None = None


class _Change(msgspec.Struct):
    kind: str = "change"
    title: str = ""
    phase: str = ""
    begun: float | None = None
    ended: float | None = None
    gates: int | None = None
    why: str | None = None
    outcome: _Outcome | None = None


class _Deployments(msgspec.Struct):
    active: int | None = None
    problem: str | None = None


def judge(evidence: Evidence) -> Iterator[Judgement]:
    change = document(evidence, CHANGE, _Change)
    deployments = document(evidence, DEPLOYMENTS, _Deployments)
    found = [*([] if change is None else _of(evidence, change)), *told(evidence, _TROUBLES)]
    if deployments is not None and deployments.problem:
        words = f"What is deployed can't be read: {deployments.problem}"
        found.append(failed(words, [cite(evidence, DEPLOYMENTS, '"problem"', words)],
                            "sudo caretaker remedies run state"))  # fmt: skip
    yield from found
    if not found and change is None and deployments is None:
        yield unknown("What was changed last was not collected", advice="sudo caretaker releases")
    elif not found:
        last = f"; the last: {change.title}" if change is not None and change.title else ""
        yield passed(f"No upgrade or other change failed or is under way{last}")


def _of(evidence: Evidence, change: _Change) -> Iterator[Judgement]:
    title = change.title or change.kind
    began = f" (begun {utc(change.begun)})" if change.begun else ""
    why = change.why or (change.outcome.why if change.outcome else None) or "no reason is given"
    if change.phase and change.phase != "done":
        words = f"{title}: under way in phase {change.phase}{began}"
        seen = [cite(evidence, CHANGE, '"phase"', words)]
        since = end_of(evidence, change.begun or 0.0) - (change.begun or 0.0)
        if since > _LONG or (change.gates or 0) > 1:
            words += f", for {spell(since)} now"
            yield failed(words, seen, "sudo caretaker status; it recovers at the next start")
        else:
            yield warned(words, seen, "wait for its end: sudo caretaker status --watch")
    elif change.outcome is not None and change.outcome.changed is False:
        words = f"{title}: went back to what was before{began}: {why}"
        advice = (
            "sudo caretaker ledger --since 7d; mend that, then: sudo caretaker upgrade FILE --plan"
        )
        yield failed(words, [cite(evidence, CHANGE, '"outcome"', words)], advice)
    elif change.why and change.outcome is None:
        words = f"{title}: failed{began}: {why}"
        yield failed(words, [cite(evidence, CHANGE, '"why"', words)], "sudo caretaker preflight")


ANALYSER = Analyser(
    code="changes",
    title="Upgrades and other changes",
    judge=judge,
    reads=(CHANGE, DEPLOYMENTS, CLOCK),
    watches=watches_of(_TROUBLES),
)
