"""A message that the journal exports as a list of numbers, since it holds a byte that is no text.

Owns the way there and back: the numbers of the secret become those of the mark, so the list stays
a list. What a secret is, the line rules say.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from support.redact.secrets import LINE_RULES
from support.redact.span import Span, mark

_NUMBER = re.compile(rb"\d+")
_LIST = re.compile(rb"[\s\d,]*")


def message(data: bytes, start: int, end: int) -> Iterator[Span]:
    """The spans in `data[start:end]`, which is a list of numbers without its brackets."""
    if not _LIST.fullmatch(data, start, end):
        return
    places = [found.span() for found in _NUMBER.finditer(data, start, end)]
    values = [int(data[first:last]) for first, last in places if last - first < 4]
    if len(values) != len(places) or any(value > 255 for value in values):
        return
    said = bytes(values)
    for begin, line in _lines(said):
        for found in (found for rule in LINE_RULES for found in rule.find(line)):
            numbers = found.instead or mark(found.rule)
            start, last = places[begin + found.start][0], places[begin + found.end - 1][1]
            yield Span(start, last, found.rule, b",".join(b"%d" % number for number in numbers))


def _lines(text: bytes) -> Iterator[tuple[int, bytes]]:
    begin = 0
    for line in text.split(b"\n"):
        yield begin, line
        begin += len(line) + 1
