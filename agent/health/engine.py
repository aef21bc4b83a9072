"""The health engine: findings in, one verdict out.

Owns the tracks of all checks, and how causes, grace, severity and staleness bear on each. Time
and mode are handed in; nothing here waits, reads a clock or holds a lock (the daemon does).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from agent.findings import Finding, Level, Severity, Status
from agent.health.causes import roots
from agent.health.hysteresis import BADNESS
from agent.health.track import Track
from agent.health.verdict import CheckState, Mode, Verdict, judge
from agent.manifest.checks import Check

IDLE = 10.0  # seconds a verdict of no checks at all may be repeated
NORMAL = Mode()


class Changes(msgspec.Struct, frozen=True):
    """What a new set of checks did to the old one, by name."""

    kept: tuple[str, ...]
    added: tuple[str, ...]
    removed: tuple[str, ...]


class Engine:
    """All checks of one appliance. Times are ticks (`Clock.monotonic`)."""

    def __init__(
        self, checks: Mapping[str, Check], groups: Mapping[str, Sequence[str]], now: float
    ) -> None:
        self._tracks: dict[str, Track] = {}
        self._groups: dict[str, tuple[str, ...]] = {}
        self._requires: dict[str, tuple[str, ...]] = {}
        self._decided = False
        self.replace(checks, groups, now)

    def replace(
        self, checks: Mapping[str, Check], groups: Mapping[str, Sequence[str]], now: float
    ) -> Changes:
        """Take another set of checks; those that say the same as before keep what is known."""
        old = self._tracks
        self._tracks = {
            name: old[name]
            if name in old and old[name].check == check
            else _fresh(name, check, now, old.get(name))
            for name, check in checks.items()
        }
        self._groups = {name: tuple(members) for name, members in groups.items()}
        self._requires = {name: tuple(check.requires) for name, check in checks.items()}
        kept = tuple(name for name in self._tracks if self._tracks[name] is old.get(name))
        return Changes(
            kept=kept,
            added=tuple(name for name in self._tracks if name not in kept),
            removed=tuple(name for name in old if name not in kept),
        )

    def begin(self, name: str, check: Check, now: float) -> Track | None:
        """A look begins; hand what is returned to `record`.

        None: the check is gone, or declared otherwise by now.
        """
        track = self._tracks.get(name)
        if track is None or track.check != check:
            return None
        track.begin(now)
        return track

    def record(self, track: Track, finding: Finding, now: float) -> float | None:
        """A look has ended; when to look again. None where the check was replaced meanwhile."""
        if self._tracks.get(track.name) is not track:
            return None
        first_failure = track.record(finding, now)
        return track.next_look(first_failure=first_failure)

    def verdict(self, now: float, mode: Mode = NORMAL, notice: str = "") -> Verdict:
        """Everything known, as of `now`. `notice`: see `judge`."""
        own = {name: track.status(now) for name, track in self._tracks.items()}
        self._decided = self._decided or all(status is not None for status in own.values())
        failing = {name for name, status in own.items() if status is Status.FAIL}
        alone = {
            name: _alone(track, own[name] or Status.PASS) for name, track in self._tracks.items()
        }
        states = [self._state(name, own[name], alone, failing, now) for name in self._tracks]
        return judge(states, self._groups, at=now, decided=self._decided, mode=mode, notice=notice)

    def valid_until(self, now: float) -> float:
        """How long the verdict of `now` may be repeated unheard; the probe child's deadline.

        Checks that are stale already speak for themselves and end nothing.
        """
        fresh = [t.vouched_until() for t in self._tracks.values() if not t.stale(now)]
        return min(fresh, default=now + IDLE)

    def changes_at(self, now: float) -> float:
        """When the verdict next changes by itself: a grace that ends, a result overdue."""
        moments = [track.due for track in self._tracks.values()]
        moments += [
            track.grace_ends
            for track in self._tracks.values()
            if track.streak.standing is Status.FAIL
        ]
        return min((at for at in moments if at >= now), default=float("inf"))

    def _state(
        self,
        name: str,
        own: Status | None,
        alone: Mapping[str, Status],
        failing: set[str],
        now: float,
    ) -> CheckState:
        track = self._tracks[name]
        check = track.check
        causes: list[str] = []
        if own is not None and own is not Status.PASS:
            causes = roots(name, self._requires, failing)
        counts = alone[name]
        if causes:
            # It means nothing now, so it counts for no more than what made it so.
            counts = _milder(counts, max((alone[c] for c in causes), key=BADNESS.__getitem__))
        starting = own is Status.FAIL and now < track.grace_ends
        stale = track.stale(now)
        return CheckState(
            name=name,
            title=check.title or name,
            type=str(check.__struct_config__.tag),
            level=check.level,
            severity=check.severity,
            shared=check.shared,
            status=own or Status.PASS,
            counts=counts,
            counts_live=self._counts_live(check, counts, causes, starting=starting),
            finding=track.finding,
            since=track.due if stale else track.since,
            looked_at=track.looked,
            age=now - (track.looked if track.looked is not None else track.added),
            due=track.due,
            every=float(check.every),
            seconds=track.seconds,
            pending=own is None,
            starting=starting,
            stale=stale,
            muted_by=causes[0] if causes else "",
            causes=tuple(causes),
        )

    def _counts_live(
        self, check: Check, counts: Status, causes: Sequence[str], *, starting: bool
    ) -> Status:
        """ "Restart me" is no answer to a slow start, nor to what only keeps traffic away."""
        if check.level is not Level.LIVE:
            return Status.PASS
        elsewhere = causes and all(self._tracks[c].check.level is not Level.LIVE for c in causes)
        return _milder(counts, Status.WARN) if starting or elsewhere else counts


def _fresh(name: str, check: Check, now: float, old: Track | None) -> Track:
    """A new track. Until its first look, what stood under its name stands: no flash of green."""
    if old is None:
        return Track(name, check, now, since=now)
    return Track(name, check, now, since=old.since, finding=old.finding, inherited=old.status(now))


def _alone(track: Track, status: Status) -> Status:
    """What a check counts for by itself: a mild one, or a fleet's shared one, never fails."""
    mild = track.check.severity is Severity.WARNING or track.check.shared
    return Status.WARN if mild and status is Status.FAIL else status


def _milder(one: Status, other: Status) -> Status:
    return min(one, other, key=BADNESS.__getitem__)
