"""Which finding calls which remedy: the light table that the daemon holds against its checks.

Owns the matching. Pure. Refuses to run anything, and to list what runs only when a person asks.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from agent.findings import Status
from agent.health.verdict import CheckState
from agent.manifest.model import Manifest
from agent.remedies.codes import CODES

SERVICES = "services"  # restarts what a check's `restart` names, whatever that check says

Key = frozenset[tuple[str, str]]
"""(check, code) of all that calls a remedy: the same call again, or another one."""


@dataclass(frozen=True, slots=True)
class Cure:
    """One remedy: any of `codes` calls it (empty: every one), from `checks` (empty: from all).

    `also`: checks that call it whatever they say.
    """

    remedy: str
    codes: frozenset[str] = frozenset()
    checks: frozenset[str] = frozenset()
    also: frozenset[str] = field(default=frozenset())

    def called_by(self, check: str, code: str) -> bool:
        if check in self.also:
            return True
        if self.checks and check not in self.checks:
            return False
        return code in self.codes or (bool(self.checks) and not self.codes)


def cures_of(manifest: Manifest) -> tuple[Cure, ...]:
    """Every remedy that runs by itself here, in the order in which they run."""
    off = manifest.remediation.off
    restarting = frozenset(name for name, check in manifest.checks.items() if check.restart)
    own = [
        Cure(
            name,
            codes=frozenset(codes),
            also=restarting if name == SERVICES else frozenset(),
        )
        for name, codes in CODES.items()
    ]
    declared = [
        Cure(name, codes=frozenset(spec.codes), checks=frozenset(spec.checks))
        for name, spec in manifest.remedies.items()
        if spec.unasked
    ]
    return tuple(cure for cure in (*own, *declared) if cure.remedy not in off)


def wrong_of(checks: Mapping[str, CheckState]) -> dict[str, str]:
    """Check -> code, of those that may call a remedy.

    Not one that fails only because of another, that nobody has looked at for too long, whose
    service is still within its time to start, or that was seen well and is about to pass.
    """
    return {
        name: state.code
        for name, state in checks.items()
        if state.status is not Status.PASS
        and not (state.muted_by or state.pending or state.stale or state.starting)
        and not recovering(state)
    }


def recovering(state: CheckState) -> bool:
    """Whether the newest look saw it well, and hysteresis waits for more of them."""
    return state.finding is not None and state.finding.status is Status.PASS


def calls(wrong: Mapping[str, str], cures: tuple[Cure, ...]) -> dict[str, Key]:
    """The remedies that are called, in their order, each with what calls it."""
    found = {
        cure.remedy: frozenset(
            (name, code) for name, code in wrong.items() if cure.called_by(name, code)
        )
        for cure in cures
    }
    return {remedy: key for remedy, key in found.items() if key}
