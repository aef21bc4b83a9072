"""Axes: which numbers and which times stand at a plot's edges, and in which unit.

Owns round steps. Refuses local time: who reads a report sits in another zone, so all is UTC.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

Unit = Literal["percent", "bytes", "rate", "number"]
_MINUTE, _HOUR, _DAY = 60, 3600, 86400
_STEPS = (
    _MINUTE, 2 * _MINUTE, 5 * _MINUTE, 10 * _MINUTE, 15 * _MINUTE, 30 * _MINUTE,
    _HOUR, 2 * _HOUR, 3 * _HOUR, 6 * _HOUR, 12 * _HOUR,
    _DAY, 2 * _DAY, 7 * _DAY, 14 * _DAY, 28 * _DAY, 91 * _DAY, 364 * _DAY,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Tick:
    value: float
    label: str


def values(top: float, unit: Unit) -> list[Tick]:
    """From 0 to `top` or a little beyond; the last one is the axis's end."""
    if unit == "percent":
        return [Tick(each, f"{each:.0f} %") for each in (0.0, 25.0, 50.0, 75.0, 100.0)]
    top = max(top, 0.4 if unit == "number" else 4.0)  # of an idle machine: no axis of noughts
    base, word = _scale(top, unit)
    step = _round_up(top / base / 4) * base
    count = max(1, -(-int(top * 1000) // max(1, int(step * 1000))))
    if count * step < top:
        count += 1
    return [Tick(n * step, _label(n * step / base, word)) for n in range(count + 1)]


def in_unit(value: float, unit: Unit) -> str:
    """One value for people: `1.5 GiB`, `37 %`, `12.3 MB/s`."""
    if unit == "percent":
        return f"{value:.0f} %"
    base, word = _scale(value, unit)
    return _label(value / base, word)


def moments(begin: float, end: float, most: int = 9) -> list[Tick]:
    """Round times in between; the date stands where a day begins, and at the first of them."""
    step = next((each for each in _STEPS if (end - begin) / each <= most), _STEPS[-1])
    first = -(-int(begin) // step) * step
    found: list[Tick] = []
    day = ""
    for at in range(first, int(end) + 1, step):
        when = datetime.fromtimestamp(at, UTC)
        date = when.strftime("%d %b")
        clock = when.strftime("%H:%M")
        label = (
            clock if date == day and step < _DAY else date if step >= _DAY else f"{clock}|{date}"
        )
        found.append(Tick(float(at), label))
        day = date
    return found


def _scale(value: float, unit: Unit) -> tuple[float, str]:
    if unit == "number":
        return 1.0, ""
    # Memory and disks are counted in powers of 1024, lines of networks in powers of 1000.
    size, words = (1024.0, ("B", "KiB", "MiB", "GiB", "TiB")) if unit == "bytes" else (
        1000.0, ("B/s", "kB/s", "MB/s", "GB/s", "TB/s"))  # fmt: skip
    base = 1.0
    for word in words[:-1]:
        if value < size * base:
            return base, word
        base *= size
    return base, words[-1]


def _round_up(value: float) -> float:
    power = 1.0
    while power < value:
        power *= 10
    while power / 10 >= value:
        power /= 10
    return next(
        power * each for each in (0.1, 0.2, 0.25, 0.5, 1.0) if power * each >= value * 0.999
    )


def _label(value: float, word: str) -> str:
    text = f"{value:.2f}".rstrip("0").rstrip(".") if value < 10 else f"{value:.0f}"
    return f"{text} {word}".rstrip()
