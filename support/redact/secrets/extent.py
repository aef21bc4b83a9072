"""Where a value ends: quotes at any depth of escaping, brackets, separators, or the line.

Owns the reading of one value at a place in a line. Refuses to judge it.
"""

from __future__ import annotations

import re
from typing import NamedTuple

_QUOTE = re.compile(rb"(\\{0,15})([\"'`])")
# A separator ends a value where another key, a quote or nothing follows; else it is the value's.
_STOP = re.compile(
    rb"[\s\"'`<>\x00]|[,;](?=\s|$|\\?[\"']?[A-Za-z_][\w.-]{0,60}\\?[\"']?\s?[=:]|[\"'}\])])"
    rb"|&(?=[\w.%\[\]-]{1,60}=|amp;)|\\(?=[nrt](?![a-z])|[nrt]\w+[=:]|[\"'])|\\n"
)
_LATER = re.compile(rb"[^'\"=:]*'(?=[\s,;)}\]]|\Z)")
_OPEN = {b")": b"(", b"]": b"[", b"}": b"{"}


class Extent(NamedTuple):
    """`[start, end)` without quotes. `quote` is what opened it, backslashes included."""

    start: int
    end: int
    quote: bytes


def quoted(line: bytes, at: int) -> Extent | None:
    """The value whose opening quote (with any backslashes before it) stands at `at`."""
    opened = _QUOTE.match(line, at)
    if opened is None:
        return None
    start = opened.end()
    # A connection string within a string of SQL doubles the quotes of its values.
    if line[at : start + 1] == b"''" and line[start + 1 : start + 2].isalnum():
        end = line.find(b"''", start + 1)
        return Extent(start + 1, len(line.rstrip(b"\r\n")) if end < 0 else end, b"''")
    end = closing(line, start, opened.group(2), len(opened.group(1)))
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
            # SQL and CSV double a quote to write it; at the start it is an empty value.
            after = line[place + 1 : place + 2]
            # A shell writes a quote within quotes as `'a'\\''b'`.
            if not depth and sign == b"'" and line.startswith(b"\\''", place + 1):
                place = line.find(sign, place + 4)
                continue
            if depth or place == start or not _goes_on(line, place, sign, after):
                return place - depth
            place += after == sign
        place = line.find(sign, place + 1)
    return -1


def _goes_on(line: bytes, place: int, sign: bytes, after: bytes) -> bool:
    """A repr that escapes nothing (it's): its string ends where no letter follows."""
    if after == sign:
        return True
    return sign == b"'" and after.isalnum() and bool(_LATER.match(line, place + 1, place + 120))


def bare(line: bytes, at: int) -> int:
    """Where a value without quotes ends that stands among others in a line."""
    for stop in _STOP.finditer(line, at):
        if stop.group() not in (b'"', b"'", b"`") or _encloses(line, at, stop.start()):
            return trimmed(line, at, stop.start())
    return trimmed(line, at, len(line))


def trimmed(line: bytes, start: int, end: int) -> int:
    """Without the brackets that were opened before the value, and the comma after them."""
    before = max(0, start - 4096)
    while end > start:
        last = line[end - 1 : end]
        opener = _OPEN.get(last)
        if opener is None:
            if last not in b",;":
                break
        elif line.count(opener, start, end) >= line.count(last, start, end) or (
            line.count(opener, before, start) <= line.count(last, before, start)
        ):
            break
        end -= 1
    return end


def opened_by(line: bytes, at: int) -> bytes:
    """The quote, with its backslashes, that stands right before `at`, or nothing."""
    if line[at - 1 : at] not in (b'"', b"'", b"`") or not at:
        return b""
    start = at - 1
    while start and line[start - 1] == 0x5C:
        start -= 1
    return line[start:at]


def _encloses(line: bytes, start: int, place: int) -> bool:
    """True where the quote at `place` closes a string that was opened before `start`."""
    sign = line[place : place + 1]
    if line.count(sign, max(0, start - 4096), start) % 2 == 1:
        return True
    return sign == b'"' and line[place + 1 : place + 2] in (b"", b",", b"}", b"]", b" ")
