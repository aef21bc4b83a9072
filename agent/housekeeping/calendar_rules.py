"""Calendar expressions of systemd.time(7) as values: what the words of one mean. Pure.

Owns the records, and the limits of each part. Refuses words (`calendar_words`) and time
(`calendar`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

SECOND = 1_000_000  # the part "second" counts in microseconds
FIRST_YEAR, LAST_YEAR = 1970, 2199  # systemd looks no further
EVERY_DAY = 0b1111111
_NO_SUCH_DAY = 3  # days from the end of a month are counted to the 28th only


@dataclass(frozen=True, slots=True)
class Span:
    """One entry of a list: `start`, or `start..stop`, or every `step` from start on.

    `stop` None has no end but the part's own; `step` 0 is just `start`.
    """

    start: int
    stop: int | None = None
    step: int = 0


Chain = tuple[Span, ...]
"""The entries of one part; empty is `*`."""


@dataclass(frozen=True, slots=True)
class Calendar:
    """One expression. `weekdays` has bit 0 for Monday; `zone` is empty for the machine's own.

    `from_end`: days are counted from the end of the month, 1 is the last.
    """

    weekdays: int = EVERY_DAY
    year: Chain = ()
    month: Chain = ()
    day: Chain = ()
    from_end: bool = False
    hour: Chain = ()
    minute: Chain = ()
    second: Chain = ()
    zone: str = ""


def complaints(rule: Calendar) -> Iterator[str]:
    """What can never be, each as words for people."""
    last_day = 31 - _NO_SUCH_DAY if rule.from_end else 31
    parts = (
        ("year", rule.year, FIRST_YEAR, LAST_YEAR),
        ("month", rule.month, 1, 12),
        ("day", rule.day, 1, last_day),
        ("hour", rule.hour, 0, 23),
        ("minute", rule.minute, 0, 59),
        ("second", rule.second, 0, 60 * SECOND - 1),
    )
    for name, chain, low, high in parts:
        backwards = rule.from_end and name == "day"
        for place, span in enumerate(chain):
            if backwards and place:
                high -= _NO_SUCH_DAY  # systemd takes them off once an entry, and so must we
            if not _fits(span, low, high, backwards=backwards):
                unit = SECOND if name == "second" else 1
                yield f"{name} {_shown(span, unit)} is not within {low}..{high // unit}"


def _fits(span: Span, low: int, high: int, *, backwards: bool) -> bool:
    if not low <= span.start <= high or span.step > high - low:
        return False
    # At least one repetition must come before the end.
    if span.stop is not None:
        return low <= span.stop <= high and span.start + span.step <= span.stop
    if backwards:
        return span.start - span.step >= low
    return span.start + span.step <= high


def _shown(span: Span, unit: int) -> str:
    stop = "" if span.stop is None else f"..{span.stop / unit:g}"
    step = f"/{span.step / unit:g}" if span.step not in (0, unit) else ""
    return f"{span.start / unit:g}{stop}{step}"
