"""Progress as people and programs follow it: a bar, plain lines, or JSON.

Owns the three renderings of `agent.progress.Progress` and the choice between them. They go to
standard error, so that standard output holds the result alone; JSON lines go to standard output,
where whoever asked for JSON reads. Refuses to know what is being done.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol, runtime_checkable

import click

from agent.cli.saying import json_line, plain, size, span
from agent.host.clock import Clock
from agent.progress import Progress, Unit

_EVERY = 5.0  # seconds between two lines of one step, where there is no terminal
_STANDS = 60.0  # seconds, where it is not further than it was


@runtime_checkable
class Closes(Protocol):
    """What has to be taken away when it is over."""

    def close(self, *, well: bool | None) -> None: ...


def watched(*, json_wanted: bool) -> Progress:
    """Whoever watches this process: a person at a terminal, a log, a program.

    A bar is drawn from the first step on and taken away by `ended`.
    """
    if json_wanted:
        return JsonLines(Clock())
    if not sys.stderr.isatty():
        return Lines(Clock())
    # Drawing takes 30 ms to import, which only a terminal is worth.
    from agent.cli.bars import Bars

    return Bars(Clock())


@contextmanager
def watching(*, json_wanted: bool) -> Iterator[Progress]:
    """The same for the length of a block; whatever way it ends, the terminal is left in order."""
    progress = watched(json_wanted=json_wanted)
    try:
        yield progress
    except KeyboardInterrupt:
        ended(progress, well=None)
        raise
    except BaseException:
        ended(progress, well=False)
        raise
    ended(progress, well=True)


def ended(progress: Progress, *, well: bool | None) -> None:
    """The last step is over. None: only the watching is."""
    if isinstance(progress, Closes):
        progress.close(well=well)


class Lines:
    """A line a step, and one every few seconds of a long one that gets on: for logs and pipes."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._title, self._told, self._done = "", 0.0, 0

    def step(self, code: str, title: str) -> None:
        self._title, self._told, self._done = plain(title), self._clock.monotonic(), 0
        click.echo(self._title, err=True)

    def advance(self, done: int, total: int, unit: Unit) -> None:
        now = self._clock.monotonic()
        if now - self._told >= (_EVERY if done != self._done else _STANDS):
            self._told, self._done = now, done
            click.echo(f"  {self._title}: {amount(done, total, unit)}", err=True)

    def note(self, text: str) -> None:
        click.echo(f"  {plain(text)}", err=True)


class JsonLines:
    """One object a line: `{"progress": "step" | "advance" | "note", …}`."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._code, self._told = "", 0.0

    def step(self, code: str, title: str) -> None:
        self._code, self._told = code, 0.0
        self._say({"progress": "step", "code": code, "title": title})

    def advance(self, done: int, total: int, unit: Unit) -> None:
        now = self._clock.monotonic()
        if now - self._told >= 1.0:
            self._told = now
            told: dict[str, str | int] = {"done": done, "total": total, "unit": unit}
            self._say({"progress": "advance", "code": self._code, **told})

    def note(self, text: str) -> None:
        self._say({"progress": "note", "code": self._code, "text": text})

    @staticmethod
    def _say(value: dict[str, str | int]) -> None:
        click.echo(json_line(value))
        sys.stdout.flush()


def amount(done: int, total: int, unit: Unit) -> str:
    """`120.0 MiB of 1.0 GiB`, `3 of 12 files`, `40 s`."""
    if unit == "bytes":
        return f"{size(done)} of {size(total)}" if total else size(done)
    if unit == "seconds":
        return f"{span(done)} of {span(total)}" if total else span(done)
    what = "" if unit == "items" else f" {unit}"
    return f"{done:,} of {total:,}{what}" if total else f"{done:,}{what}"


def span_of(seconds: float) -> str:
    """A measured time, as exact as it is worth."""
    return f"{seconds:.2f} s" if seconds < 10 else span(seconds)
