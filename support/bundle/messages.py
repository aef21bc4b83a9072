"""What the refinery and the packer say to each other.

Owns the words and their form on the line: one letter, then the bytes themselves or JSON. Refuses
anything raw: from the refinery comes only what was redacted and scanned.
"""

from __future__ import annotations

import msgspec

DATA = b"d"
_WORD = b"w"


class Word(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Anything that is said in words."""


class Collect(Word, frozen=True, kw_only=True):
    """Run this collector. `room`: bytes that may still be written; `seconds`: time that is left.

    `soon`: those that come after it.
    """

    code: str
    room: int
    seconds: float
    soon: tuple[str, ...] = ()


class Check(Word, frozen=True, kw_only=True):
    """What follows, up to Over, is to leave: look at it. Answered with Over or Leak."""

    name: str


class Settle(Word, frozen=True, kw_only=True):
    """All was collected: keep the map of pseudonyms. Answered with Over, `why` it could not."""


class Ready(Word, frozen=True, kw_only=True):
    """The redactor proved itself. `selftest` counts what was planted, by kind.

    `machine` and `who` are pseudonyms; `notes` are lines for people.
    """

    engine: str
    selftest: dict[str, int]
    machine: str
    who: str
    notes: tuple[str, ...] = ()


class Begun(Word, frozen=True, kw_only=True):
    """A file begins; Data follows, then Finished."""

    name: str
    origin: str
    modified: float | None = None


class Finished(Word, frozen=True, kw_only=True):
    """The file ended. `withheld`: nothing of it may stay, whatever came of it before."""

    seconds: float
    left_out: int = 0
    exit_code: int | None = None
    withheld: bool = False
    why: str = ""
    redactions: dict[str, int] = {}


class Over(Word, frozen=True, kw_only=True):
    """What was asked for is done; of a collector: how it ended."""

    how: str = "done"
    seconds: float = 0.0
    why: str = ""


class Leak(Word, frozen=True, kw_only=True):
    """A secret was found in what would have left. `origin` is where it stands on the machine."""

    name: str
    origin: str


class Broke(Word, frozen=True, kw_only=True):
    """It can't go on, and says so. `code` is one of the closed list of errors.

    `manifest`: what somebody declared is at fault, not the machine.
    """

    code: str
    why: str
    hint: str = ""
    manifest: bool = False


Said = Collect | Check | Settle | Ready | Begun | Finished | Over | Leak | Broke
_DECODER: msgspec.json.Decoder[Said] = msgspec.json.Decoder(Said)


def words(word: Word) -> bytes:
    return _WORD + msgspec.json.encode(word)


def data(piece: bytes | memoryview) -> bytes:
    return DATA + piece


def understood(message: bytes) -> Said | bytes:
    """The word, or the bytes of a file. ValueError for what makes no sense."""
    if message[:1] == DATA:
        return message[1:]
    if message[:1] != _WORD:
        raise ValueError("no message of ours")
    try:
        return _DECODER.decode(message[1:])
    except msgspec.MsgspecError as error:
        raise ValueError("no message of ours") from error
