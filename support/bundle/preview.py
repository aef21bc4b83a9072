"""What a bundle would hold masked, line by line, before there is one.

Owns running the collectors for the looking alone. Refuses to write anything, and to show a value:
what is shown is the line as it would leave.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from support.bundle.messages import Begun, Finished, Over
from support.bundle.order import Order
from support.bundle.refinery import Refinery
from support.bundle.search import lines
from support.redact.span import MARK

_MARK = re.compile(re.escape(MARK) + rb"([a-z0-9]+(?:-[a-z0-9]+)*)")
SHOWN = 20  # lines of one rule in one file
_AROUND = 160  # characters of a line


@dataclass(frozen=True, slots=True)
class Masked:
    """A line as it would leave, and the rule that masked something in it."""

    rule: str
    line: int
    text: str


@dataclass
class Previewed:
    """One file. `counts` are of all places by rule, pseudonyms included."""

    name: str
    collector: str
    size: int = 0
    masked: list[Masked] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)
    withheld: str = ""


def preview(refinery: Refinery, order: Order, seconds: float) -> Iterator[Previewed]:
    """File by file. Lost, RefusedError."""
    for collector in order.chosen:
        file: Previewed | None = None
        look = _Look()
        given = refinery.collect(
            collector.code, room=order.max_size, seconds=seconds, quiet=collector.timeout
        )
        for each in given:
            if isinstance(each, Begun):
                file, look = Previewed(each.name, collector.code), _Look()
            elif isinstance(each, bytes):
                look.feed(each)
            elif isinstance(each, Finished) and file is not None:
                file.masked, file.size = look.done(), look.size
                file.counts = each.redactions
                file.withheld = (each.why or "withheld") if each.withheld else ""
                yield file
            elif isinstance(each, Over):
                break


class _Look:
    """The masked lines of one file."""

    def __init__(self) -> None:
        self.size, self._line, self._rest = 0, 0, b""
        self._found: list[Masked] = []
        self._shown: Counter[str] = Counter()

    def feed(self, block: bytes) -> None:
        self.size += len(block)
        whole, end, rest = (self._rest + block).rpartition(b"\n")
        if len(rest) > 1 << 16:
            whole, end, rest = whole + end + rest, b"", b""
        self._rest = rest
        if end or whole:
            self._look(whole)

    def done(self) -> list[Masked]:
        self._look(self._rest)
        return self._found

    def _look(self, text: bytes) -> None:
        if MARK in text:
            for number, line in lines((text,)):
                if MARK in line:
                    self._keep(self._line + number, line)
        self._line += text.count(b"\n") + 1

    def _keep(self, number: int, line: bytes) -> None:
        for match in _MARK.finditer(line):
            rule = match[1].decode()
            self._shown[rule] += 1
            if self._shown[rule] <= SHOWN:
                low = max(0, match.start() - _AROUND)
                text = line[low : match.end() + _AROUND].decode(errors="replace")
                self._found.append(Masked(rule, number, text))
