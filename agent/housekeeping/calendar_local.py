"""Local time as the C library reckons it, gaps and overlaps of summer time included. Pure.

Owns mktime(3) on fields that may be out of range. It follows glibc's algorithm (time/mktime.c),
since systemd asks it, and which of two readings of an ambiguous time comes out depends on the
offset that the last call met. Refuses to look for anything: `calendar` does.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, tzinfo

_EPOCH = date(1970, 1, 1).toordinal()
_DAY = 86400
_PROBES = 6
# How glibc looks for a reading with the wanted summer time: steps, and how far.
_STRIDE = 601200
_FAR = 536454000 // 2 + _STRIDE


@dataclass(slots=True)
class Fields:
    """struct tm: local time in parts. `summer` None: not known, to be found out."""

    year: int
    month: int  # 1..12
    day: int
    hour: int
    minute: int
    second: int
    summer: bool | None = None

    def linear(self) -> int:
        """Seconds since 1970 on this clock face, whatever is out of range carried over."""
        months = self.year * 12 + self.month - 1
        first = date(months // 12, months % 12 + 1, 1).toordinal() - _EPOCH
        return (first + self.day - 1) * _DAY + self.hour * 3600 + self.minute * 60 + self.second


class LocalClock:
    """One time zone, with glibc's memory of the offset it met last."""

    def __init__(self, zone: tzinfo) -> None:
        self._zone = zone
        self._offset = 0

    def fields(self, at: int) -> Fields:
        """localtime(3)."""
        when = datetime.fromtimestamp(at, UTC).astimezone(self._zone)
        return Fields(when.year, when.month, when.day, when.hour, when.minute, when.second,
                      bool(when.dst()))  # fmt: skip

    def begin(self, at: int) -> Fields:
        """The fields of a moment; what is asked next is reckoned from its offset."""
        found = self.fields(at)
        self._offset = found.linear() - at
        return found

    def mktime(self, wanted: Fields) -> tuple[int, Fields]:
        """The moment, and its fields in range. OverflowError where no reading is found."""
        linear = wanted.linear()
        at, found = self._converge(linear, summer=wanted.summer)
        self._offset = found.linear() - at
        return at, found

    def _converge(self, linear: int, *, summer: bool | None) -> tuple[int, Fields]:
        # Three guesses back, to see when it swings between two that are never right: a gap.
        now = before = earlier = linear - self._offset
        was_summer = False
        for _ in range(_PROBES):
            found = self.fields(now)
            better = now + linear - found.linear()
            if better == now:
                return self._with_summer(linear, now, found, summer=summer)
            if (
                now == earlier
                and now != before
                and self._settles(found, was_summer=was_summer, summer=summer)
            ):
                return now, found
            earlier, before, now = before, now, better
            was_summer = bool(found.summer)
        raise OverflowError("no such local time")

    def _settles(self, found: Fields, *, was_summer: bool, summer: bool | None) -> bool:
        # Of the two sides of a gap the one with summer time is taken, unless that was asked for.
        if summer is None:
            return was_summer <= bool(found.summer)
        return summer != bool(found.summer)

    def _with_summer(
        self, linear: int, at: int, found: Fields, *, summer: bool | None
    ) -> tuple[int, Fields]:
        """The reading with the wanted summer time, taken from the nearest moment that has it."""
        if summer is None or summer == bool(found.summer):
            return at, found
        for delta in range(_STRIDE, _FAR, _STRIDE):
            for there in (at - delta, at + delta):
                other = self.fields(there)
                if bool(other.summer) == summer:
                    moved = there + linear - other.linear()
                    return moved, self.fields(moved)
        return at, found
