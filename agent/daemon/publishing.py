"""From the verdict to what the probe child may tell strangers.

Owns that reduction: names and statuses, no text. Pure.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from agent.findings import Level
from agent.health.verdict import SAFE_MODE, CheckState, Verdict
from agent.probe import snapshot


def reduce(verdict: Verdict, members: Mapping[str, Sequence[str]]) -> snapshot.Snapshot:
    """The verdict as the probe plane shows it. `members`: the checks of each group."""
    groups = {
        name: [group for group, names in members.items() if name in names]
        for name in verdict.checks
    }
    return snapshot.Snapshot(
        live=verdict.live.value,
        ready=verdict.ready.value,
        # What the agent itself is in trouble with is no stranger's business.
        reason="warn" if verdict.reason == SAFE_MODE else verdict.reason,
        weight=verdict.weight,
        drained=verdict.drained,
        checks=[_check(state, groups[name]) for name, state in verdict.checks.items()],
        groups={name: status.value for name, status in verdict.groups.items()},
    )


def _check(state: CheckState, groups: list[str]) -> snapshot.CheckState:
    # The child weighs levels and exclusions by itself, so it gets what each check counts for.
    counts = state.counts_live if state.level is Level.LIVE else state.counts
    return snapshot.CheckState(
        state.name,
        counts.value,
        level=state.level.value,
        severity=state.severity.value,
        groups=groups,
    )
