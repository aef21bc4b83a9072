"""One check through time: its looks, its streak, and when it is due.

Owns everything that is remembered of a check between two looks. Knows only the time handed in
(ticks, see `Clock.monotonic`). Refuses to know other checks.
"""

from __future__ import annotations

import msgspec

from agent.findings import Finding, Status
from agent.health.hysteresis import Streak, advance
from agent.manifest.checks import Check

# Room for a look to wait for a thread and for its result to be heard, on a machine that is busy.
SLACK = 1.0
# Room for the same where the verdict rests on each single look (`fall = 1`), as the bar of
# `every × fall + 0.2 s` has it.
TIGHT = 0.15
# What has not passed once since it was added is looked at this often, and one good look is
# enough: there is no good state yet that a lucky look could feign to be back.
QUICK = 1.0  # seconds between two looks
SETTLING = 60.0  # seconds it may take, or the check's grace where that is longer


class Track(msgspec.Struct):
    """What is known of one check. Times are ticks; None: never."""

    name: str
    check: Check
    added: float
    streak: Streak = Streak()
    finding: Finding | None = None
    since: float = 0.0  # of what stands
    begun: float | None = None  # the last look that began
    looked: float | None = None  # the beginning of the last look that ended
    ended: float | None = None
    looks: int = 0
    passed: bool = False  # once, since it was added
    inherited: Status | None = None  # what stood before the check was declared otherwise

    @property
    def seconds(self) -> float | None:
        """How long the last look took."""
        if self.looked is None or self.ended is None:
            return None
        return self.ended - self.looked

    def begin(self, now: float) -> None:
        self.begun = now

    def record(self, finding: Finding, now: float) -> bool:
        """Note the end of a look. True if the first failure after good looks: see `next_look`."""
        rise = 1 if self._settling(now) else self.check.rise
        before = self.streak
        self.streak = advance(before, finding.status, fall=self.check.fall, rise=rise)
        if self.streak.standing is not before.standing:
            self.since = now
        self.finding = finding
        self.looked = self.begun if self.begun is not None else now
        self.ended = now
        self.looks += 1
        self.passed = self.passed or finding.status is not Status.FAIL
        good_before = not before.recent or before.recent[-1] is not Status.FAIL
        return finding.status is Status.FAIL and good_before

    @property
    def grace_ends(self) -> float:
        return self.added + self.check.grace

    @property
    def due(self) -> float:
        """When a result must be there; later, and what is known is stale."""
        if self.looked is None:
            return self.added + self.check.timeout + SLACK
        return self.looked + self.check.every + self.check.timeout + SLACK

    def stale(self, now: float) -> bool:
        return now > self.due

    def status(self, now: float) -> Status | None:
        """What stands now; None before the first look."""
        if self.stale(now):
            return Status.FAIL
        return self.streak.standing or self.inherited

    def vouched_until(self) -> float:
        """How long the last word may be repeated by one who hears nothing more from here.

        A daemon that fell silent counts as looks that failed: `fall` of them, as for any other
        failure, and never longer than until the result itself is due.
        """
        newest = self.begun if self.begun is not None else self.added
        check = self.check
        return newest + min(check.every + check.timeout + SLACK, check.every * check.fall + TIGHT)

    def next_look(self, *, first_failure: bool) -> float:
        """When to look again, after `record`.

        A hung target is noticed only at the end of a look's timeout. So that `fall` failures
        still fit into `every × fall`, the looks after the first failure end where they would
        have begun.
        """
        if self.looked is None or self.ended is None:
            return self.added
        ahead = self.ended - self.looked if first_failure and self.check.fall > 1 else 0.0
        return max(self.ended, self.looked + self._pace() - ahead)

    def _settling(self, now: float) -> bool:
        """Whether it is still coming up, as far as looks and `rise` go."""
        return now < self.grace_ends or (not self.passed and now < self.added + SETTLING)

    def _pace(self) -> float:
        """Seconds between two looks."""
        every = float(self.check.every)
        assert self.ended is not None
        coming_up = self.streak.standing is Status.FAIL and self._settling(self.ended)
        return min(every, QUICK) if coming_up else every
