"""Rules asked about the places where they were triggered.

Owns taking the lines out of a block and turning what a rule says into places in that block.
Refuses to remember anything from one block to the next. A rule that raises is named, and nothing
else of it is passed on: what it raised may hold a piece of the file.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from support.redact.engine import Engine
from support.redact.engine_merge import IDENTITY, KNOWN, LINE, OWN, Found, Place, moved
from support.redact.identities.rule import IdentityRule
from support.redact.rule import LineRule, PassageRule
from support.redact.span import MARK, Span, mark

MARKED = re.compile(rb"[\"']?" + MARK + rb"[a-z0-9-]+[\"']?\Z")
BORDER = 8 << 10  # bytes on either side; of a known value that is longer, what is left is no use

Look = Callable[[bytes], Iterable[Span]]


@dataclass(frozen=True, slots=True)
class Rules:
    """All that looks at a window. `own` look at whole windows; `named` are found by `names`."""

    engine: Engine
    passages: Sequence[PassageRule]
    lines: Sequence[LineRule]
    identities: Sequence[IdentityRule]
    known: Look
    own: Sequence[tuple[str, Look]] = ()
    names: Engine | None = None
    named: Sequence[IdentityRule] = ()


class Broken(Exception):
    """A rule raised. Its code is all that is said."""

    def __init__(self, rule: str) -> None:
        super().__init__(rule)
        self.rule = rule


def found(span: Span, rank: int, offset: int = 0) -> Found:
    return Found(
        span.start + offset, span.end + offset, rank, span.rule, span.instead or mark(span.rule)
    )


def in_lines(rules: Sequence[LineRule], text: bytes, hits: Sequence[list[int]]) -> Iterator[Found]:
    """What the line rules find in the lines that their triggers hit."""
    for rule, offsets in zip(rules, hits, strict=True):
        for start, end in lines_at(text, offsets):
            try:
                spans = list(rule.find(text[start:end]))
            except Exception:  # whatever it is, it may hold a secret, and must end the whole
                raise Broken(rule.code) from None
            for span in spans:
                yield found(span, LINE, start)


def lines_at(text: bytes, offsets: Iterable[int]) -> Iterator[tuple[int, int]]:
    """Each line that holds one of the ascending offsets, once, without its end."""
    past = -1
    for offset in offsets:
        if offset < past:
            continue
        start = text.rfind(b"\n", 0, offset) + 1
        past = text.find(b"\n", offset) + 1 or len(text) + 1
        yield start, line_end(text, past - 1)


def line_end(text: bytes, end: int) -> int:
    """`end` is where the newline is; CR before it belongs to the line's end too."""
    return end - 1 if end and text[end - 1 : end] == b"\r" else end


def in_names(rules: Sequence[IdentityRule], text: bytes, hits: Sequence[list[int]]) -> list[Place]:
    places: list[Place] = []
    for rule, starts in zip(rules, hits, strict=True):
        if not starts:
            continue
        code = rule.code
        try:
            places += [
                (start, end, IDENTITY, code, instead)
                for start, end, instead in rule.find(text, starts)
            ]
        except Exception:  # whatever it is, it may hold a name, and must end the whole
            raise Broken(code) from None
    return places


def in_block(rules: Rules, text: bytes) -> Iterator[Found]:
    """Known values, and patterns of one's own."""
    for rank, code, look in _whole(rules):
        try:
            spans = list(look(text))
        except Exception:  # whatever it is, it may hold a secret, and must end the whole
            raise Broken(code) from None
        for span in spans:
            yield found(span, rank)


def _whole(rules: Rules) -> Iterator[tuple[int, str, Look]]:
    yield KNOWN, "known-value", rules.known
    for code, look in rules.own:
        yield OWN, code, look


def over_border(rules: Rules, before: bytes, after: bytes) -> Iterator[Place]:
    """What lies on both sides of a border; offsets count from the border, so `start` is below 0."""
    head, tail = before[-BORDER:], after[:BORDER]
    if head and tail:
        for each in in_block(rules, head + tail):
            if each.start < len(head) < each.end:
                yield moved(each, -len(head))
