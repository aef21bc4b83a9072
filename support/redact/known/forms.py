"""The shapes in which a known secret is found: plain, in base64, in hexadecimal.

Owns how a value is written out by an encoding that changes every character. Refuses encodings
of single characters (JSON, percent, XML, shells, lists of numbers): `views` undoes those.
"""

from __future__ import annotations

import base64
import html
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import quote

CHUNK = 256  # a longer secret counts piece by piece: of a key file, no part may leave either
_ENCODED_FROM = 8  # shorter ones would be found by chance in any base64
_PIECE = 12
_HEAD = 24
_HALF = 12
_RUN = re.compile(rb"[A-Za-z0-9_]{4,}")
_RANDOM = re.compile(rb"(?=[^0-9]*[0-9])(?=[^A-Za-z]*[A-Za-z])[A-Za-z0-9+/=_-]+\Z")


@dataclass(frozen=True, slots=True)
class Form:
    """One way to write a value. `left` and `right`: base64 characters beside it that carry bits
    of it too. `word`: counts only between characters that are no part of a word. `piece`: that
    many of its characters give it away as well; 0: only the whole of it does. `single`: one needle
    is enough, since no line ends within it.
    """

    text: bytes = field(repr=False)
    owner: int
    left: int = 0
    right: int = 0
    word: bool = False
    piece: int = 0
    single: bool = False


@dataclass(frozen=True, slots=True)
class Needle:
    """A literal that stands in the text wherever the form does, `offset` bytes into it."""

    text: bytes = field(repr=False)
    form: int
    offset: int


def forms_of(value: bytes, owner: int, *, line_of_key: bool = False) -> Iterator[Form]:
    """Every form of a value. `line_of_key`: one of many lines of base64, never seen as hex."""
    if len(value) < _ENCODED_FROM:
        yield Form(value, owner, word=True)
        return
    random = len(value) >= 16 and _RANDOM.match(value) is not None and not line_of_key
    yield Form(
        value, owner, piece=max(_PIECE, len(value) * 3 // 5) if random else 0, single=line_of_key
    )
    yield from _in_base64(value, owner, single=line_of_key)
    if line_of_key:
        return
    if not any(_pieces(value)):
        for text in _escaped(value):
            yield Form(text, owner)
    for digits in (value.hex(), value.hex().upper()):
        yield Form(digits.encode(), owner, single=True)


def _escaped(value: bytes) -> set[bytes]:
    """A value without four letters or digits in a row has nothing that escapes leave whole."""
    text = value.decode("utf-8", "surrogateescape")
    forms = {
        quote(text, safe="", errors="surrogateescape"),
        quote(text, errors="surrogateescape"),
        json.dumps(text)[1:-1],
        json.dumps(text)[1:-1].replace("/", "\\/"),
        json.dumps(json.dumps(text))[3:-3],
        json.dumps(text, ensure_ascii=False)[1:-1],
        html.escape(text),
        re.sub(r"(\W)", r"\\\1", text),
        text.replace("'", "'\\''"),
        text.replace("'", "'\"'\"'"),
        text.replace("'", "''"),
        text.replace('"', '""'),
    }
    forms |= {re.sub("%..", lambda hit: hit[0].lower(), one) for one in forms}
    forms |= {one.replace("%20", "+") for one in forms}
    return {one.encode("utf-8", "surrogateescape") for one in forms} - {value}


def _in_base64(value: bytes, owner: int, *, single: bool) -> Iterator[Form]:
    """Where a value stands inside something longer, its first and last characters are shared with
    the neighbours: what the three alignments have for certain, and how much is shared."""
    seen = set()
    for before in range(3):
        whole = base64.b64encode(b"\0" * before + value).rstrip(b"=")
        left = (0, 2, 3)[before]
        right = 1 if (before + len(value)) % 3 else 0
        text = whole[left : len(whole) - right]
        for each in (text, text.replace(b"+", b"-").replace(b"/", b"_")):
            if each not in seen:
                seen.add(each)
                yield Form(each, owner, 1 if left else 0, right, single=single)


def needles_of(form: Form, index: int) -> Iterator[Needle]:
    """Literals of which one is left whole by any escape, and by a line that ends in the midst."""
    text = form.text
    if form.word:
        yield Needle(text, index, 0)
        return
    pieces = sorted(_pieces(text), key=lambda one: (-_rarity(one[0]), one[1]))
    best = [one for one in pieces[:2] if _rarity(one[0]) >= 0] or pieces[:1] or [(text[:_HEAD], 0)]
    for piece, offset in best[:1] if form.single else best:
        yield Needle(piece, index, offset)
    if len(best) < 2 and not form.single:
        # A line may end within the only one; then one half of all is left as it is.
        half = len(text) // 2
        yield Needle(text[:half][-_HALF:], index, max(0, half - _HALF))
        yield Needle(text[half:][:_HALF], index, half)


def _pieces(text: bytes) -> Iterator[tuple[bytes, int]]:
    for run in _RUN.finditer(text):
        whole, at = run[0], run.start()
        if len(whole) >= 8:
            half = len(whole) // 2
            yield whole[:half][:16], at
            yield whole[half:][:16], at + half
        else:
            yield whole, at


def _rarity(piece: bytes) -> int:
    """How seldom a piece is met by chance; below 0 it is a word, or a number, and met often."""
    letters = sum(65 <= byte & 0xDF <= 90 for byte in piece)
    digits = sum(48 <= byte <= 57 for byte in piece)
    upper = sum(65 <= byte <= 90 for byte in piece)
    mixed = (digits > 0 and letters > 0) or 0 < upper < letters
    if not mixed and len(piece) < _PIECE:
        return -1
    return len(piece) + 2 * mixed
