"""What the child knows, and the status of anything it is asked about.

Owns the rules of exclusion, levels and severities as far as the probe plane applies them. Knows no
HTTP; hysteresis, causes and grace were applied by the daemon before publishing.
"""

from __future__ import annotations

import marshal
from collections.abc import Container

from agent.probe.snapshot import CRITICAL, FAIL, LIVE, PASS, WARN

# States of the whole node. Leaving a check out can't lift them: they are not the checks' doing.
_HELD = frozenset(("draining", "maintenance", "stopping", "starting", "stale"))
_BADNESS = {PASS: 0, WARN: 1, FAIL: 2}
_HALF = 50  # per cent, where a request's own exclusions leave a warning and no weight was published

Check = tuple[str, str, str, tuple[str, ...]]  # status, level, severity, groups


class State:
    """One published snapshot, or one of the two states the child finds by itself."""

    __slots__ = ("blind", "checks", "drained", "groups", "live", "ready", "reason", "weight")

    def __init__(self, wire: bytes = b"", *, reason: str = "starting") -> None:
        """From the channel's bytes; without any, a state that fails everything, for `reason`."""
        self.live = self.ready = FAIL
        self.reason = reason
        self.weight = 0
        self.drained = False
        self.checks: dict[str, Check] = {}
        self.groups: dict[str, str] = {}
        self.blind = not wire
        if wire:
            (self.live, self.ready, self.reason, self.weight, self.drained, checks, groups) = (
                marshal.loads(wire)  # noqa: S302 (only ever the parent's own bytes)
            )
            self.checks = {name: (*rest,) for name, *rest in checks}
            self.groups = dict(groups)

    def of_ready(self, excluded: frozenset[str]) -> tuple[str, str]:
        """Status and reason of the level *ready*, without the checks `excluded`."""
        if not excluded or self.blind or self.drained or self.reason in _HELD:
            return self.ready, self.reason
        return _plain(self._worst(self.checks, excluded))

    def of_live(self, excluded: frozenset[str]) -> tuple[str, str]:
        if self.blind:
            return FAIL, self.reason
        if not excluded:
            return _plain(self.live)
        return _plain(self._worst(self.named("live"), excluded))

    def of_check(self, name: str, *, live_only: bool) -> tuple[str, str] | None:
        """None: no such check at this level. A blind child can't know, and so fails it."""
        if self.blind:
            return FAIL, self.reason
        check = self.checks.get(name)
        if check is None or (live_only and check[1] != LIVE):
            return None
        return _plain(check[0])

    def of_group(self, name: str, excluded: frozenset[str]) -> tuple[str, str] | None:
        if self.blind:
            return FAIL, self.reason
        status = self.groups.get(name)
        if status is None:
            return None
        if excluded:
            status = self._worst(self.named("group", name), excluded)
        return _plain(status)

    def named(self, family: str, name: str = "") -> list[str]:
        """The checks that stand behind a path, in the order declared."""
        if family == "live":
            return [check for check, facts in self.checks.items() if facts[1] == LIVE]
        if family == "group":
            return [check for check, facts in self.checks.items() if name in facts[3]]
        if family == "check":
            return [name] if name in self.checks else []
        return list(self.checks)

    def weight_for(self, status: str) -> int:
        """What a balancer that weighs should give, where a path's own status is `status`."""
        if status == FAIL or self.drained:
            return 0
        if self.ready != FAIL:
            return self.weight
        return 100 if status == PASS else _HALF

    def _worst(self, names: Container[str], excluded: frozenset[str]) -> str:
        worst = PASS
        for name, (status, _level, severity, _groups) in self.checks.items():
            if name in excluded or name not in names:
                continue
            counted = WARN if status == FAIL and severity != CRITICAL else status
            if _BADNESS[counted] > _BADNESS[worst]:
                worst = counted
        return worst


def _plain(status: str) -> tuple[str, str]:
    return status, "ok" if status == PASS else status
