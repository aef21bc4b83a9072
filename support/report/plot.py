"""One plot as SVG: lines over time, their range, gaps, and marks where something happened.

Owns the drawing. Refuses to invent: where there are no samples there is no line, and the place is
shaded. A series says with its line's pattern, not only its colour, which one it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from support.analysers.stamp import utc
from support.report.markup import Markup, joined, number, tag
from support.report.scale import Tick, Unit, in_unit, moments, values

WIDE, HIGH = 1000.0, 230.0
_LEFT, _RIGHT, _TOP, _FOOT = 70.0, 12.0, 20.0, 38.0
_PLACES = 320  # points of a line; more than a screen shows is only weight


@dataclass(frozen=True, slots=True)
class Series:
    """One line. `points` are (seconds since 1970, value), oldest first."""

    name: str
    points: Sequence[tuple[float, float]]


@dataclass(frozen=True, slots=True)
class Mark:
    """Something that happened: a number, which stands in the timeline too, and its words."""

    at: float
    label: str
    title: str
    bad: bool


@dataclass(frozen=True, slots=True)
class Plot:
    """`most` is the limit of what is drawn (all memory there is), None where there is none.

    `step` is the usual distance of points in seconds; more than three of them are a gap.
    """

    title: str
    unit: Unit
    series: Sequence[Series]
    begin: float
    end: float
    step: float
    most: float | None = None


@dataclass(frozen=True, slots=True)
class _Place:
    """One point of a drawn line: the middle and the range of what fell together."""

    at: float
    low: float
    mean: float
    high: float


def drawn(plot: Plot, marks: Sequence[Mark]) -> Markup:
    """The figure."""
    lines = [_places(each.points, plot) for each in plot.series]
    top = max([each.high for line in lines for run in line for each in run], default=0.0)
    ticks = values(max(top * 1.02, plot.most or 0.0), plot.unit)
    frame = _Frame(plot.begin, max(plot.end, plot.begin + 1), ticks[-1].value or 1.0)
    parts = [tag("title", _summary(plot)), *_gaps(plot, frame), *_axes(frame, ticks)]
    if plot.most is not None:
        y = number(frame.y(plot.most))
        parts.append(tag("path", d=f"M{_LEFT:.0f} {y}H{WIDE - _RIGHT:.0f}", cls="most"))
    for place, line in enumerate(lines, 1):
        parts += [_band(run, frame, place) for run in line if len(run) > 1]
    for place, line in enumerate(lines, 1):
        parts += [_line(run, frame, place) for run in line]
    parts += _flags(marks, frame)
    picture = tag(
        "svg",
        *parts,
        cls="plot",
        viewBox=f"0 0 {WIDE:.0f} {HIGH:.0f}",
        role="img",
        aria_label=_summary(plot),
    )
    return tag("figure", _caption(plot), picture)


@dataclass(frozen=True, slots=True)
class _Frame:
    begin: float
    end: float
    top: float

    def x(self, at: float) -> float:
        share = (at - self.begin) / (self.end - self.begin)
        return _LEFT + min(1.0, max(0.0, share)) * (WIDE - _LEFT - _RIGHT)

    def y(self, value: float) -> float:
        share = min(1.0, max(0.0, value / self.top))
        return HIGH - _FOOT - share * (HIGH - _FOOT - _TOP)


def _places(points: Sequence[tuple[float, float]], plot: Plot) -> list[list[_Place]]:
    """Runs without gaps, thinned out to what fits."""
    width = max((plot.end - plot.begin) / _PLACES, 1e-6)
    runs: list[list[_Place]] = []
    bucket: list[tuple[float, float]] = []
    before: float | None = None

    def over() -> None:
        if bucket:
            each = [value for _, value in bucket]
            at = sum(at for at, _ in bucket) / len(bucket)
            runs[-1].append(_Place(at, min(each), sum(each) / len(each), max(each)))
            bucket.clear()

    for at, value in points:
        if not plot.begin <= at <= plot.end:
            continue
        new_run = before is None or at - before > 3 * plot.step
        if new_run or (bucket and at - bucket[0][0] >= width):
            over()
        if new_run:
            runs.append([])
        bucket.append((at, value))
        before = at
    over()
    return runs


def _line(run: list[_Place], frame: _Frame, place: int) -> Markup:
    points = [f"{number(frame.x(each.at))} {number(frame.y(each.mean))}" for each in run]
    if len(points) == 1:  # a lone sample is a short stroke, or nobody would see it
        points.append(f"{number(frame.x(run[0].at) + 2)} {number(frame.y(run[0].mean))}")
    return tag("path", d="M" + "L".join(points), cls=f"l{place}")


def _band(run: list[_Place], frame: _Frame, place: int) -> Markup:
    there = [f"{number(frame.x(each.at))} {number(frame.y(each.high))}" for each in run]
    back = [f"{number(frame.x(each.at))} {number(frame.y(each.low))}" for each in reversed(run)]
    return tag("path", d="M" + "L".join(there + back) + "Z", cls=f"b{place}")


def _gaps(plot: Plot, frame: _Frame) -> list[Markup]:
    """Where no series has a sample."""
    times = sorted({at for each in plot.series for at, _ in each.points
                    if plot.begin <= at <= plot.end})  # fmt: skip
    edges = [plot.begin, *times, plot.end]
    found = []
    for before, after in pairwise(edges):
        if after - before > 3 * plot.step:
            x, end = frame.x(before), frame.x(after)
            words = f"no samples from {utc(before)} to {utc(after)}: the agent did not run"
            found.append(
                tag("rect", tag("title", words), x=x, y=_TOP, width=max(1.0, end - x),
                    height=HIGH - _FOOT - _TOP, cls="gap")
            )  # fmt: skip
    return found[:200]


def _axes(frame: _Frame, ticks: Sequence[Tick]) -> list[Markup]:
    found = []
    right = WIDE - _RIGHT
    for tick in ticks:
        y = frame.y(tick.value)
        found.append(tag("path", d=f"M{_LEFT:.0f} {number(y)}H{right:.0f}",
                         cls="grid" if tick.value else "axis"))  # fmt: skip
        found.append(tag("text", tick.label, x=_LEFT - 8, y=y + 4, text_anchor="end"))
    foot = HIGH - _FOOT
    for tick in moments(frame.begin, frame.end):
        x = frame.x(tick.value)
        clock, _, date = tick.label.partition("|")
        found.append(tag("path", d=f"M{number(x)} {foot:.0f}v5", cls="axis"))
        found.append(tag("text", clock, x=x, y=foot + 18, text_anchor="middle"))
        if date:
            found.append(tag("text", date, x=x, y=foot + 33, text_anchor="middle"))
    found.append(tag("text", "UTC", x=4, y=foot + 18, cls="utc"))
    return found


def _flags(marks: Sequence[Mark], frame: _Frame) -> list[Markup]:
    found = []
    free = 0.0
    for mark in marks:
        if not frame.begin <= mark.at <= frame.end:
            continue
        x = frame.x(mark.at)
        calm = "" if mark.bad else " calm"
        parts = [
            tag("title", mark.title),
            tag("path", d=f"M{number(x)} {_TOP:.0f}V{HIGH - _FOOT:.0f}", cls=f"mark{calm}"),
        ]
        if x >= free:  # numbers on top of each other help nobody; the line is there all the same
            parts.append(tag("text", mark.label, x=x, y=_TOP - 6, text_anchor="middle",
                             cls=f"flag{calm}"))  # fmt: skip
            free = x + 9 * len(mark.label) + 6
        found.append(tag("g", *parts))
    return found


def _caption(plot: Plot) -> Markup:
    keys = [tag("b", plot.title)]
    for place, each in enumerate(plot.series, 1):
        sample = tag("svg", tag("path", d="M0 5H28", cls=f"l{place}"), viewBox="0 0 28 10",
                     aria_hidden="true")  # fmt: skip
        keys.append(tag("span", sample, _series_words(each, plot), cls="key small"))
    if plot.most is not None and plot.unit != "percent":
        words = f"dotted: all there is, {in_unit(plot.most, plot.unit)}"
        keys.append(tag("span", words, cls="key small soft"))
    return tag("figcaption", joined(keys, " "))


def _series_words(series: Series, plot: Plot) -> str:
    inside = [value for at, value in series.points if plot.begin <= at <= plot.end]
    if not inside:
        return f"{series.name}: no samples"
    most = in_unit(max(inside), plot.unit)
    if plot.unit == "bytes":  # what fills up has an end, not an average
        return f"{series.name}: {in_unit(inside[-1], plot.unit)} at the end, {most} at most"
    mean = in_unit(sum(inside) / len(inside), plot.unit)
    return f"{series.name}: {mean} on average, {most} at most"


def _summary(plot: Plot) -> str:
    told = "; ".join(_series_words(each, plot) for each in plot.series)
    return f"{plot.title}, {utc(plot.begin)} to {utc(plot.end)}: {told}"
