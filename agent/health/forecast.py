"""When a disk will be full, by how it filled so far.

Owns the rule. Growth is the median of the slopes between all pairs of points (Theil and Sen), so a
third of wild points moves nothing; each point is the highest of its hour or day, so what a log
rotation or a nightly dump takes and gives back is no growth. Refuses to guess: few points, a short
span, a single step, growth that stopped, or points that scatter more than they rise, and it says
nothing. Pure.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

HOUR, DAY = 3600.0, 86400.0
KEPT = 14 * DAY  # seconds of the past that count


@dataclass(frozen=True, slots=True)
class Point:
    """What was free at one moment (seconds since 1970), and of how much: bytes or inodes."""

    at: float
    free: float
    size: float

    @property
    def used(self) -> float:
        return self.size - self.free


@dataclass(frozen=True, slots=True)
class Forecast:
    """Full in `seconds`, at `rate` a second. `confidence` is 0 to 1, `span` what it rests on."""

    seconds: float
    rate: float
    confidence: float
    span: float


@dataclass(frozen=True, slots=True)
class _Scale:
    """One way to look: the highest point of each `bucket` of the last `window` seconds.

    `ahead`: it says nothing beyond so many times the span it has seen.
    """

    bucket: float
    window: float
    ahead: float


_SCALES = (
    _Scale(DAY, KEPT, 2.0),
    _Scale(HOUR, DAY, 1.0),
    _Scale(900.0, 6 * HOUR, 1.0),
    _Scale(300.0, 2 * HOUR, 1.0),
)
FINE = 6 * HOUR  # seconds of the past of which more than the hours' peaks is wanted
_LEAST = 5  # points
_AGREE = 0.75  # share of pairs that rise; a step in the middle of a flat line has 0.54
_FALL = 0.5  # of the rise: what falls further from one peak to the next is a saw of long teeth
_SCATTER = 0.25  # of the rise
_RISE = 0.005  # of the size: less is no growth to speak of
_RECENT = 1 / 3  # of the growth before: slower in the newer half, it has as good as stopped
_PEAK = 0.002  # of the size below the highest ever seen still counts as the highest
_NEW = 0.01  # of the size above the highest of before
_SAME_SIZE = 0.01
_AHEAD_OF_US = 60.0  # seconds: a point further in the future is of a clock that was wrong


def forecast(points: Iterable[Point], *, now: float) -> Forecast | None:
    """The nearest end in sight; None where there is none, or too little is known."""
    known = _sound(points, now)
    if not known:
        return None
    found = [each for scale in _SCALES if (each := _at_scale(known, scale)) is not None]
    return min(found, key=lambda each: each.seconds, default=None)


def _sound(points: Iterable[Point], now: float) -> list[Point]:
    """In order of time, without nonsense and without what was before the disk got another size."""
    good = sorted(
        (
            point
            for point in points
            if all(map(math.isfinite, (point.at, point.free, point.size)))
            and 0 <= point.free <= point.size
            and point.size > 0
            and now - KEPT <= point.at <= now + _AHEAD_OF_US
        ),
        key=lambda point: point.at,
    )
    if not good:
        return []
    size = good[-1].size
    other = [n for n, point in enumerate(good) if abs(point.size - size) > _SAME_SIZE * size]
    return good[other[-1] + 1 :] if other else good


def _at_scale(known: Sequence[Point], scale: _Scale) -> Forecast | None:
    newest = known[-1]
    peaks = _peaks(known, scale.bucket, since=newest.at - scale.window)
    if len(peaks) < _LEAST:
        return None
    # Of the newest bucket only a part is over: after a rotation it has not had its peak yet.
    peak = max(peaks[-2:], key=lambda point: point.used)
    if not _is_new(peak, known, newest.at - scale.window):
        return None
    rate, agree = _slope(peaks)
    span = peaks[-1].at - peaks[0].at
    rise = rate * span
    if rise < _RISE * newest.size or agree < _AGREE:
        return None
    if max(a.used - b.used for a, b in pairwise(peaks)) > _FALL * rise:
        return None
    scatter = _scatter(peaks, rate)
    if scatter > _SCATTER * rise or _slope(peaks[len(peaks) // 2 :])[0] < rate * _RECENT:
        return None
    seconds = peak.free / rate
    if seconds > scale.ahead * span:
        return None
    return Forecast(seconds, rate, agree * (1 - scatter / rise), span)


def _is_new(peak: Point, known: Sequence[Point], begin: float) -> bool:
    """Whether it is the highest of the window, and beyond all that was before the window.

    What rose as high before came down again, as a nightly dump does.
    """
    within = max(point.used for point in known if point.at >= begin)
    before = max((point.used for point in known if point.at < begin), default=0.0)
    size = peak.size
    return peak.used >= within - _PEAK * size and (
        before == 0.0 or peak.used > before + _NEW * size
    )


def _peaks(known: Sequence[Point], bucket: float, *, since: float) -> list[Point]:
    """The point of each bucket at which least was free."""
    found: dict[int, Point] = {}
    for point in known:
        if point.at < since:
            continue
        place = int(point.at // bucket)
        if place not in found or point.used >= found[place].used:
            found[place] = point
    return [found[place] for place in sorted(found)]


def _slope(peaks: Sequence[Point]) -> tuple[float, float]:
    """The median slope between all pairs, and the share of pairs that rise."""
    slopes = [
        (after.used - before.used) / (after.at - before.at)
        for n, before in enumerate(peaks)
        for after in peaks[n + 1 :]
        if after.at > before.at
    ]
    if not slopes:
        return 0.0, 0.0
    return median(slopes), sum(slope > 0 for slope in slopes) / len(slopes)


def _scatter(peaks: Sequence[Point], rate: float) -> float:
    """The median distance from the line."""
    start = peaks[0].at
    rests = [point.used - rate * (point.at - start) for point in peaks]
    middle = median(rests)
    return median(abs(rest - middle) for rest in rests)
