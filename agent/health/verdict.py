"""The verdict: every check's state, and what follows from them all.

Owns the records and the rule that makes one verdict of many states. Pure: what time and hysteresis
have to say is in the states already.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from agent.findings import Finding, Level, Severity, Status
from agent.health.hysteresis import BADNESS

STEP = 25  # per cent of weight that one warning takes
SAFE_MODE = "safe-mode"  # a remedy stopped until a person resets it
LEAST = 25  # per cent: a warning never takes a node out, only failure does


class CheckState(msgspec.Struct, frozen=True, kw_only=True):
    """One check at one moment. Times are ticks of `Clock.monotonic`, lengths seconds.

    `status` is the check's own after hysteresis (a stale one fails); `counts` is what it
    contributes to ready, once severity, `shared` and causes are heard, and `counts_live` to live.
    `finding` is what the last look saw. `pending`: not looked yet. `starting`: fails, but within
    its grace.
    """

    name: str
    title: str
    type: str
    level: Level
    severity: Severity
    shared: bool
    status: Status
    counts: Status
    counts_live: Status
    finding: Finding | None
    since: float
    looked_at: float | None
    age: float | None
    due: float
    every: float
    seconds: float | None
    pending: bool = False
    starting: bool = False
    stale: bool = False
    muted_by: str = ""
    causes: tuple[str, ...] = ()

    @property
    def summary(self) -> str:
        """One line for people."""
        if self.stale:
            return f"no look has ended for {self.age or 0:.0f} s"
        if self.finding is None:
            return "not looked at yet"
        # Between the first other look and the last that hysteresis wants, say which way it goes.
        if BADNESS[self.finding.status] < BADNESS[self.status]:
            return f"recovering: {self.finding.summary}"
        if BADNESS[self.finding.status] > BADNESS[self.status]:
            return f"to be confirmed: {self.finding.summary}"
        return self.finding.summary

    @property
    def code(self) -> str:
        """The stable word for what is wrong, or right."""
        if self.stale:
            return "stale"
        return self.finding.code if self.finding is not None else "pending"


class Mode(msgspec.Struct, frozen=True):
    """What stands above the checks: "", draining, maintenance or stopping; and its reason."""

    word: str = ""
    reason: str = ""


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """What the balancers hear, and why.

    `reason` is one word: ok, warn, safe-mode, fail, starting, stale, draining, maintenance,
    stopping.
    `causes` names the checks that made it so, worst first; `decided` is False until every check
    has been looked at once. `at` is ticks.
    """

    at: float
    live: Status
    ready: Status
    reason: str
    summary: str
    causes: tuple[str, ...]
    weight: int
    drained: bool
    decided: bool
    checks: dict[str, CheckState]
    groups: dict[str, Status]

    @property
    def gist(self) -> tuple[object, ...]:
        """What must differ for this to be another verdict; ages and summaries are no part."""
        return (
            self.live,
            self.ready,
            self.reason,
            self.weight,
            self.drained,
            self.decided,
            self.causes,
            tuple((c.name, c.status, c.counts, c.muted_by, c.stale) for c in self.checks.values()),
            tuple(self.groups.items()),
        )


def judge(
    states: Iterable[CheckState],
    groups: Mapping[str, Sequence[str]],
    *,
    at: float,
    decided: bool,
    mode: Mode,
    notice: str = "",
) -> Verdict:
    """One verdict of all states. `mode` holds whatever the checks say; `decided` see Verdict.

    `notice`: something of the agent's own that a person should see to. It makes a good verdict a
    warning with the reason `safe-mode`, takes no traffic away, and changes no other verdict.
    """
    checks = {state.name: state for state in states}
    speaking = [state for state in checks.values() if not state.muted_by and not state.pending]
    ready, reason = _ready(checks.values(), speaking, decided=decided)
    causes = tuple(state.name for state in _worst_first(speaking))
    live = Status.PASS
    if not decided or mode.word not in ("maintenance", "stopping"):
        live = worst(state.counts_live for state in speaking)
    if mode.word and decided:
        ready, reason = Status.FAIL, mode.word
    noticed = bool(notice) and decided and reason == "ok"
    if noticed:
        ready, reason = Status.WARN, SAFE_MODE
    return Verdict(
        at=at,
        live=live,
        ready=ready,
        reason=reason,
        summary=notice if noticed else _summary(reason, mode, checks, causes),
        causes=causes,
        weight=_weight(ready, speaking),
        drained=decided and mode.word in ("draining", "stopping"),
        decided=decided,
        checks=checks,
        groups={
            name: worst(checks[member].counts for member in members if member in checks)
            for name, members in groups.items()
        },
    )


def worst(statuses: Iterable[Status]) -> Status:
    """The worst of them; pass where there are none."""
    return max(statuses, key=BADNESS.__getitem__, default=Status.PASS)


def _ready(
    states: Iterable[CheckState], speaking: Sequence[CheckState], *, decided: bool
) -> tuple[Status, str]:
    if not decided:
        return Status.FAIL, "starting"
    known = [state for state in states if not state.pending]
    # Nothing has been seen for a while, so nothing is known, however mild each check's severity.
    if known and all(state.stale for state in known):
        return Status.FAIL, "stale"
    status = worst(state.counts for state in speaking)
    failing = [state for state in speaking if state.counts is Status.FAIL]
    if failing and all(state.starting for state in failing):
        return status, "starting"
    return status, "ok" if status is Status.PASS else status.value


def _worst_first(speaking: Sequence[CheckState]) -> list[CheckState]:
    bad = [state for state in speaking if state.counts is not Status.PASS or state.starting]
    return sorted(bad, key=lambda state: -BADNESS[state.counts])


def _weight(ready: Status, speaking: Sequence[CheckState]) -> int:
    if ready is Status.FAIL:
        return 0
    warnings = sum(state.counts is Status.WARN for state in speaking)
    return max(LEAST, 100 - STEP * warnings)


def _summary(
    reason: str, mode: Mode, checks: Mapping[str, CheckState], causes: Sequence[str]
) -> str:
    if reason == mode.word and mode.word:
        return f"{mode.word}: {mode.reason}" if mode.reason else mode.word
    pending = sum(state.pending for state in checks.values())
    if reason == "starting" and pending:
        return f"starting: {len(checks) - pending} of {len(checks)} checks have looked"
    if not causes:
        return "1 check passes" if len(checks) == 1 else f"{len(checks)} checks pass"
    first = checks[causes[0]]
    text = f"{first.name}: {first.summary}"
    if len(causes) > 1:
        text += f" (and {len(causes) - 1} more)"
    return text
