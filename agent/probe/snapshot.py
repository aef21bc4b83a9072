"""What the daemon publishes: the verdict, reduced to what a stranger may know.

Owns the record and its form on the channel. Refuses details: no text of a finding, no address, no
version ever reaches the probe plane, so it can't leak one.

Plain classes for the reason given in `settings`.
"""

from __future__ import annotations

import marshal
from collections.abc import Mapping, Sequence

PASS, WARN, FAIL = "pass", "warn", "fail"
STATUSES = (PASS, WARN, FAIL)
LIVE, READY = "live", "ready"
CRITICAL, WARNING = "critical", "warning"

# The largest message the kernel takes at its default socket buffer (net.core.wmem_default) less
# room for its own accounting; some 1,500 checks.
LARGEST = 128 * 1024


class CheckState:
    """One check as the probe plane may show it. Treat it as frozen.

    A failing check of severity `warning` counts as a warning. A check muted by the failure of
    what it requires is handed in with the status it should count with.
    """

    __slots__ = ("groups", "level", "name", "severity", "status")

    def __init__(
        self,
        name: str,
        status: str,
        *,
        level: str = READY,
        severity: str = CRITICAL,
        groups: Sequence[str] = (),
    ) -> None:
        _one_of("status", status, STATUSES)
        _one_of("level", level, (LIVE, READY))
        _one_of("severity", severity, (CRITICAL, WARNING))
        self.name = name
        self.status = status
        self.level = level
        self.severity = severity
        self.groups = tuple(groups)


class Snapshot:
    """Everything the child needs to answer every path. Treat it as frozen.

    `reason` is one lower-case word: ok, warn, fail, starting, draining, maintenance, stopping.
    `weight` is a percentage for balancers that shift load: 100 normal, less on a warning, 0 on
    failure. `drained`: healthy, but new traffic should go elsewhere. Raises ValueError.
    """

    __slots__ = ("checks", "drained", "groups", "live", "ready", "reason", "weight", "wire")

    def __init__(
        self,
        *,
        live: str,
        ready: str,
        reason: str = "ok",
        weight: int = 100,
        drained: bool = False,
        checks: Sequence[CheckState] = (),
        groups: Mapping[str, str] | None = None,
    ) -> None:
        _one_of("live", live, STATUSES)
        _one_of("ready", ready, STATUSES)
        if not 0 <= weight <= 100:
            raise ValueError(f"weight is a percentage, not {weight}")
        if not (reason.isascii() and reason.isalpha() and reason.islower()):
            raise ValueError(f"reason is one lower-case word, not {reason!r}")
        self.live = live
        self.ready = ready
        self.reason = reason
        self.weight = weight
        self.drained = drained
        self.checks = tuple(checks)
        self.groups = dict(groups or {})
        for status in self.groups.values():
            _one_of("status", status, STATUSES)
        self.wire = self._pack()

    def _pack(self) -> bytes:
        # marshal: built in, so free; fit here because both ends are one program and one fork.
        wire = marshal.dumps(
            (
                self.live,
                self.ready,
                self.reason,
                self.weight,
                self.drained,
                tuple((c.name, c.status, c.level, c.severity, c.groups) for c in self.checks),
                tuple(self.groups.items()),
            )
        )
        if len(wire) > LARGEST:
            raise ValueError(f"{len(self.checks)} checks make {len(wire)} bytes; {LARGEST} allowed")
        return wire


def _one_of(what: str, value: str, allowed: tuple[str, ...]) -> None:
    if value not in allowed:
        raise ValueError(f"{what} is one of {', '.join(allowed)}, not {value!r}")
