"""How far a change is, told by the process that does it to whoever asked for it.

Owns the lines of `progress.jsonl`: what they are, writing them, and reading them as they come.
Refuses secrets, and to be kept: it lies below /run, and the ledger has the story.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import msgspec

from agent.change.change import Outcome
from agent.errors import CaretakerError
from agent.host import files, lines
from agent.host.clock import Clock
from agent.host.failures import FileFailure
from agent.layout import Layout
from agent.progress import Unit

_CAP = 16 << 20  # bytes read at most; a change tells some hundred lines
_MODE = 0o600  # What a migration found wrong may be the customer's data.
_SPARSE = 0.25  # seconds between two lines on how much is done


class Begun(msgspec.Struct, frozen=True, tag="begun"):
    """The first line: whose request it is."""

    id: str


class Step(msgspec.Struct, frozen=True, tag="step"):
    """Another step begins. `at`: when, in seconds since 1970."""

    code: str
    title: str
    at: float = 0.0


class Advance(msgspec.Struct, frozen=True, tag="advance"):
    """So much of the step is done."""

    done: int
    total: int
    unit: Unit
    at: float = 0.0


class Note(msgspec.Struct, frozen=True, tag="note"):
    """A line that stays."""

    text: str


class Done(msgspec.Struct, frozen=True, tag="done"):
    """It is over, and this came of it; None: there was nothing to do."""

    outcome: Outcome | None


class Failed(msgspec.Struct, frozen=True, tag="failed"):
    """It is over. `family` is the exit status of the error's class."""

    family: int
    code: str
    message: str
    hint: str

    @classmethod
    def of(cls, error: CaretakerError) -> Failed:
        return cls(error.exit_status, error.code, error.message, error.hint)


Line = Begun | Step | Advance | Note | Done | Failed
_DECODER = msgspec.json.Decoder(Line)


class Teller:
    """Writes the lines (`agent.progress.Progress`). What can't be written is not told."""

    def __init__(self, layout: Layout, clock: Clock) -> None:
        self._path, self._clock = layout.change_progress, clock
        self._advanced = float("-inf")

    def begin(self, request: str) -> None:
        """A file of its own for this request: whoever still reads the last one has it open no
        more."""
        with contextlib.suppress(FileFailure):
            files.ensure_folder(self._path.parent)
            first = msgspec.json.encode(Begun(request)) + b"\n"
            files.replace(self._path, first, mode=_MODE, durable=False)

    def step(self, code: str, title: str) -> None:
        self._advanced = float("-inf")
        self.tell(Step(code, title, self._clock.wall()))

    def advance(self, done: int, total: int, unit: Unit) -> None:
        now = self._clock.monotonic()
        if now - self._advanced >= _SPARSE or done == total:
            self._advanced = now
            self.tell(Advance(done, total, unit, self._clock.wall()))

    def note(self, text: str) -> None:
        self.tell(Note(text))

    def tell(self, line: Line) -> None:
        with contextlib.suppress(FileFailure):
            lines.append(self._path, msgspec.json.encode(line).decode() + "\n", mode=_MODE)


def read_lines(layout: Layout, request: str) -> Iterator[Line]:
    """The lines told of this request so far; none while another one's stand there."""
    try:
        told = files.read_bytes(layout.change_progress, cap=_CAP).splitlines(keepends=True)
    except (FileNotFoundError, FileFailure):
        return
    found = []
    for each in told:
        if each.endswith(b"\n"):  # else it is being written
            with contextlib.suppress(msgspec.DecodeError):
                found.append(_DECODER.decode(each))
    if found and found[0] == Begun(request):
        yield from found[1:]
