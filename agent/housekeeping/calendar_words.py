"""Reading calendar expressions: text in, a `Calendar` or words on what is wrong and where out.

Owns the grammar of systemd.time(7), "Calendar Events", as systemd 252 reads it. Refuses the names
of the machine's own zone (`CEST`): they mean another hour on another machine. Pure, but for asking
whether a time zone exists.
"""

from __future__ import annotations

import dataclasses
import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from agent.housekeeping.calendar_rules import (
    EVERY_DAY,
    SECOND,
    Calendar,
    Chain,
    Span,
    complaints,
)

_ZERO: Chain = (Span(0),)
_EVERY_SECOND: Chain = (Span(0, None, SECOND),)
_FIRST: Chain = (Span(1),)
_QUARTERS = (Span(1), Span(4), Span(7), Span(10))
_DAILY = Calendar(hour=_ZERO, minute=_ZERO, second=_ZERO)
_YEARLY = dataclasses.replace(_DAILY, month=_FIRST, day=_FIRST)
_HALF_YEARLY = dataclasses.replace(_YEARLY, month=(Span(1), Span(7)))

SHORTHANDS = {
    "minutely": Calendar(second=_ZERO),
    "hourly": Calendar(minute=_ZERO, second=_ZERO),
    "daily": _DAILY,
    "weekly": dataclasses.replace(_DAILY, weekdays=1),
    "monthly": dataclasses.replace(_DAILY, day=_FIRST),
    "quarterly": dataclasses.replace(_YEARLY, month=_QUARTERS),
    **dict.fromkeys(("semiannually", "semi-annually", "biannually", "bi-annually"), _HALF_YEARLY),
    **dict.fromkeys(("yearly", "annually", "anually"), _YEARLY),
}

_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_DAY = re.compile("|".join(f"{name}|{name[:3]}" for name in _DAYS), re.IGNORECASE)
_MOST = 1 << 31  # systemd's numbers are C's int
_LONGEST = 240  # entries of one list
_ZONE = re.compile(r"[A-Za-z0-9_+-]+(?:/[A-Za-z0-9_+-]+)*")


class BadExpression(ValueError):
    """The text says what is wrong, and at which place."""


@lru_cache(maxsize=64)
def parse(expression: str) -> Calendar:
    """Raises BadExpression."""
    text, zone = _without_zone(expression)
    if not text:
        raise BadExpression("it is empty; write `daily`, or `*-*-* 03:30`")
    rule = SHORTHANDS.get(text.lower()) or _Reader(text).read()
    rule = dataclasses.replace(rule, zone=zone or rule.zone)
    rule = _tidied(rule)
    for complaint in complaints(rule):
        raise BadExpression(complaint)
    return rule


def _without_zone(expression: str) -> tuple[str, str]:
    if expression[-4:].upper() == " UTC":
        return expression[:-4], "UTC"
    head, space, last = expression.rpartition(" ")
    if space and _is_zone(last):
        return head, last
    if space and "/" in last and last[0].isalpha():
        raise BadExpression(f"there is no time zone {last} here")
    return expression, ""


def _is_zone(name: str) -> bool:
    from zoneinfo import ZoneInfo

    if not _ZONE.fullmatch(name) or not name[0].isalpha():
        return False
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):  # what zoneinfo raises for no such, or a bad, file
        return False
    return True


def _tidied(rule: Calendar) -> Calendar:
    years = tuple(
        Span(_whole_year(y.start), None if y.stop is None else _whole_year(y.stop), y.step)
        for y in rule.year
    )
    parts = {"year": years, "month": rule.month, "day": rule.day, "hour": rule.hour,
             "minute": rule.minute, "second": rule.second}  # fmt: skip
    tidy: dict[str, Any] = {
        name: tuple(sorted(set(map(_tidy, chain)), key=_place)) for name, chain in parts.items()
    }
    weekdays = rule.weekdays or EVERY_DAY
    from_end = rule.from_end and bool(rule.day)
    return dataclasses.replace(rule, **tidy, weekdays=weekdays, from_end=from_end)


def _whole_year(year: int) -> int:
    if year < 70:
        return year + 2000
    return year + 1900 if year < 100 else year


def _tidy(span: Span) -> Span:
    """A range ends where its last step falls; one that is a single value is just that."""
    start, stop, step = span.start, span.stop, span.step
    if stop is not None and step and stop > start:
        stop -= (stop - start) % step
    if stop is not None and (start == stop or (stop > start and start + step > stop)):
        return Span(start)
    return Span(start, stop, step)


def _place(span: Span) -> tuple[int, int, int]:
    return span.start, -1 if span.stop is None else span.stop, span.step


