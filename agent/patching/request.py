"""What is asked of the upgrade's one-shot, and what it says while it works and at its end.

Owns the records and their files below /run/caretaker-os. Refuses to act on them.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from pathlib import Path

import msgspec
from msgspec import Struct

from agent.errors import CaretakerError
from agent.host import files, lines
from agent.host.failures import FileFailure
from agent.layout import Layout
from agent.patching.record import Scope
from agent.progress import Unit
from agent.state import StateFile

UNIT = "caretaker-os.service"


class OsRequest(Struct, frozen=True, kw_only=True):
    """One upgrade. `unhealthy`: go on although the application is not healthy now. `restart`:
    also services that the manifest does not declare for it. `refresh`: fetch the lists first."""

    id: str
    actor: str
    scope: Scope = "usual"
    restart: bool = False
    reboot: bool = False
    unhealthy: bool = False
    refresh: bool = True


class Changed(Struct, frozen=True):
    """One package; `after` is empty where it went."""

    name: str
    before: str
    after: str


class Failure(Struct, frozen=True):
    """Why it ended otherwise: an error of ours, as it was raised."""

    status: int
    code: str
    message: str
    hint: str


class OsOutcome(Struct, frozen=True, kw_only=True):
    """How it ended. `restarted` and `waiting` are units; `mended` is what was finished first."""

    scope: Scope = "usual"
    changed: tuple[Changed, ...] = ()
    mended: tuple[str, ...] = ()
    restarted: tuple[str, ...] = ()
    waiting: tuple[str, ...] = ()
    reboot: tuple[str, ...] = ()
    rebooting: bool = False
    health: str = ""
    seconds: float = 0.0
    failure: Failure | None = None


class Line(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One line of the progress file: who it is of, and one of step, advance, note and end."""

    id: str
    step: str = ""
    title: str = ""
    done: int = 0
    total: int = 0
    note: str = ""
    end: OsOutcome | None = None


def request_file(layout: Layout) -> StateFile[OsRequest]:
    return StateFile(layout.os_run / "request.json", OsRequest, mode=0o600)


def progress_path(layout: Layout) -> Path:
    return layout.os_run / "progress.jsonl"


def failure_of(error: CaretakerError) -> Failure:
    return Failure(error.exit_status, error.code, error.message, error.hint)


def error_of(failure: Failure) -> CaretakerError:
    """The error again, with its exit status."""
    kinds = {kind.exit_status: kind for kind in CaretakerError.__subclasses__()}
    kind = kinds.get(failure.status, CaretakerError)
    return kind(failure.code, failure.message, hint=failure.hint)


@dataclass
class Told:
    """Progress into the file that others follow. What the disk refuses is not said, and the work
    goes on."""

    path: Path
    id: str

    def begin(self) -> None:
        with contextlib.suppress(FileFailure):
            files.replace(self.path, b"", mode=0o644, durable=False)

    def step(self, code: str, title: str) -> None:
        self._say(Line(id=self.id, step=code, title=title))

    def advance(self, done: int, total: int, unit: Unit) -> None:
        self._say(Line(id=self.id, done=done, total=total))

    def note(self, text: str) -> None:
        self._say(Line(id=self.id, note=text))

    def end(self, outcome: OsOutcome) -> None:
        self._say(Line(id=self.id, end=outcome))

    def _say(self, line: Line) -> None:
        with contextlib.suppress(FileFailure):
            lines.append(self.path, msgspec.json.encode(line).decode() + "\n", mode=0o644)
