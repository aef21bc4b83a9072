"""One file on its way through the rules, window by window.

Owns what is remembered from one window to the next: passages that go on, what was begun to be
replaced, and where in the file we are. Refuses to go on when a rule breaks: what it would have
found might be a secret.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from operator import itemgetter

from support.redact.blocks import Window
from support.redact.engine import Hits
from support.redact.engine_looks import (
    MARKED,
    Broken,
    Rules,
    found,
    in_block,
    in_lines,
    in_names,
    line_end,
    lines_at,
    over_border,
)
from support.redact.engine_merge import CARRIED, PASSAGE, Found, Place, merged, moved
from support.redact.rule import PassageRule
from support.redact.span import Span

_LONGEST_MARK = 80

Follow = Callable[[bytes], Iterable[Span] | None]


@dataclass(slots=True)
class FilePass:
    """`formats` are places in the whole file, ascending, where it was small enough to be held."""

    rules: Rules
    counts: Counter[str]
    formats: Sequence[Place] = ()
    _offset: int = 0
    _carry: int = 0
    _following: list[tuple[PassageRule, Follow]] = field(default_factory=list)
    _names: list[Place] = field(default_factory=list)

    def feed(self, window: Window) -> bytes:
        """The window's core, redacted. Raises Broken."""
        size = len(window.core)
        secrets = [*(self._in_lines(window) if window.whole else self._in_piece(window))]
        secrets += self._of_formats(size)
        places = [each for each in secrets if _counts(each, window.core, size)]
        places += self._names_in(window)
        carry, self._carry = self._carry, 0
        if carry:
            places.append((0, min(carry, size), CARRIED, "", b""))
        settled = merged(places)
        self._carry = max([carry - size, 0, *(end - size for _, end, *_ in settled[-1:])])
        self._offset += size
        return self._written(window.core, settled)

    def _in_lines(self, window: Window) -> Iterator[Place]:
        core, rules = window.core, self.rules
        hits = rules.engine.scan(core)
        yield from self._looked(core, hits)
        yield from self._of_passages(core, hits[: len(rules.passages)])
        yield from over_border(rules, window.left, core)
        size = len(core)
        for each in over_border(rules, core, window.right):
            yield moved(each, size)

    def _in_piece(self, window: Window) -> Iterator[Place]:
        """A piece of a long line is looked at with what stands around it."""
        core, rules = window.core, self.rules
        text, base = window.left + core + window.right, len(window.left)
        for each in self._looked(text, rules.engine.scan(text)):
            yield moved(each, -base)
        yield from self._of_passages(core, rules.engine.scan(core)[: len(rules.passages)])

    def _looked(self, text: bytes, hits: Hits) -> Iterator[Found]:
        rules = self.rules
        first = len(rules.passages)
        last = first + len(rules.lines)
        yield from in_block(rules, text)
        yield from in_lines(rules.lines, text, hits[first:last])
        self._names = in_names(rules.identities, text, hits[last:])
        if rules.names is not None:
            self._names += in_names(rules.named, text, rules.names.scan(text))

    def _names_in(self, window: Window) -> list[Place]:
        names, self._names = self._names, []
        if window.whole:
            return names
        base, size = len(window.left), len(window.core)
        there = (moved(each, -base) for each in names)
        return [each for each in there if each[0] < size and each[1] > 0]

    def _of_formats(self, size: int) -> Iterator[Place]:
        begin = bisect_left(self.formats, self._offset, key=lambda each: each[1])
        for each in self.formats[begin:]:
            if each[0] >= self._offset + size:
                return
            yield moved(each, -self._offset)

    def _of_passages(self, core: bytes, hits: Sequence[list[int]]) -> Iterator[Found]:
        begins: dict[int, list[PassageRule]] = {}
        for rule, offsets in zip(self.rules.passages, hits, strict=True):
            for start, _ in lines_at(core, offsets):
                begins.setdefault(start, []).append(rule)
        waiting = sorted(begins)
        start, size = 0, len(core)
        while start < size:
            if not self._following:
                place = bisect_left(waiting, start)
                if place == len(waiting):
                    return
                start = waiting[place]
            end = core.find(b"\n", start)
            end = size if end < 0 else end
            line = core[start : line_end(core, end)]
            yield from self._through(line, start, begins.get(start, ()))
            start = end + 1

    def _through(self, line: bytes, start: int, begins: Iterable[PassageRule]) -> Iterator[Found]:
        """One line, handed to the passages that go on and to those that may begin in it."""
        following: list[tuple[PassageRule, Follow]] = []
        for rule, follow in self._following:
            spans = _asked(rule, follow, line)
            if spans is not None:
                following.append((rule, follow))
                yield from (found(span, PASSAGE, start) for span in spans)
        going = {rule.code for rule, _ in following}
        going.update(code for rule, _ in following for code in rule.mutes)
        for rule in begins:
            if rule.code in going:
                continue
            begun = _asked_to_begin(rule, line)
            spans = _asked(rule, begun, line) if begun else None
            if begun and spans is not None:
                following.append((rule, begun))
                yield from (found(span, PASSAGE, start) for span in spans)
        self._following = following

    def _written(self, core: bytes, settled: Sequence[Place]) -> bytes:
        if not settled:
            return core
        pieces: list[bytes] = []
        add = pieces.append
        past = 0
        for start, end, _, _, instead in settled:
            if start > past:
                add(core[past:start])
            add(instead)
            past = end
        add(core[past:])
        counted = settled[1:] if settled[0][2] == CARRIED else settled
        self.counts.update(map(_RULE, counted))
        return b"".join(pieces)


_RULE = itemgetter(3)


def _counts(each: Place, core: bytes, size: int) -> bool:
    """In this core, and not already the mark of what was redacted before."""
    start, end, *_ = each
    if start >= size or end <= 0 or end <= start:
        return False
    return end - start > _LONGEST_MARK or not MARKED.match(core[max(start, 0) : end])


def _asked(rule: PassageRule, follow: Follow, line: bytes) -> list[Span] | None:
    try:
        spans = follow(line)
        return None if spans is None else list(spans)
    except Exception:  # whatever it is, it may hold a secret, and must end the whole
        raise Broken(rule.code) from None


def _asked_to_begin(rule: PassageRule, line: bytes) -> Follow | None:
    try:
        return rule.begin(line)
    except Exception:  # whatever it is, it may hold a secret, and must end the whole
        raise Broken(rule.code) from None
