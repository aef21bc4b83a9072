"""When a line of a log was written, as the line itself says.

Owns the shapes of time that logs begin with. Refuses to guess: a time without a year, or none
within the first 300 letters, is no time. One without a zone is taken for UTC.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime

_HEAD = 300
_ISO = re.compile(
    r"(?<!\d)(20\d\d)-(\d\d)-(\d\d)[T ](\d\d):(\d\d):(\d\d)(?:[.,](\d{1,9}))?"
    r" ?(Z|UTC|[+-]\d\d:?\d\d)?"
)
_CLF = re.compile(r"(\d\d)/(\w{3})/(20\d\d):(\d\d):(\d\d):(\d\d)(?: ([+-]\d{4}))?")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def stamp(line: str) -> float | None:
    """Seconds since 1970; None where the line does not say."""
    head = line[:_HEAD]
    try:
        if found := _ISO.search(head):
            year, month, day, hour, minute, second, part, zone = found.groups()
            fraction = float(f"0.{part}") if part else 0.0
        elif found := _CLF.search(head):
            day, name, year, hour, minute, second, zone = found.groups()
            month, fraction = str(_MONTHS.index(name) + 1), 0.0
        else:
            return None
        at = datetime(
            int(year), int(month), int(day), int(hour), int(minute), min(int(second), 59),
            tzinfo=UTC,
        )  # fmt: skip
    except ValueError:
        return None
    return at.timestamp() + fraction - _offset(zone)


def _offset(zone: str | None) -> float:
    """Seconds east of UTC."""
    if not zone or zone in ("Z", "UTC"):
        return 0.0
    digits = zone[1:].replace(":", "")
    seconds = int(digits[:2]) * 3600 + int(digits[2:]) * 60
    return float(-seconds if zone[0] == "-" else seconds)


def utc(at: float) -> str:
    """`2026-11-21 17:03:12 UTC`; empty for no time that a calendar has."""
    try:
        return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    except (OverflowError, ValueError, OSError):
        return ""
