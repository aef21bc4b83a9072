"""A quoted string's text and where each byte of it stands in the file.

Owns the mapping, so that a secret found in the text can be cut out of the file. Understands
backslashes, doubled quotes and XML's entities. Refuses to judge what is in it.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable
from typing import NamedTuple

from support.redact.span import Span

_ESCAPE = re.compile(rb"\\(?:u([0-9a-fA-F]{4})|x([0-9a-fA-F]{2})|(.))", re.DOTALL)
_PAIR = re.compile(rb"\\u([dD][89abAB][0-9a-fA-F]{2})\\u([dD][c-fC-F][0-9a-fA-F]{2})")
_ENTITIES = {b"lt": b"<", b"gt": b">", b"amp": b"&", b"quot": b'"', b"apos": b"'"}
_PLAIN = {
    b"n": b"\n",
    b"t": b"\t",
    b"r": b"\r",
    b"b": b"\b",
    b"f": b"\f",
    b"0": b"\0",
    b"e": b"\x1b",
}


def _meant(found: re.Match[bytes]) -> bytes:
    if found[3]:
        return _PLAIN.get(found[3], found[3])
    return chr(int(found[1] or found[2], 16)).encode("utf-8", "replace")


def unescaped(raw: bytes) -> bytes:
    """What a quoted string says."""
    if b"\\" not in raw:
        return raw
    whole = _PAIR.sub(_joined, raw)
    return _ESCAPE.sub(_meant, whole)


def _joined(found: re.Match[bytes]) -> bytes:
    high, low = int(found[1], 16) - 0xD800, int(found[2], 16) - 0xDC00
    return chr(0x10000 + high * 0x400 + low).encode()


def _halved(found: re.Match[bytes]) -> bytes:
    return found[0][:1]


def _entity(found: re.Match[bytes]) -> bytes:
    return _ENTITIES.get(found[1], b"?")


class Dialect(NamedTuple):
    """How a language escapes: what an escape looks like, and what it means."""

    escape: re.Pattern[bytes]
    meant: Callable[[re.Match[bytes]], bytes]


BACKSLASHES = Dialect(_ESCAPE, _meant)
APOSTROPHES = Dialect(re.compile(rb"''"), _halved)
QUOTES = Dialect(re.compile(rb'""'), _halved)
ENTITIES = Dialect(re.compile(rb"&(lt|gt|amp|quot|apos|#\w{1,8});"), _entity)


class Unescaped:
    """`text` is what `raw` says; `at` tells where a byte of it stands in the file.

    `start` is where `raw` begins. Each half of a surrogate pair becomes one question mark, which
    no secret is looked up by.
    """

    def __init__(self, raw: bytes, start: int, dialect: Dialect = BACKSLASHES) -> None:
        parts: list[bytes] = []
        self._said, self._stands = [0], [start]
        self._backslashes = dialect is BACKSLASHES
        length = behind = 0
        for found in dialect.escape.finditer(raw):
            parts += [raw[behind : found.start()], dialect.meant(found)]
            length += found.start() - behind
            self._said += [length, length + len(parts[-1])]
            self._stands += [start + found.start(), start + found.end()]
            length, behind = length + len(parts[-1]), found.end()
        parts.append(raw[behind:])
        self.text = b"".join(parts)

    def at(self, place: int) -> int:
        found = bisect_right(self._said, place) - 1
        return self._stands[found] + place - self._said[found]

    def span(self, span: Span) -> Span:
        """A span of the text as one of the file. What stands instead is escaped in its turn."""
        instead = span.instead
        if self._backslashes:
            instead = instead.replace(b"\\", b"\\\\").replace(b'"', b'\\"')
        return Span(self.at(span.start), self.at(span.end), span.rule, instead)
