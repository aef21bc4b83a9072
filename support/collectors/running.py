"""Running one collector in a process apart, and telling what it gave as events.

Owns the child that collects, its time and its bytes, and believing nothing it says. Refuses to
let one collector harm the next: whatever happens in there is one `Ended`, and what was given
before stays.
"""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Protocol

from agent.errors import CaretakerError
from agent.host import giving
from agent.host.failures import HostFailure
from agent.host.giving import Give
from support.collectors import frames, names
from support.collectors.collector import Collector, Source
from support.collectors.cuts import Cut
from support.collectors.events import Block, Closed, Ended, Ending, Event, Opened
from support.collectors.frames import Closing, Done, Opening
from support.collectors.limits import Limits
from support.scene import Scene

_FILES = 20_000  # of one collector
GRACE = 5.0  # seconds after all is over, when a collector ends by itself
_SLACK = 64 << 10  # bytes above its cap: the words where something is left out


class Child(Protocol):
    """A process that collects: `agent.host.giving.Giving`, or as much of it."""

    def read(self, most: int, *, patience: float) -> bytes | None: ...

    def end(self) -> int | None: ...


Begin = Callable[[Collector, Scene, int, float], Child]
"""Begins one: its cap in bytes, and how long it may live. Raises OSError."""


def here(collector: Collector, scene: Scene, cap: int, longest: float) -> Child:
    """In a child of this process."""
    return giving.begin(lambda give: collect(collector, scene, cap, give), longest=longest)


def refusal(collector: Collector, scene: Scene, limits: Limits) -> str:
    """Why it is not even begun; empty: it may."""
    if why := limits.refusal(collector):
        return why
    if scene.rescue and not collector.rescue:
        return "it says nothing of a disk that did not boot"
    return ""


def run(collector: Collector, scene: Scene, limits: Limits, begin: Begin = here) -> Iterator[Event]:
    """What it gives, as `events` says; never raises for what goes wrong in it.

    Its timeout counts the time we wait for it, not the time it waits for us. Closing the
    generator ends it with all its family. Call it in a process without threads.
    """
    begun = limits.clock.monotonic()
    why = refusal(collector, scene, limits)
    if why:
        yield Ended("skipped", 0.0, why)
        return
    cap = min(collector.cap, limits.bytes(collector.priority))
    try:
        child = begin(collector, scene, cap, limits.seconds() + GRACE)
    except OSError as error:
        yield Ended("failed", 0.0, f"there was no process for it: {error.strerror}")
        return
    telling = _Telling(_Intake(child, limits, collector.timeout), limits, cap + _SLACK)
    status: int | None = 0
    try:
        yield from telling.events()
    finally:
        status = child.end()
    seconds = limits.clock.monotonic() - begun
    how, why = telling.how, telling.why
    if how == "killed":
        how, why = _broke(status)
    yield from telling.close(why)
    yield Ended(how, seconds, why)


def _broke(status: int | None) -> tuple[Ending, str]:
    """What is said of a child that closed its pipe before its last word."""
    if status is not None and status < 0:
        with suppress(ValueError):
            return "killed", f"ended by {signal.Signals(-status).name}"
    return "failed", f"it broke off with status {status}"


class _LateError(Exception):
    """Nothing came in time; the words say which time."""


@dataclass
class _Intake:
    """The child's bytes, and how long is still waited for them."""

    child: Child
    limits: Limits
    patience: float

    def take(self, most: int) -> bytes:
        """At least one byte. EOFError at the end; _LateError."""
        left = self.limits.seconds()
        if left <= 0:
            raise _LateError("the time for collecting was over")
        begun = self.limits.clock.monotonic()
        data = self.child.read(most, patience=min(left, self.patience))
        self.patience -= self.limits.clock.monotonic() - begun
        if data:
            return data
        if data is None:
            late = self.limits.seconds() <= 0
            raise _LateError("the time for collecting was over" if late else "no end in its time")
        raise EOFError


