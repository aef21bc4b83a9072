"""Text written character by character as numbers: hexadecimal pairs, bytes, needless escapes.

Owns finding such runs and reading them, in time linear in the text: firewall logs and dumps are
full of them. Refuses nesting, which is what `views` is for.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import NamedTuple
from urllib.parse import unquote_to_bytes

_PLAIN = rb"[\w.~!@#$^*()/:=+-]"
_LETTER = rb"(?:3[0-9]|[46][1-9a-fA-F]|[57][0-9aA])"


class Run(NamedTuple):
    """`text` is what `[start, end)` of the data says; `tokens` cuts it into characters."""

    text: bytes
    start: int
    end: int
    tokens: re.Pattern[bytes]
    read: Callable[[bytes], bytes]

    def place(self, data: bytes, start: int, end: int) -> tuple[int, int]:
        """Where the characters from `start` to `end` of the text stand."""
        at, low, high = 0, -1, self.end
        for one in self.tokens.finditer(data, self.start, self.end):
            if at <= start:
                low = one.start()
            at += len(self.read(one[0]))
            if at >= end:
                high = one.end()
                break
        return low, high


class _Family(NamedTuple):
    """`trigger` is met wherever there is such a run; `run` finds all of it."""

    trigger: bytes
    run: re.Pattern[bytes]
    tokens: re.Pattern[bytes]
    read: Callable[[bytes], bytes]


def _pairs(run: bytes) -> bytes:
    return bytes.fromhex(re.sub(rb"0x|[^0-9a-fA-F]", b"", run).decode())


def _numbers(run: bytes) -> bytes:
    return bytes(int(one) if int(one) < 256 else 0 for one in run.split(b","))


def _escapes(escape: bytes, read: Callable[[re.Match[bytes]], bytes]) -> Callable[[bytes], bytes]:
    pattern = re.compile(escape)
    return lambda run: pattern.sub(read, run)


def _hex(hit: re.Match[bytes]) -> bytes:
    return bytes([int(hit[1], 16)])


def _octal(hit: re.Match[bytes]) -> bytes:
    return bytes([int(hit[1], 8)])


def _letter(hit: re.Match[bytes]) -> bytes:
    return chr(int(hit[1], 16)).encode("utf-8", "surrogatepass")


def _entity(hit: re.Match[bytes]) -> bytes:
    number = int(hit[1][1:], 16) if hit[1][:1] in b"xX" else int(hit[1])
    return chr(number).encode("utf-8", "surrogatepass") if number < 0x110000 else b"?"


def _family(trigger: bytes, escape: bytes, read: Callable[[bytes], bytes]) -> _Family:
    """Escapes among plain characters; without a letter or digit escaped, `views` finds it."""
    either = rb"(?:" + escape.replace(b"(", b"(?:") + rb"|" + _PLAIN + rb")"
    return _Family(trigger, re.compile(either + rb"{8,}"), re.compile(either), read)


# Eight and more in a row, which no word, address or time has.
_PAIR = rb"(?:0x)?[0-9a-fA-F]{2}"
_BETWEEN = rb"(?:, ?|[: -])"
_NUMBER = rb"[0-9]{2,3}"

FAMILIES = (
    _family(rb"%" + _LETTER, rb"%([0-9a-fA-F]{2})", unquote_to_bytes),
    _family(
        rb"\\x" + _LETTER,
        rb"\\{1,4}x([0-9a-fA-F]{2})",
        _escapes(rb"\\{1,4}x([0-9a-fA-F]{2})", _hex),
    ),
    _family(
        rb"\\u00" + _LETTER,
        rb"\\{1,4}u([0-9a-fA-F]{4})",
        _escapes(rb"\\{1,4}u([0-9a-fA-F]{4})", _letter),
    ),
    _family(
        rb"&#(?:[xX]0*"
        + _LETTER
        + rb"|0*(?:4[89]|5[0-7]|6[5-9]|[78][0-9]|90|9[7-9]|1[012][0-9]));",
        rb"&#([xX]?[0-9a-fA-F]{2,6});",
        _escapes(rb"&#([xX][0-9a-fA-F]{2,6}|[0-9]{2,6});", _entity),
    ),
    _family(
        rb"\\(?:06[0-7]|07[01]|1[0-7][0-7])",
        rb"\\{1,4}([0-3][0-7]{2})",
        _escapes(rb"\\{1,4}([0-3][0-7]{2})", _octal),
    ),
    _Family(
        rb"(?:" + _PAIR + _BETWEEN + rb"){7}" + _PAIR,
        re.compile(_PAIR + rb"(?:" + _BETWEEN + _PAIR + rb"){7,}"),
        re.compile(_PAIR),
        _pairs,
    ),
    _Family(
        rb"(?:" + _NUMBER + rb", ?){7}" + _NUMBER,
        re.compile(_NUMBER + rb"(?:, ?" + _NUMBER + rb"){7,}"),
        re.compile(_NUMBER),
        _numbers,
    ),
)


def runs(data: bytes, family: int) -> Iterator[Run]:
    """Every run of a family in the data."""
    _, run, tokens, read = FAMILIES[family]
    for hit in run.finditer(data):
        text = hit[0]
        yield Run(read(text), hit.start(), hit.end(), tokens, read)
