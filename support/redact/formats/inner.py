"""What the line rules find in one value, once its escapes are undone.

Owns that look. The engine shows the line rules a file as it is written, where a secret's end and
its string's end are easily confused: `''x''` in YAML, `\\"x\\"` in JSON. What is found here has
exact borders, and on overlap a format's span wins, so that the file stays well-formed.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence

from support.redact.formats.escapes import Unescaped
from support.redact.formats.judge import Leaf, is_worth
from support.redact.secrets import LINE_RULES
from support.redact.span import Span

# Where none of these stands, a line rule may still find something; then the engine's look counts.
_WORTH = re.compile(
    rb"(?i)(?:pass|pwd|pw|secret|token|key|auth|cred|cookie|sess|psk|sid|community|salt)\w{0,20}"
    rb"[\"'\\]{0,4}\s?[=:>]|pass\w*\s|secret\s|bearer |basic |://[^/\s]*@|\?\w+=|"
    rb"(?:^|\s)-[a-z]\w*[ =']|\$\w+\$|eyJ|BEGIN |AKIA|identified|_[A-Za-z0-9]{16}"
)
_RULES = tuple(
    (re.compile(b"|".join(b"(?:%s)" % one for one in rule.triggers), re.IGNORECASE), rule.find)
    for rule in LINE_RULES
)
_SIGN = re.compile(rb"[][{},]|\"(?=\s*[],:}])|'(?=\s*[],:}])")
_LONGEST = 32 * 1024


def found_in(leaf: Leaf, said: Callable[[], Unescaped | None]) -> Iterator[Span]:
    """The spans within a value, as places in the file.

    `said` undoes the escapes of what is written there, or gives None where there are none.
    """
    if not 4 <= len(leaf.text) <= _LONGEST or not _WORTH.search(leaf.text):
        return
    written = said()
    if written is not None:
        yield from map(written.span, _united(_in_text(written.text)))
    elif leaf.end - leaf.start == len(leaf.text):
        for span in _united(_in_text(leaf.text)):
            yield span._replace(start=span.start + leaf.start, end=span.end + leaf.start)


def _in_text(text: bytes) -> Iterator[Span]:
    begin = 0
    for line in text.split(b"\n"):
        if _WORTH.search(line):
            for trigger, find in _RULES:
                if trigger.search(line):
                    for span in find(line):
                        yield span._replace(start=span.start + begin, end=span.end + begin)
        begin += len(line) + 1


def within(
    data: bytes, start: int, end: int, cells: Sequence[tuple[int, int]], code: str
) -> Iterator[Span]:
    """What the line rules find from here to there that goes over the border of a scalar.

    Each scalar it touches goes whole, as the format's own find: so the signs between stay.
    """
    first = data.rfind(b"\n", 0, start) + 1
    for span in _in_text(data[first:end]):
        begin, stop = span.start + first, span.end + first
        at = bisect_right(cells, (begin, len(data))) - 1
        if at >= 0 and stop <= cells[at][1]:
            continue
        touched = [one for one in cells[max(at, 0) : at + 60] if one[1] > begin and one[0] < stop]
        going = [Span(*one, code) for one in touched if is_worth(data[one[0] : one[1]])]
        yield from going
        sign = None if going else _SIGN.search(data, begin, stop)
        if sign:
            # A sign that stays as it is: the find that goes over it gives way to the format's.
            yield Span(*sign.span(), code, sign[0])


def _united(spans: Iterable[Span]) -> Iterator[Span]:
    """What overlaps goes as one: all that either covers."""
    open_: Span | None = None
    for span in sorted(spans, key=lambda one: (one.start, -one.end)):
        if open_ is not None and span.start < open_.end:
            open_ = open_._replace(end=max(open_.end, span.end))
            continue
        if open_ is not None:
            yield open_
        open_ = span
    if open_ is not None:
        yield open_
