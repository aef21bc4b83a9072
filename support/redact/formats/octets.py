"""A message that the journal exports as a list of numbers, since it holds a byte that is no text.

Owns the way there and back where the list is written over lines: `journal` of the line rules
reads one that is written in a line. The list stays a list.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from support.redact.secrets.decoded import redacted
from support.redact.span import Span

_NUMBER = re.compile(rb"\d+")
_LIST = re.compile(rb"[\s\d,]*")


def message(data: bytes, start: int, end: int, code: str) -> Iterator[Span]:
    """The spans in `data[start:end]`, which is a list of numbers without its brackets."""
    if not _LIST.fullmatch(data, start, end):
        return
    places = [found.span() for found in _NUMBER.finditer(data, start, end)]
    values = [int(data[first:last]) for first, last in places if last - first < 4]
    if not values or len(values) != len(places) or max(values) > 255:
        return
    clean = redacted(bytes(values))
    if clean is not None:
        numbers = b",".join(b"%d" % number for number in clean)
        yield Span(places[0][0], places[-1][1], code, numbers)
