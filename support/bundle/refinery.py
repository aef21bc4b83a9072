"""The refinery as the packer sees it: a process that gives files, redacted, and nothing else.

Owns starting it, asking it, and what its death means. Refuses to trust its silence: one that does
not answer in time is ended, and whatever it was at is dropped.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from agent.errors import CaretakerError, MachineError, ManifestError, RefusedError
from agent.host import heap, partner
from agent.host.clock import Clock
from agent.host.partner import Line, Partner
from support.bundle import messages
from support.bundle.messages import (
    Begun,
    Broke,
    Check,
    Collect,
    Finished,
    Leak,
    Over,
    Ready,
    Settle,
)
from support.bundle.refining import Refining, Tools
from support.scene import Scene

_READY = 60.0  # seconds to import, harvest and test itself on a machine that is out of breath
_CHECK = 30.0
_SLACK = 15.0  # seconds after a collector's own limit; a large file may still be in the redactor
_AFTER_STOP = 3.0

Given = Begun | bytes | Finished | Over


class Lost(Exception):
    """It is not there any more, or as good as."""


class Refinery:
    """A running one. `told` says whether somebody asked us to stop."""

    def __init__(self, started: Partner, clock: Clock, told: Callable[[], bool]) -> None:
        self._partner, self._clock, self._told = started, clock, told
        self._collecting = False
        self._give_up = 0.0  # when a collector that was called off is no longer waited for

    @property
    def pid(self) -> int:
        return self._partner.pid

    def ready(self) -> Ready:
        """Wait until it proved itself. Raises MachineError."""
        try:
            said = self._next(_READY)
        except Lost as error:
            raise MachineError(
                "redaction-failed",
                f"the redactor did not start, so nothing was collected: {error}",
                hint="caretaker redact < /dev/null  # and look at what it says",
            ) from error
        assert isinstance(said, Ready)
        return said

    def collect(
        self, code: str, *, room: int, seconds: float, quiet: float, soon: Sequence[str] = ()
    ) -> Iterator[Given]:
        """What this collector gives, Over as the last. Lost, RefusedError (a leak).

        `quiet` is how long it may say nothing; it has `seconds` in all. `soon`: which come next.
        """
        asked = Collect(code=code, room=room, seconds=seconds, soon=tuple(soon))
        self._send(messages.words(asked))
        self._collecting = True
        while self._collecting:
            said = self._next(min(quiet, seconds) + _SLACK)
            self._collecting = not isinstance(said, Over)
            if isinstance(said, bytes | Begun | Finished | Over):
                yield said
        self._give_up = 0.0

    def check(self, name: str, content: bytes) -> bytes:
        """The same content, if no secret is in it. Lost, RefusedError."""
        self._send(messages.words(Check(name=name)))
        view = memoryview(content)
        for start in range(0, len(view), partner.MESSAGE):
            self._send(messages.data(view[start : start + partner.MESSAGE]))
        self._send(messages.words(Over()))
        if not isinstance(self._next(_CHECK), Over):
            raise Lost("it answered something else")
        return content

    def settle(self) -> str:
        """Keep what must be kept on the machine; why it could not be, or nothing. Lost."""
        self._send(messages.words(Settle()))
        said = self._next(_CHECK)
        return said.why if isinstance(said, Over) else ""

    def end(self) -> None:
        self._partner.end()

    def _send(self, message: bytes) -> None:
        try:
            self._partner.line.send(message)
        except partner.Gone as error:
            # Its last word may say why.
            self._next(0.1)
            raise Lost("it broke off") from error

    def _next(self, patience: float) -> messages.Said | bytes:
        try:
            message = self._partner.line.receive(patience=patience, wake=self._wake)
            if message is None:
                raise Lost(f"no word for {patience:.0f} s")
            said = messages.understood(message)
        except partner.Gone as error:
            raise Lost("it broke off") from error
        except ValueError as error:
            raise Lost("it made no sense") from error
        if isinstance(said, Leak | Broke):
            raise _error(said)
        return said

    def _wake(self) -> None:
        if not self._collecting or not self._told():
            return
        now = self._clock.monotonic()
        if not self._give_up:
            self._give_up = now + _AFTER_STOP
            self._partner.call_off()
        elif now > self._give_up:
            raise Lost("it did not stop in time")


def start(scene: Scene, make: Callable[[Scene], Tools], told: Callable[[], bool]) -> Refinery:
    """Fork it; `make` runs in it. Raises MachineError."""

    def work(line: Line) -> int:
        try:
            tools = make(scene)
            heap.settle()
        except CaretakerError as error:
            line.send(messages.words(_broke(error)))
            return error.exit_status
        except Exception as error:  # its words may hold what it had read; its kind may be told
            why = f"the redactor did not start: a defect ({type(error).__name__})"
            line.send(messages.words(Broke(code="redaction-failed", why=why)))
            return 70
        try:
            Refining(line, tools, scene).serve()
        except partner.Gone:
            return 0  # The packer hung up: all is done.
        return 7

    try:
        return Refinery(partner.begin(work, comm=b"refinery"), scene.host.clock, told)
    except OSError as error:
        raise MachineError(
            "redaction-failed",
            f"there was no process for the redactor: {error.strerror}",
            hint="ps ax --sort -rss | head  # what fills this machine?",
        ) from error


def _error(said: Leak | Broke) -> CaretakerError:
    if isinstance(said, Leak):
        return RefusedError(
            "redaction-leak",
            f"{said.origin} was still in {said.name} after redaction, so nothing was kept",
            hint="caretaker support-bundle --plan  # then leave its collector out by --skip",
        )
    kind = ManifestError if said.manifest else MachineError
    return kind(said.code, said.why, hint=said.hint)


def _broke(error: CaretakerError) -> Broke:
    return Broke(
        code=error.code,
        why=error.message,
        hint=error.hint,
        manifest=isinstance(error, ManifestError),
    )
