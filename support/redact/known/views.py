"""A piece of text with its escapes undone, and where each character of that stood.

Owns undoing what writers do to single characters: percent, backslash, XML entity, quoted-printable,
doubled quotes, wrapped lines; also one inside another. Refuses to decide which of them was meant:
each gives a view, and a secret may be found in any.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterator
from typing import NamedTuple

_DEEP = 3  # JSON in JSON in a URL is met in logs; one more is not
_MOST = 40
_SIMPLE = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"b": b"\b", b"f": b"\f", b"0": b"\0"}


class View(NamedTuple):
    """`text[i]` stood in `[starts[i], ends[i])` of what was looked at."""

    text: bytes
    starts: list[int]
    ends: list[int]


class _Writer(NamedTuple):
    """How one writer escapes. `sign`: where that is not met, nothing was escaped so."""

    sign: re.Pattern[bytes]
    escape: re.Pattern[bytes]
    undo: Callable[[re.Match[bytes]], bytes]


def _percent(hit: re.Match[bytes]) -> bytes:
    return bytes([int(hit[1], 16)])


def _plus(hit: re.Match[bytes]) -> bytes:
    return b" " if hit[0] == b"+" else bytes([int(hit[1], 16)])


def _backslash(hit: re.Match[bytes]) -> bytes:
    high, low, four, two, eight, one = hit.groups()
    if high:
        return (bytes.fromhex((high + low).decode())).decode("utf-16-be").encode()
    if four:
        return chr(int(four, 16)).encode("utf-8", "surrogatepass")
    if two:
        return bytes([int(two, 16)])
    if eight:
        return bytes([int(eight, 8)])
    return _SIMPLE.get(one, one)


def _entity(hit: re.Match[bytes]) -> bytes:
    return html.unescape(hit[0].decode()).encode("utf-8", "replace")


def _printable(hit: re.Match[bytes]) -> bytes:
    return bytes([int(hit[1], 16)]) if hit[1] else b""


def _nothing(_hit: re.Match[bytes]) -> bytes:
    return b""


def _space(_hit: re.Match[bytes]) -> bytes:
    return b" "


def _quote(hit: re.Match[bytes]) -> bytes:
    return hit[0][:1]


_WRITERS = (
    _Writer(re.compile(b"%"), re.compile(rb"%([0-9A-Fa-f]{2})"), _percent),
    _Writer(re.compile(rb"\+"), re.compile(rb"\+|%([0-9A-Fa-f]{2})"), _plus),
    _Writer(
        re.compile(rb"\\"),
        re.compile(
            rb"\\(?:u([dD][89aAbB][0-9a-fA-F]{2})\\u([dD][c-fC-F][0-9a-fA-F]{2})"
            rb"|u([0-9a-fA-F]{4})|x([0-9a-fA-F]{2})|([0-3][0-7]{2})|([^a-tv-zA-Z1-9]|[nrtbf]))",
            re.DOTALL,
        ),
        _backslash,
    ),
    _Writer(
        re.compile(b"&"),
        re.compile(rb"&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[a-zA-Z]{2,8});"),
        _entity,
    ),
    _Writer(re.compile(b"="), re.compile(rb"=(?:([0-9A-F]{2})|\r?\n)"), _printable),
    _Writer(re.compile(rb"\n"), re.compile(rb"\\?\r?\n[ \t]*"), _nothing),
    _Writer(re.compile(rb"\\n"), re.compile(rb"(?:\\+r)?\\+n[ \t]*"), _nothing),
    _Writer(re.compile(rb"\n"), re.compile(rb"[ \t]*\r?\n[ \t]*"), _space),
    _Writer(re.compile(b"'"), re.compile(rb"'(?:\\'|\"'\")?'"), _quote),
    _Writer(re.compile(b'"'), re.compile(rb'""'), _quote),
)


def views(text: bytes) -> Iterator[View]:
    """Every other reading of `text`, each once."""
    seen = {text}
    here = range(len(text))
    layer = [View(text, list(here), [at + 1 for at in here])]
    for _ in range(_DEEP):
        below: list[View] = []
        for view in layer:
            for writer in _WRITERS:
                if len(seen) > _MOST or not writer.sign.search(view.text):
                    continue
                other = _undone(view, writer)
                if other.text not in seen:
                    seen.add(other.text)
                    below.append(other)
                    yield other
        layer = below


def _undone(view: View, writer: _Writer) -> View:
    parts: list[bytes] = []
    starts: list[int] = []
    ends: list[int] = []
    at = 0
    for hit in writer.escape.finditer(view.text):
        parts.append(view.text[at : hit.start()])
        starts += view.starts[at : hit.start()]
        ends += view.ends[at : hit.start()]
        at = hit.end()
        meant = writer.undo(hit)
        parts.append(meant)
        starts += [view.starts[hit.start()]] * len(meant)
        ends += [view.ends[at - 1]] * len(meant)
    parts.append(view.text[at:])
    return View(b"".join(parts), starts + view.starts[at:], ends + view.ends[at:])