class _Telling:
    """Frames made into events, each looked at first."""

    def __init__(self, intake: _Intake, limits: Limits, cap: int) -> None:
        self._intake, self._limits, self._left = intake, limits, cap
        self._since: float | None = None
        self.how: Ending = "done"
        self.why = ""

    def events(self) -> Iterator[Event]:
        """Everything but the last; afterwards `how` and `why` say how it ended."""
        files = 0
        try:
            for frame in frames.frames(self._intake.take):
                if isinstance(frame, bytes):
                    self._left -= len(frame)
                    if self._left < 0:
                        raise frames.Rubbish("it gave more than it may")
                    self._limits.given += len(frame)
                    yield Block(frame)
                elif isinstance(frame, Opening):
                    files += 1
                    if files > _FILES:
                        raise frames.Rubbish(f"it gave more than {_FILES} files")
                    yield self._open(frame)
                elif isinstance(frame, Closing):
                    self._since = None
                    yield _closed(frame)
                else:
                    self.how, self.why = ("failed" if frame.why else "done"), names.words(frame.why)
        except _LateError as error:
            self.how, self.why = "timeout", str(error)
        except frames.Rubbish as error:
            self.how, self.why = "failed", str(error)
        except EOFError:
            self.how = "killed"

    def close(self, why: str) -> Iterator[Event]:
        """The end of the file that was open when the collector ended."""
        if self._since is not None:
            yield Closed(self._limits.clock.monotonic() - self._since, why=why)

    def _open(self, frame: Opening) -> Opened:
        self._since = self._limits.clock.monotonic()
        name = names.unique(names.safe(frame.name), self._limits.names)
        return Opened(name, names.words(frame.origin), frame.modified)


def _closed(frame: Closing) -> Closed:
    return Closed(
        frame.seconds,
        max(0, frame.left_out),
        frame.exit_code,
        withheld=frame.withheld,
        why=names.words(frame.why),
    )


def collect(collector: Collector, scene: Scene, cap: int, give: Give) -> None:
    """In the child: everything there is, into the pipe."""
    left = cap
    clock = scene.host.clock.monotonic
    why = ""
    try:
        for source in collector.sources(scene):
            give(frames.words(Opening(_text(source.name), _text(source.origin), source.modified)))
            closing, given = _read(source, left, clock, give)
            give(frames.words(closing))
            left -= given
    except TOLD as error:
        why = reason(error)
    give(frames.words(Done(why)))


# What a collector may raise. BrokenPipeError is an OSError too, and then nobody listens anyway.
TOLD = (CaretakerError, HostFailure, OSError, ValueError, LookupError, TypeError, RuntimeError)


def _read(source: Source, left: int, clock: Callable[[], float], give: Give) -> tuple[Closing, int]:
    begun = clock()
    cap = min(source.cap or left, left)
    # What it knows the size of, it cuts to its own cap by itself.
    size = source.size if source.size is None else min(source.size, source.cap or source.size)
    cut = Cut(cap, min(size, cap) if source.newest and size is not None else size)
    why = ""
    if cut.cap <= 0:
        missing = source.size or 0
        return Closing(0.0, missing, why="there was no room left for it", withheld=True), 0
    try:
        blocks = source.newest(cap) if source.newest is not None else source.blocks()
        for piece in cut.pieces(blocks):
            give(frames.block(piece))
    except TOLD as error:
        why = reason(error)
    left_out = cut.left_out + source.left_out()
    return (
        Closing(clock() - begun, left_out, source.exit_code(), cut.withheld, why or cut.why),
        cut.given,
    )


def reason(error: BaseException) -> str:
    """For people. A defect is told by its kind alone: its words may hold what was read."""
    if isinstance(error, CaretakerError | HostFailure):
        return _text(str(error))
    if isinstance(error, OSError):
        return _text(f"{error.strerror or error}" + (f": {error.filename}" * bool(error.filename)))
    return f"a defect in Caretaker ({type(error).__name__})"


def _text(text: str) -> str:
    return text.encode(errors="replace").decode()
