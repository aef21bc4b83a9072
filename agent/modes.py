"""Drain and maintenance: states of the whole node that a person put it in.

Owns their records, when they end, and that they outlive restarts. Refuses the verdict itself:
the health engine is told the word.

An end is a moment of the wall clock, since it must survive a reboot. Within one boot it is kept
in ticks as well, so that a wall clock that jumps neither ends a maintenance early nor makes it
last for years.
"""

from __future__ import annotations

import msgspec

from agent.health.verdict import Mode
from agent.host.clock import Clock

DRAINING, MAINTENANCE = "draining", "maintenance"


class Moment(msgspec.Struct, frozen=True):
    """One reading of the clocks: seconds since 1970, ticks, and the boot the ticks belong to."""

    wall: float
    ticks: float
    boot: str

    @classmethod
    def now(cls, clock: Clock) -> Moment:
        return cls(clock.wall(), clock.monotonic(), clock.boot_id())


class Period(msgspec.Struct, frozen=True):
    """From when until when, why, and who said so. Times since 1970; `until` None: no end.

    `boot` and `ends` repeat the end in ticks of the boot it was declared in.
    """

    reason: str
    since: float
    until: float | None = None
    actor: str = ""
    boot: str = ""
    ends: float | None = None

    def left(self, now: Moment) -> float | None:
        """Seconds until it ends, negative when it has; None where it has no end."""
        if self.until is None:
            return None
        if self.ends is not None and self.boot and self.boot == now.boot:
            return self.ends - now.ticks
        # After a reboot a clock that stands in the past must not make it longer than it ever was.
        return min(self.until - now.wall, self.until - self.since)


class Modes(msgspec.Struct, frozen=True):
    """What is kept in `modes.json`."""

    drained: Period | None = None
    maintenance: Period | None = None

    def current(self, now: Moment) -> Modes:
        """Without those that have ended."""
        return Modes(_unless_over(self.drained, now), _unless_over(self.maintenance, now))

    def mode(self) -> Mode:
        """What stands above the checks. Maintenance says more than a drain."""
        if self.maintenance is not None:
            return Mode(MAINTENANCE, self.maintenance.reason)
        if self.drained is not None:
            return Mode(DRAINING, self.drained.reason)
        return Mode()

    def ends_in(self, now: Moment) -> float:
        """Seconds until the next one ends; infinity where none does."""
        periods = [period for period in (self.drained, self.maintenance) if period is not None]
        return min(
            (left for period in periods if (left := period.left(now)) is not None),
            default=float("inf"),
        )


def period(*, reason: str, until: float | None, actor: str, now: Moment) -> Period:
    """A period that begins now and ends at `until` (since 1970)."""
    ends = None if until is None else now.ticks + (until - now.wall)
    return Period(reason, now.wall, until, actor, now.boot, ends)


def _unless_over(period: Period | None, now: Moment) -> Period | None:
    if period is None:
        return None
    left = period.left(now)
    return None if left is not None and left <= 0 else period
