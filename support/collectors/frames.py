"""What a collector's process writes into its pipe, and what is believed of it.

Owns the form of the frames: a letter, a length, then that many bytes. Refuses a letter out of
turn, a length beyond its bound and words that are not what they should be: whoever writes there
may have gone wrong in any way.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator

import msgspec

OPENED, BLOCK, CLOSED, DONE = b"o", b"b", b"c", b"d"
BLOCK_MOST = 1 << 20  # bytes
_WORDS_MOST = 16 << 10
_HEAD = struct.Struct(">cI")
_NEXT = {OPENED: (BLOCK, CLOSED), BLOCK: (BLOCK, CLOSED), CLOSED: (OPENED, DONE)}


class Rubbish(Exception):
    """The pipe held something else than frames."""


class Opening(msgspec.Struct, frozen=True):
    name: str
    origin: str
    modified: float | None = None


class Closing(msgspec.Struct, frozen=True):
    """`seconds` it took; the rest as in `events.Closed`."""

    seconds: float
    left_out: int = 0
    exit_code: int | None = None
    withheld: bool = False
    why: str = ""


class Done(msgspec.Struct, frozen=True):
    """The last frame; `why` it could not go on, where it could not."""

    why: str = ""


Word = Opening | Closing | Done
Frame = bytes | Word
_KINDS: dict[bytes, type[Opening] | type[Closing] | type[Done]] = {
    OPENED: Opening,
    CLOSED: Closing,
    DONE: Done,
}
_LETTERS: dict[type[Word], bytes] = {kind: letter for letter, kind in _KINDS.items()}


def words(word: Word) -> list[bytes]:
    content = msgspec.json.encode(word)
    return [_HEAD.pack(_LETTERS[type(word)], len(content)), content]


def block(data: bytes | memoryview) -> list[bytes | memoryview]:
    """A frame of at most BLOCK_MOST bytes; nothing is copied."""
    return [_HEAD.pack(BLOCK, len(data)), data]


def frames(take: Callable[[int], bytes]) -> Iterator[Frame]:
    """The frames until the last one, each whole: of one that was cut off nothing is told.

    `take(most)` gives at least one byte and at most so many, or raises; EOFError is its word for
    the end. Raises Rubbish, and what `take` raises.
    """
    allowed: tuple[bytes, ...] = (OPENED, DONE)
    while True:
        letter, length = _HEAD.unpack(_exactly(take, _HEAD.size))
        if letter not in allowed:
            raise Rubbish("its words came out of turn")
        if length > (BLOCK_MOST if letter == BLOCK else _WORDS_MOST):
            raise Rubbish("its words were longer than allowed")
        content = _exactly(take, length)
        yield content if letter == BLOCK else _decoded(letter, content)
        if letter == DONE:
            return
        allowed = _NEXT[letter]


def _exactly(take: Callable[[int], bytes], length: int) -> bytes:
    found = take(length) if length else b""
    if len(found) == length:
        return found
    parts, left = [found], length - len(found)
    while left:
        parts.append(take(left))
        left -= len(parts[-1])
    return b"".join(parts)


def _decoded(letter: bytes, content: bytes) -> Word:
    try:
        return msgspec.json.decode(content, type=_KINDS[letter])
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Rubbish("its words made no sense") from error
