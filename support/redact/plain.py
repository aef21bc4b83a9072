"""Triggers found by `re`, where there is no Hyperscan.

Owns the detour that makes it bearable: a literal that each match must hold is looked for first,
and the expression is tried on that line alone. Refuses wheels: nothing here is not Python's own.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from support.redact.engine import Hits, Trigger
from support.redact.plain_literals import literals

_LEAST = 2  # bytes; a shorter literal stands in every other line
_RARE = (b"@", b"\\", b"{", b"$", b"`", b"~", b"!")
_COMMON = b"etaoinsrhldcu "
_GRAM = 4  # bytes of an unsigned int
_NEWLINE = re.compile(rb"\n")
_SEEN = 200  # different literals for one expression; beyond, it is simply tried


class Plain:
    """The engine that is always there."""

    name = "plain"

    def __init__(self, triggers: Sequence[Trigger], owners: int, store: Path | None = None) -> None:
        self._owners = owners
        self._by_literal: dict[bytes, list[tuple[int, re.Pattern[bytes], bool]]] = {}
        self._always: list[tuple[int, re.Pattern[bytes], bool]] = []
        self._at_lines: list[tuple[int, re.Pattern[bytes]]] = []
        for trigger in triggers:
            self._add(trigger)
        self._short = [literal for literal in self._by_literal if len(literal) < _GRAM]
        self._grams: dict[int, list[bytes]] = {}
        for literal in self._by_literal:
            if len(literal) >= _GRAM:
                gram = int.from_bytes(_rarest(literal), sys.byteorder)
                self._grams.setdefault(gram, []).append(literal)
        self._wanted = frozenset(self._grams)

    def _add(self, trigger: Trigger) -> None:
        try:
            expression = re.compile(trigger.pattern, re.IGNORECASE | re.MULTILINE)
        except re.error as error:
            raise ValueError(f"a trigger is no expression: {error}") from error
        entry = (trigger.owner, expression, trigger.starts)
        needed = literals(trigger.pattern)
        if not needed or len(needed) > _SEEN or not all(map(_is_rare, needed)):
            if trigger.pattern.startswith(b"^") and not trigger.starts:
                self._at_lines.append((trigger.owner, expression))
            else:
                self._always.append(entry)
            return
        for literal in needed:
            self._by_literal.setdefault(literal, []).append(entry)

    def scan(self, block: bytes) -> Hits:
        hits: Hits = [[] for _ in range(self._owners)]
        for owner, expression, starts in self._always:
            note = hits[owner].append
            for match in expression.finditer(block):
                note(match.start() if starts else max(match.start(), match.end() - 1))
        if self._at_lines:
            self._scan_lines(block, hits)
        lower = block.lower()
        for literal in self._present(lower):
            entries = self._by_literal[literal]
            for start, end in _lines_with(literal, lower):
                for owner, expression, starts in entries:
                    if starts:
                        found = expression.finditer(block, start, end)
                        hits[owner].extend(match.start() for match in found)
                    elif expression.search(block, start, end):
                        hits[owner].append(start)
        for offsets in hits:
            offsets.sort()
        return hits

    def _present(self, lower: bytes) -> Iterator[bytes]:
        """The literals that may stand in a block: of a thousand, some dozens do.

        One pass over all its runs of four bytes, each as a number, tells; to look for each literal
        by itself would be a thousand passes.
        """
        view = memoryview(lower)
        there: set[int] = set()
        for offset in range(_GRAM):
            whole = (len(lower) - offset) // _GRAM * _GRAM
            if whole > 0:
                there |= self._wanted.intersection(view[offset : offset + whole].cast("I"))
        yield from self._short
        for gram in sorted(there):
            yield from self._grams[gram]

    def _scan_lines(self, block: bytes, hits: Hits) -> None:
        """Expressions for the beginning of a line are tried there alone."""
        lines = [0, *(match.end() for match in _NEWLINE.finditer(block))]
        for owner, expression in self._at_lines:
            match_at = expression.match
            hits[owner].extend(at for at in lines if match_at(block, at))


def _rarest(literal: bytes) -> bytes:
    """Its four bytes in a row with the fewest that are common in text."""
    runs = [literal[at : at + _GRAM] for at in range(len(literal) - _GRAM + 1)]
    return min(runs, key=lambda run: sum(byte in _COMMON for byte in run))


def _is_rare(literal: bytes) -> bool:
    return len(literal) >= _LEAST or literal in _RARE


def _lines_with(literal: bytes, lower: bytes) -> Iterator[tuple[int, int]]:
    at = lower.find(literal)
    while at >= 0:
        start = lower.rfind(b"\n", 0, at) + 1
        end = lower.find(b"\n", at)
        if end < 0:
            end = len(lower)
        yield start, end
        at = lower.find(literal, end)
