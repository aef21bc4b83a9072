"""Inside the refinery: raw in, redacted and scanned out.

Owns the order: collector, redactor, last scan, line. Every text that leaves goes this way, names
and reasons too. Refuses to go on after a leak, and to let a file of which the redactor did not see
the end leave at all.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from agent.host import heap, partner
from agent.host.partner import Line
from support.bundle import messages
from support.bundle.messages import Begun, Check, Collect, Finished, Leak, Over, Ready, Settle
from support.collectors.collector import Collector
from support.collectors.events import Block, Closed, Ended, Event, Opened
from support.collectors.limits import Limits
from support.scene import Scene

_LINE = "text"


class Redacts(Protocol):
    """The redactor, as much of it as is needed here."""

    def file(self, name: str, blocks: Iterable[bytes], counts: Counter[str]) -> Iterator[bytes]: ...

    def name(self, path: str) -> str: ...


class Scans(Protocol):
    """The last gate."""

    def begin(self) -> None: ...

    def feed(self, data: bytes, /) -> str | None: ...


@dataclass(frozen=True)
class Tools:
    """What the refinery works with; made in it, and gone with it.

    `said` is told to the packer. `settle` keeps what must be kept on the machine, once, at the
    end; why it could not, or nothing. `ahead` begins collectors whose turn comes soon;
    `collected` is called when none comes any more. `note` is called before anything that leaves
    counts, and keeps what a killed process may not lose.
    """

    said: Ready
    redactor: Redacts = field(repr=False)
    scanner: Scans = field(repr=False)
    collectors: Mapping[str, Collector]
    run: Callable[[Collector, Scene, Limits], Iterator[Event]]
    settle: Callable[[], str] = lambda: ""
    ahead: Callable[[str, Sequence[str], Limits], None] = lambda _now, _soon, _limits: None
    collected: Callable[[], None] = lambda: None
    note: Callable[[], None] = lambda: None


class _LeakError(Exception):
    """A known secret is in what was about to leave."""

    def __init__(self, name: str, origin: str) -> None:
        super().__init__(name)
        self.name, self.origin = name, origin


class Refining:
    """One bundle's worth of it, at this end of the line."""

    def __init__(self, line: Line, tools: Tools, scene: Scene) -> None:
        self._line, self._tools, self._scene = line, tools, scene
        self._room = 0
        clock = scene.host.clock
        self._limits = Limits(clock, clock.monotonic(), room=lambda: self._room)

    def serve(self) -> None:
        """Until the other side hangs up (Gone) or a secret is found."""
        self._say(self._tools.said)
        while True:
            asked = messages.understood(self._line.receive() or b"")
            try:
                if isinstance(asked, Collect):
                    self._collect(asked)
                elif isinstance(asked, Check):
                    self._check(asked.name)
                elif isinstance(asked, Settle):
                    self._tools.collected()
                    heap.settle()  # the report is being written now, which takes its room
                    self._say(Over(why=self._tools.settle()))
            except _LeakError as leak:
                self._say(Leak(name=leak.name, origin=leak.origin))
                return

    def _collect(self, asked: Collect) -> None:
        collector = self._tools.collectors[asked.code]
        self._room = asked.room
        self._limits.deadline = self._limits.clock.monotonic() + asked.seconds
        begun = self._limits.clock.monotonic()
        over = Over(how="killed", why="it was called off")
        events = self._tools.run(collector, self._scene, self._limits)
        try:
            with partner.may_be_called_off():
                self._tools.ahead(asked.code, asked.soon, self._limits)
                over = self._pass_on(events)
        except partner.CalledOff:
            over = Over(
                how="killed",
                seconds=self._limits.clock.monotonic() - begun,
                why="told to stop",
            )
        finally:
            close = getattr(events, "close", None)
            if close is not None:
                close()
        self._say(over)

    def _pass_on(self, events: Iterator[Event]) -> Over:
        for event in events:
            if isinstance(event, Opened):
                self._file(event, events)
            elif isinstance(event, Ended):
                return Over(how=event.how, seconds=event.seconds, why=self._text(event.why))
        return Over(how="failed", why="it ended without a word")

    def _file(self, opened: Opened, events: Iterator[Event]) -> None:
        name = self._scanned("a file's name", self._tools.redactor.name(opened.name))
        self._say(Begun(name=name, origin=self._text(opened.origin), modified=opened.modified))
        raw, counts = _Raw(events), Counter[str]()
        broke = ""
        try:
            self._tools.scanner.begin()
            for piece in self._tools.redactor.file(opened.name, raw, counts):
                self._send(name, piece)
        except (_LeakError, partner.Gone):
            raise
        except Exception as error:  # the redactor met what nobody foresaw: nothing of it leaves
            broke = f"the redactor broke off ({type(error).__name__}), so nothing of it is kept"
        for _ in raw:  # What it did not want; the next file begins after it.
            pass
        closed = raw.closed
        self._say(
            Finished(
                seconds=closed.seconds,
                left_out=closed.left_out,
                exit_code=closed.exit_code,
                withheld=closed.withheld or bool(broke),
                why=broke or self._text(closed.why),
                redactions=dict(sorted(counts.items())),
            )
        )

    def _send(self, name: str, piece: bytes) -> None:
        if origin := self._tools.scanner.feed(piece):
            raise _LeakError(name, origin)
        view = memoryview(piece)
        for start in range(0, len(view), partner.MESSAGE):
            self._line.send(messages.data(view[start : start + partner.MESSAGE]))

    def _check(self, name: str) -> None:
        """Texts that the packer made: of redacted parts, and looked at all the same."""
        self._tools.scanner.begin()
        found: str | None = None
        while True:
            message = messages.understood(self._line.receive() or b"")
            if not isinstance(message, bytes):
                break
            found = found or self._tools.scanner.feed(message)
        if found:
            raise _LeakError(name, found)
        self._say(Over())

    def _text(self, text: str) -> str:
        """A command line, a path, a reason: redacted as a line of a file would be."""
        if not text:
            return ""
        raw = text.encode(errors="replace")
        clean = b"".join(self._tools.redactor.file(_LINE, [raw], Counter()))
        return self._scanned("a text", clean.decode(errors="replace"))

    def _scanned(self, what: str, text: str) -> str:
        self._tools.scanner.begin()
        if origin := self._tools.scanner.feed(text.encode(errors="replace")):
            raise _LeakError(what, origin)
        return text

    def _say(self, word: messages.Word) -> None:
        self._tools.note()
        self._line.send(messages.words(word))


class _Raw:
    """The blocks of one file, and afterwards how it ended."""

    def __init__(self, events: Iterator[Event]) -> None:
        self._events, self._over = events, False
        self.closed = Closed(0.0, why="it was not read to its end")

    def __iter__(self) -> Iterator[bytes]:
        while not self._over:
            event = next(self._events, None)
            if isinstance(event, Block):
                yield event.data
                continue
            self._over = True
            if isinstance(event, Closed):
                self.closed = event
