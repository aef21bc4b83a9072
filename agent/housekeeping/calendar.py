"""When a calendar expression of systemd.time(7) elapses next, as systemd itself would say.

Owns the search: the same steps as systemd's (src/shared/calendarspec.c), so that a timer unit and
the embedded scheduler agree to the second, on days with 23 and 25 hours too. A time that falls
into a gap is left out on that day; one that comes twice elapses once. A test holds it to
`systemd-analyze calendar`. Pure: the moment to look from is handed in.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, tzinfo

from agent.housekeeping.calendar_local import Fields, LocalClock
from agent.housekeeping.calendar_rules import EVERY_DAY, LAST_YEAR, SECOND, Calendar, Chain
from agent.housekeeping.calendar_words import BadExpression, parse

__all__ = ["BadExpression", "next_elapse", "parse"]

_MOST = 1000  # steps; systemd gives up there too
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_PARTS = ("year", "month", "day", "hour", "minute", "second")  # from the coarsest on
_COARSER = dict(zip(_PARTS[1:], _PARTS, strict=False))
_LOWEST = {"month": 1, "day": 1, "hour": 0, "minute": 0, "second": 0}
_OUTSIDE, _MOVED, _INSIDE = range(3)


def next_elapse(expression: str, after: datetime, tz: tzinfo) -> datetime | None:
    """The first moment after `after`; None where there is none any more.

    `tz` is the zone of expressions that name none, and of the answer. Raises BadExpression.
    """
    rule = parse(expression)
    micro = (after - _EPOCH) // timedelta(microseconds=1) + 1
    at = _Search(rule, _zone(rule, tz)).first(micro)
    return None if at is None else (_EPOCH + timedelta(microseconds=at)).astimezone(tz)


def _zone(rule: Calendar, tz: tzinfo) -> tzinfo:
    if not rule.zone:
        return tz
    if rule.zone == "UTC":
        return UTC
    from zoneinfo import ZoneInfo

    return ZoneInfo(rule.zone)


class _NeverAgain(Exception):
    """No year is left."""


class _Search:
    """One look for the next moment, from the year down to the second."""

    def __init__(self, rule: Calendar, zone: tzinfo) -> None:
        self._rule = rule
        self._clock = LocalClock(zone)
        self._micro = 0  # of the second

    def first(self, micro: int) -> int | None:
        """The first moment at or after this one; both in microseconds since 1970."""
        seconds, self._micro = divmod(micro, SECOND)
        fields = self._clock.begin(seconds)
        begun = self._face(fields)
        keeps_summer = False
        try:
            for _ in range(_MOST):
                _, fields = self._clock.mktime(fields)
                if not keeps_summer:
                    fields.summer = None
                if not self._step(fields):
                    continue
                if self._face(fields) >= begun:
                    at, _ = self._clock.mktime(fields)
                    return at * SECOND + self._micro
                # A gap led back to before it: on, with the summer time known from here on.
                fields.hour += 1
                keeps_summer = True
        except (_NeverAgain, OverflowError):
            return None
        return None

    def _face(self, now: Fields) -> tuple[int, ...]:
        return (now.year, now.month, now.day, now.hour, now.minute, now.second, self._micro)

    def _step(self, now: Fields) -> bool:
        """Move to the next candidate; True where this one is the answer."""
        for name in _PARTS:
            matched = self._match(name, now)
            bounds = self._within_bounds(now) if matched else _OUTSIDE
            if name == "year" and bounds != _INSIDE:
                raise _NeverAgain
            if bounds == _OUTSIDE:
                self._bump(_COARSER[name], now)
            if bounds != _INSIDE:
                return False
            if name == "day" and not self._is_weekday(now):
                self._bump("day", now)
                return False
        return True

    def _bump(self, name: str, now: Fields) -> None:
        setattr(now, name, getattr(now, name) + 1)
        self._reset_below(name, now)

    def _reset_below(self, name: str, now: Fields) -> None:
        for finer in _PARTS[_PARTS.index(name) + 1 :]:
            setattr(now, finer, _LOWEST[finer])
        if name != "second":
            self._micro = 0

    def _match(self, name: str, now: Fields) -> bool:
        """Set this part to the first value at or after its own; False where there is none."""
        chain: Chain = getattr(self._rule, name)
        value = getattr(now, name)
        if name == "second":
            value = value * SECOND + self._micro
        found = self._first_of(name, chain, value, now) if chain else value
        if found is None:
            return False
        if name == "second":
            now.second, self._micro = divmod(found, SECOND)
        elif found != value:
            setattr(now, name, found)
            self._reset_below(name, now)
        return True

    def _first_of(self, name: str, chain: Chain, value: int, now: Fields) -> int | None:
        found = []
        for span in chain:
            start, stop = span.start, span.stop
            if name == "day" and self._rule.from_end:
                start = self._from_end(span.start, now)
                # Asked also where there is no stop, as systemd does: mktime(3) remembers.
                last = self._from_end(-1 if stop is None else stop, now)
                if stop is not None:
                    start, stop = last, start
            if start >= value:
                found.append(start)
            elif span.step:
                hit = start + -(-(value - start) // span.step) * span.step
                if stop is None or hit <= stop:
                    found.append(hit)
        return min(found, default=None)

    def _from_end(self, day: int, now: Fields) -> int:
        """The day of this month that is the `day`th from its end."""
        last = Fields(now.year, now.month + 1, 1 - day, now.hour, now.minute, now.second)
        _, found = self._clock.mktime(last)
        return found.day

    def _within_bounds(self, now: Fields) -> int:
        """Whether these fields are a time there is; where not, move to the next that is."""
        if now.year > LAST_YEAR:
            return _OUTSIDE
        _, there = self._clock.mktime(now)
        for name in _PARTS:
            ours, its = getattr(now, name), getattr(there, name)
            if its < ours:
                return _OUTSIDE  # A gap that leads backwards: never go there.
            if its > ours:
                self._take(there, name, now)
                return _MOVED
        return _INSIDE

    def _take(self, there: Fields, name: str, now: Fields) -> None:
        """All of `there`; the next finer part begins anew (3-33 is 4-2, but 4-1 comes first)."""
        for part in _PARTS:
            setattr(now, part, getattr(there, part))
        now.summer = there.summer
        place = _PARTS.index(name) + 1
        if place < len(_PARTS):
            setattr(now, _PARTS[place], _LOWEST[_PARTS[place]])

    def _is_weekday(self, now: Fields) -> bool:
        if self._rule.weekdays == EVERY_DAY:
            return True
        _, there = self._clock.mktime(now)
        return bool(self._rule.weekdays >> date(there.year, there.month, there.day).weekday() & 1)
