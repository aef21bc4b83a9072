"""What a change of the verdict is worth saying, to the log, the history and systemd.

Owns the words. Pure: verdicts in, lines and changes out. One line for the whole, one for each
check that changed; a check that fails only because of another is told of more quietly.
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from agent.findings import Status
from agent.health.verdict import SAFE_MODE, CheckState, Verdict
from agent.history import Change

Loudness = Literal["info", "warning", "error"]


class Line(msgspec.Struct, frozen=True):
    """One line of the log: how loud, the sentence, the fields."""

    loudness: Loudness
    message: str
    fields: dict[str, Any]


_VERB = {Status.PASS: "passes", Status.WARN: "warns", Status.FAIL: "fails"}


def headline(verdict: Verdict) -> str:
    """One line on the whole, as `systemctl status` shows it."""
    if verdict.ready is Status.FAIL:
        word = "not alive" if verdict.live is Status.FAIL and verdict.decided else "not ready"
        return f"{word}: {verdict.summary}"
    if verdict.ready is Status.WARN:
        return f"ready, with warnings: {verdict.summary}"
    return f"ready: {verdict.summary}"


def lines(old: Verdict | None, new: Verdict) -> list[Line]:
    """What to log."""
    told = [_of_check(state) for state in _changed(old, new)]
    if new.decided and (old is None or _whole(old) != _whole(new)):
        told.append(_of_whole(new))
    return told


def changes(old: Verdict | None, new: Verdict, wall: float) -> list[Change]:
    """What to keep in the history. `wall` is since 1970."""
    found = []
    for state in _changed(old, new):
        before = old.checks.get(state.name) if old is not None else None
        was = before.status.value if before is not None and not before.pending else ""
        found.append(Change(wall, state.name, was, state.status.value, state.code, state.summary))
    if not new.decided:
        return found
    known = old if old is not None and old.decided else None
    if known is None or known.live is not new.live:
        was = known.live.value if known is not None else ""
        found.append(Change(wall, "live", was, new.live.value, new.reason, new.summary))
    if known is None or (known.ready, known.reason) != (new.ready, new.reason):
        was = known.ready.value if known is not None else ""
        found.append(Change(wall, "ready", was, new.ready.value, new.reason, new.summary))
    return found


def _changed(old: Verdict | None, new: Verdict) -> list[CheckState]:
    return [
        state
        for name, state in new.checks.items()
        if not state.pending and _differs(old.checks.get(name) if old is not None else None, state)
    ]


def _differs(before: CheckState | None, state: CheckState) -> bool:
    if before is None or before.pending:
        return True
    return (before.status, before.stale) != (state.status, state.stale)


def _whole(verdict: Verdict) -> tuple[object, ...]:
    return verdict.live, verdict.ready, verdict.reason, verdict.decided


def _of_check(state: CheckState) -> Line:
    message = f"{state.name} {_VERB[state.status]}: {state.summary}"
    loudness: Loudness = "warning"
    if state.muted_by:
        message = f"{state.name} {_VERB[state.status]} because of {state.muted_by}: {state.summary}"
        loudness = "info"
    elif state.status is Status.PASS:
        loudness = "info"
    fields = {
        "check": state.name,
        "verdict": state.status.value,
        "code": state.code,
        "type": state.type,
        "cause": state.muted_by or None,
    }
    return Line(loudness, message, fields)


def _of_whole(verdict: Verdict) -> Line:
    loudness: Loudness = "info"
    if verdict.reason in ("fail", "stale"):
        loudness = "error"
    elif verdict.reason in ("warn", SAFE_MODE):
        loudness = "warning"
    fields = {
        "verdict": verdict.ready.value,
        "live": verdict.live.value,
        "reason": verdict.reason,
        "weight": verdict.weight,
        "cause": verdict.causes[0] if verdict.causes else None,
        "code": verdict.checks[verdict.causes[0]].code if verdict.causes else None,
    }
    return Line(loudness, headline(verdict), fields)
