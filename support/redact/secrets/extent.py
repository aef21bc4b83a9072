"""Where a value ends: quotes at any depth of escaping, brackets, or the line.

Owns the reading of one value at a place in a line. Refuses to judge it.
"""

from __future__ import annotations

import re
from typing import NamedTuple

_QUOTE = re.compile(rb"(\\*)([\"'`])")
_STOP = re.compile(
    rb"[\s\"'`<>]|[,;](?=\s|$|[\"']?[A-Za-z_][\w.-]*[\"']?\s?[=:]|[\"'}\])])|&(?=[\w.%\[\]-]+=|amp;)|\\[nrt\"']|\x00"
)
_OPEN = {b")": b"(", b"]": b"[", b"}": b"{"}


class Extent(NamedTuple):
    """`[start, end)` without quotes. `quote` is what opened it, backslashes included, or empty."""

    start: int
    end: int
    quote: bytes


def quoted(line: bytes, at: int) -> Extent | None:
    """The value whose opening quote (with any backslashes before it) stands at `at`."""
    opened = _QUOTE.match(line, at)
    if opened is None:
        return None
    depth, sign = len(opened.group(1)), opened.group(2)
    start = opened.end()
    end = closing(line, start, sign, depth)
    return Extent(start, len(line.rstrip(b"\r\n")) if end < 0 else end, opened.group())


def closing(line: bytes, start: int, sign: bytes, depth: int) -> int:
    """Where the string opened by `depth` backslashes and `sign` ends, or -1.

    In a string escaped n times an own quote has 2**n - 1 backslashes; a run that leaves another
    remainder belongs to the value.
    """
    place = line.find(sign, start)
    while place >= 0:
        run = place
        while run > start and line[run - 1] == 0x5C:
            run -= 1
        if (place - run) % (2 * depth + 2) == depth:
            return place - depth
        place = line.find(sign, place + 1)
    return -1


def bare(line: bytes, at: int) -> int:
    """Where a value without quotes ends that stands among others in a line."""
    stop = _STOP.search(line, at)
    while stop and stop.group() in (b'"', b"'", b"`") and not _encloses(line, at, stop.start()):
        stop = _STOP.search(line, stop.end())
    return trimmed(line, at, stop.start() if stop else len(line))


def trimmed(line: bytes, start: int, end: int) -> int:
    """Without the brackets that were opened before the value, and the comma or dot after them."""
    while end > start:
        last = line[end - 1 : end]
        opener = _OPEN.get(last)
        if opener is not None:
            value = line[start:end]
            if value.count(opener) >= value.count(last) or line.count(opener, 0, start) <= (
                line.count(last, 0, start)
            ):
                break
        elif last not in b",;":
            break
        end -= 1
    return end


def _encloses(line: bytes, start: int, place: int) -> bool:
    """True where the quote at `place` closes a string that was opened before `start`."""
    sign = line[place : place + 1]
    if line.count(sign, 0, start) % 2 == 1:
        return True
    after = line[place + 1 : place + 2]
    return sign == b'"' and after in (b"", b",", b"}", b"]", b" ") and place > start