@dataclass
class _Reader:
    """One pass over the text, from left to right."""

    text: str
    at: int = 0

    def read(self) -> Calendar:
        weekdays = self._weekdays()
        if self._peek() == "@":
            return self._instant()
        year, month, day, from_end = self._date()
        hour, minute, second = self._time()
        return Calendar(weekdays, year, month, day, from_end, hour, minute, second)

    def fail(self, what: str) -> BadExpression:
        rest = self.text[self.at :]
        where = f"at {rest!r}" if rest else "at its end"
        return BadExpression(f"{what}, {where}")

    def _peek(self, ahead: int = 0) -> str:
        return self.text[self.at + ahead : self.at + ahead + 1]

    def _skip_spaces(self) -> None:
        while self._peek() == " ":
            self.at += 1

    # --- weekdays ---
    def _weekdays(self) -> int:
        """A bit a day; 0 where none is named."""
        bits, begin, first = 0, -1, True
        while True:
            match = _DAY.match(self.text, self.at)
            if match is None:
                if first:
                    return 0
                raise self.fail("a weekday should stand here")
            if self.text[match.end() : match.end() + 1] not in ("", "-", ".", ",", " "):
                raise self.fail("this is no weekday")
            number = [name[:3] for name in _DAYS].index(match[0][:3].lower())
            if begin > number:
                raise self.fail("a range of weekdays goes from Mon to Sun")
            for day in range(begin if begin >= 0 else number, number + 1):
                bits |= 1 << day
            self.at = match.end()
            if self._peek() in ("", " "):
                break
            begin = self._after_weekday(number, open_range=begin >= 0)
            first = False
            if self._peek() in ("", " "):
                if begin >= 0:
                    raise self.fail("the range has no end")
                break
        self._skip_spaces()
        return bits

    def _after_weekday(self, number: int, *, open_range: bool) -> int:
        """The first day of a range that begins; -1 after a comma."""
        if self._peek() == ",":
            self.at += 1
            return -1
        if open_range or (self._peek() == "." and self._peek(1) != "."):
            raise self.fail("write a range of weekdays as Mon..Fri")
        self.at += 2 if self._peek() == "." else 1
        return number

    # --- date and time ---
    def _date(self) -> tuple[Chain, Chain, Chain, bool]:
        if not self._peek():
            return (), (), (), False
        begun = self.at
        first = self._chain("the date or time")
        if self._peek() in ("", ":"):
            self.at = begun  # It was a time.
            return (), (), (), False
        from_end = self._dash()
        second = self._chain("the date")
        if self._peek() in ("", " "):
            self._skip_spaces()
            return (), first, second, from_end
        if from_end:
            raise self.fail("`~` stands before the day, at the end of a date")
        from_end = self._dash()
        third = self._chain("the day")
        if self._peek() not in ("", " "):
            raise self.fail("a date has at most three parts")
        self._skip_spaces()
        return first, second, third, from_end

    def _dash(self) -> bool:
        """Past the `-` of a date, or the `~` that makes the day count from the end."""
        if self._peek() not in ("-", "~") or not self._peek():
            raise self.fail("a date is written 2026-11-21 or 11-21, a time 08:30")
        self.at += 1
        return self.text[self.at - 1] == "~"

    def _time(self) -> tuple[Chain, Chain, Chain]:
        if not self._peek():
            return _ZERO, _ZERO, _ZERO
        hour = self._chain("the hour")
        self._colon()
        minute = self._chain("the minute")
        if not self._peek():
            return hour, minute, _ZERO
        self._colon()
        second = self._chain("the second", seconds=True)
        if self._peek():
            raise self.fail("nothing may follow but a time zone that exists")
        return hour, minute, second

    def _colon(self) -> None:
        if self._peek() != ":":
            raise self.fail("a time is written 08:30 or 08:30:00")
        self.at += 1

    def _instant(self) -> Calendar:
        """`@1234567890`: that second, once."""
        from datetime import UTC, datetime

        self.at += 1
        number = self._number("the seconds since 1970")
        if self._peek():
            raise self.fail("nothing may follow")
        try:
            when = datetime.fromtimestamp(number, UTC)
        except (OverflowError, ValueError, OSError):
            raise self.fail("that is too far away") from None
        parts = (when.year, when.month, when.day)
        year, month, day = ((Span(each),) for each in parts)
        clock = ((Span(when.hour),), (Span(when.minute),), (Span(when.second * SECOND),))
        return Calendar(EVERY_DAY, year, month, day, False, *clock, zone="UTC")  # noqa: FBT003  (a record's field)

    # --- lists of values ---
    def _chain(self, what: str, *, seconds: bool = False) -> Chain:
        if self._peek() == "*":
            self.at += 1
            return _EVERY_SECOND if seconds else ()
        found = [self._span(what, seconds=seconds)]
        while self._peek() == ",":
            self.at += 1
            found.append(self._span(what, seconds=seconds))
            if len(found) > _LONGEST:
                raise self.fail(f"a list has at most {_LONGEST} entries")
        return tuple(found)

    def _span(self, what: str, *, seconds: bool) -> Span:
        start, stop, step = self._value(what, seconds=seconds), None, 0
        unit = SECOND if seconds else 1
        if self.text.startswith("..", self.at):
            self.at += 2
            stop, step = self._value(what, seconds=seconds), unit
        if self._peek() == "/":
            self.at += 1
            step = self._value(f"the step of {what}", seconds=seconds)
            if step == 0:
                raise self.fail("a step of 0 would never come on")
        elif seconds and stop is not None and start + step > stop:
            raise self.fail("a range of seconds is longer than one")
        if self._peek() not in ("", " ", ",", "-", "~", ":"):
            raise self.fail(f"{what} goes wrong")
        return Span(start, stop, step)

    def _value(self, what: str, *, seconds: bool) -> int:
        value = self._number(what)
        if not seconds:
            return value
        value *= SECOND
        # One "." is a decimal point, two are a range.
        if self._peek() == "." and self._peek(1) != ".":
            self.at += 1
            value += self._fraction()
        if value >= _MOST:
            raise self.fail(f"{what} is too large")
        return value

    def _number(self, what: str) -> int:
        match = re.compile(r"[0-9]+").match(self.text, self.at)
        if match is None:
            raise self.fail(f"a number or `*` should stand here for {what}")
        if len(match[0]) > 12 or int(match[0]) >= _MOST:
            raise self.fail(f"{what} is too large")
        self.at = match.end()
        return int(match[0])

    def _fraction(self) -> int:
        """Microseconds; what is finer is rounded."""
        match = re.compile(r"[0-9]+").match(self.text, self.at)
        if match is None:
            raise self.fail("a fraction of a second should stand here")
        self.at = match.end()
        digits = match[0]
        up = 1 if digits[6:7] >= "5" and len(digits) > 6 else 0
        return int(digits[:6].ljust(6, "0")) + up
