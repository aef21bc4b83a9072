"""Health checks that fail or warn: which, since when, and what they saw."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from support.analysers.analyser import Analyser, Evidence, Judgement, Seen
from support.analysers.documents import cite, document, lines_of
from support.analysers.stamp import utc
from support.analysers.telling import failed, listed, passed, times, unknown, warned
from support.analysers.window import CLOCK, end_of, spell

VERDICT = "health/verdict.json"
CHANGES = "health/changes.jsonl"
ADVICE = "sudo caretaker status; what the code means: docs/reference/checks.md"


class _Check(msgspec.Struct):
    name: str
    status: str = ""
    code: str | None = None
    summary: str | None = None
    since: float | None = None
    stale: bool | None = None
    muted_by: str | None = None
    severity: str | None = None


class _Report(msgspec.Struct):
    ready: str | None = None
    reason: str | None = None
    checks: list[_Check] | None = None
    causes: list[str] | None = None
    summary: str | None = None


class _Verdict(msgspec.Struct):
    report: _Report | None = None
    age: float | None = None


class Change(msgspec.Struct):
    """A line of health/changes.jsonl."""

    at: float
    subject: str
    was: str = ""
    became: str = ""
    code: str = ""
    summary: str = ""


def judge(evidence: Evidence) -> Iterator[Judgement]:
    changes = lines_of(evidence, CHANGES, Change)
    verdict = document(evidence, VERDICT, _Verdict)
    if verdict is None or verdict.report is None:
        yield from _remembered(evidence, changes)
        return
    bad = [each for each in verdict.report.checks or [] if each.status in ("fail", "warn")]
    for check in bad:
        if not check.muted_by:
            yield _told(evidence, check, changes or [], bad)
    if verdict.age is not None and verdict.age > 60:
        words = f"The agent has said nothing for {spell(verdict.age)}; this is what it knew last"
        seen = cite(evidence, VERDICT, '"age"', words)
        yield failed(words, [seen], "systemctl status caretaker; sudo caretaker logs -n 100")
    if not bad:
        yield passed(f"Every health check passes{_flaps(changes or [])}")


def _told(
    evidence: Evidence, check: _Check, changes: list[tuple[int, Change]], bad: list[_Check]
) -> Judgement:
    since, seen = _since(evidence, check, changes)
    words = f"Check {check.name} {_verb(check)}"
    if since is not None:
        ago = end_of(evidence, since) - since
        words += f" since {utc(since)}" + (f" ({spell(ago)})" if ago > 0 else "")
    words += f": {check.summary or 'no summary'} [{check.code or 'no code'}]"
    muted = [each.name for each in bad if each.muted_by == check.name]
    if muted:
        words += f"; because of it also {listed(muted)}"
    lines = [cite(evidence, VERDICT, f'"{check.name}"', words), *seen]
    critical = check.status == "fail" and check.severity != "warning"
    return (failed if critical else warned)(words, lines, ADVICE)


def _verb(check: _Check) -> str:
    if check.stale:
        return "no longer answers"
    return "fails" if check.status == "fail" else "warns"


def _since(
    evidence: Evidence, check: _Check, changes: list[tuple[int, Change]]
) -> tuple[float | None, list[Seen]]:
    """When it began, from the history; the daemon's own `since` is a tick of its own clock."""
    began: tuple[int, Change] | None = None
    for number, change in changes:
        if change.subject != check.name:
            continue
        if change.became == "pass":
            began = None
        elif began is None:
            began = number, change
    if began is None:
        plausible = check.since is not None and check.since > 1e9
        return (check.since if plausible else None), []
    number, change = began
    text = f"{change.subject}: {change.was} -> {change.became} [{change.code}] {change.summary}"
    return change.at, [Seen(CHANGES, number, text)]


def _remembered(
    evidence: Evidence, changes: list[tuple[int, Change]] | None
) -> Iterator[Judgement]:
    """Without the daemon: how each check stood when it was last seen to change."""
    if changes is None:
        yield unknown("Neither verdict nor history was collected", advice="sudo caretaker status")
        return
    newest: dict[str, tuple[int, Change]] = {}
    for number, change in changes:
        newest[change.subject] = number, change
    bad = [each for each in newest.values() if each[1].became == "fail"]
    for number, change in bad:
        words = f"The agent does not answer; {change.subject} failed last: {change.summary}"
        yield failed(words, [Seen(CHANGES, number, f"{utc(change.at)} {words}")], ADVICE)
    if not bad:
        words = "The agent does not answer, so nobody knows how the checks stand"
        yield unknown(words, advice="systemctl status caretaker")


def _flaps(changes: list[tuple[int, Change]]) -> str:
    fell = sum(change.subject == "ready" and change.became == "fail" for _, change in changes)
    return f"; the verdict failed {times(fell)} in the window, see the timeline" if fell else ""


ANALYSER = Analyser(
    code="health",
    title="Health checks",
    judge=judge,
    reads=(VERDICT, CHANGES, CLOCK),
)
