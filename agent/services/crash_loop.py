"""When restarting a service is given up. Pure; the same for systemd and the embedded supervisor.

Owns the rule: more than so many restarts that nobody asked for within a window, and no run between
them that lasted a minute. Refuses to count what people restart, and to stop anything.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from agent.manifest.model import Manifest

STABLE = 60.0  # seconds; a run of this length is none of a crash loop's
REMEDY = "services"  # the remedy's name, under which a manifest switches it off


@dataclass(frozen=True, slots=True)
class Limit:
    """Restarts within so many seconds, before a service is left stopped."""

    restarts: int
    window: float

    def words(self) -> str:
        count = "1 restart" if self.restarts == 1 else f"{self.restarts} restarts"
        return f"{count} within {self.window / 60:.0f} min"


@dataclass(frozen=True, slots=True)
class Event:
    """Something that befell a service. `at` is seconds of one clock, whichever."""

    at: float
    kind: str  # "restart": nobody asked for it; "end": its main process is gone


def limit_of(manifest: Manifest) -> Limit | None:
    """None where the manifest wants no end of restarts."""
    if REMEDY in manifest.remediation.off:
        return None
    return Limit(manifest.remediation.restarts, manifest.remediation.window)


def is_crash_loop(restarts: Sequence[float], now: float, limit: Limit, *, down: bool) -> bool:
    """Whether to give up. `restarts`: since the last run that lasted; `down`: one more is due."""
    recent = sum(now - at <= limit.window for at in restarts)
    return recent > limit.restarts or (down and recent == limit.restarts)


def since_it_lasted(events: Iterable[Event]) -> list[float]:
    """When it was restarted, since its last run that lasted. `events` in their order."""
    restarts: list[float] = []
    for event in events:
        if event.kind == "restart":
            restarts.append(event.at)
        elif restarts and event.at - restarts[-1] >= STABLE:
            restarts = []
    return restarts
