"""How a file system fills: what a `disk` or `inodes` check remembers, and its forecast.

Owns the memory: the lowest points of each hour and of each five minutes. It begins with what the
history knows of the disk with the data, and goes on with what the check itself sees. Refuses to
cost anything: it looks once a minute, and a history that can't be read just now is no failure.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from agent.health.context import Context
from agent.health.forecast import FINE, HOUR, KEPT, Forecast, Point, forecast
from agent.health.words import span
from agent.history import History
from agent.host.failures import FileFailure

_MEMORY = "filling"  # key of `memory`
_EVERY = 60.0  # seconds between two points
_MINUTES = 300.0
_TRIES = 3  # to read the history
_NEAR = 0.05  # of the size that the history's newest point may be off, and be of the same disk
_HOLDS = 1800.0  # seconds that a forecast is kept which the newest points do not bear out
_RELAXED = 1.25  # times the limit that takes a warning back, so that it does not flicker
_FREED = 0.02  # of the size: so much more free than at the forecast, and it is out of date
_BYTES = ("disk_free_bytes", "disk_total_bytes")
_INODES = ("disk_inodes_free", "disk_inodes")


@dataclass(slots=True)
class _Filling:
    """What is known. `told` is the forecast that stands, `free` what was free then."""

    hours: dict[int, Point] = field(default_factory=dict)
    minutes: dict[int, Point] = field(default_factory=dict)
    looked: float = float("-inf")
    tries: int = 0
    told: Forecast | None = None
    told_at: float = 0.0
    free: float = 0.0

    def add(self, point: Point) -> None:
        for places, bucket in ((self.hours, HOUR), (self.minutes, _MINUTES)):
            place = int(point.at // bucket)
            if place not in places or point.free <= places[place].free:
                places[place] = point

    def forget(self, now: float) -> None:
        for places, kept in ((self.hours, KEPT), (self.minutes, FINE)):
            for place in [n for n, point in places.items() if not now - kept <= point.at <= now]:
                del places[place]


def full_soon(
    context: Context, *, free: float, size: float, within: float, inodes: bool = False
) -> Forecast | None:
    """The forecast, if it is nearer than `within` seconds. Never raises for a bad history."""
    if within <= 0 or size <= 0:
        return None
    state: _Filling = context.memory.setdefault(_MEMORY, _Filling())
    clock = context.host.clock
    now, wall = clock.monotonic(), clock.wall()
    if now - state.looked >= _EVERY:
        begun = state.looked >= 0
        state.looked = now
        newest = Point(wall, free, size)
        state.add(newest)
        if begun and state.tries < _TRIES:  # Not in the first second, when all begins at once.
            _remember(state, context, newest, _INODES if inodes else _BYTES)
        state.forget(wall)
        _tell(state, newest, now, within)
    if state.told is not None and free > state.free + _FREED * size:
        state.told = None
    return state.told


def words(found: Forecast, rate: str) -> str:
    """`full in about 3 days at 2.0 GiB a day`; `rate` is its growth a day, in words."""
    return f"full in about {span(found.seconds)} at {rate} a day"


def _tell(state: _Filling, newest: Point, now: float, within: float) -> None:
    points = [*state.hours.values(), *state.minutes.values()]
    found = forecast(points, now=newest.at)
    limit = within * (_RELAXED if state.told is not None else 1.0)
    if found is not None and found.seconds <= limit:
        state.told, state.told_at, state.free = found, now, newest.free
    elif now - state.told_at > _HOLDS:
        state.told = None


def _remember(state: _Filling, context: Context, newest: Point, names: tuple[str, str]) -> None:
    """Take in the history, if it is of this very file system."""
    state.tries += 1
    history = History(context.layout.history, 0)
    try:
        hours = history.lowest(*names, bucket=HOUR, since=newest.at - KEPT)
        minutes = history.lowest(*names, bucket=_MINUTES, since=newest.at - FINE)
    except FileFailure:
        return
    state.tries = _TRIES
    points = [Point(*row) for row in (*hours, *minutes)]
    past = [point for point in points if point.at <= newest.at]
    last = max(past, key=lambda point: point.at, default=None)
    near = _NEAR * newest.size
    if last is None or last.size != newest.size or abs(last.free - newest.free) > near:
        return  # The history follows the disk with the data; this is another one.
    for point in past:
        state.add(point)
