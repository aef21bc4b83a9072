"""How the machine that becomes the image tells what it did, and how the build reads it.

Owns that one line. Refuses anything else that stands in the log.
"""

from __future__ import annotations

import msgspec

_MARK = '{"inside":'


class Said(msgspec.Struct, frozen=True):
    """One part: its name, its seconds, and words for people."""

    inside: str
    seconds: float
    words: str


def said(name: str, seconds: float, words: str) -> str:
    return msgspec.json.encode(Said(name, round(seconds, 1), words)).decode()


def heard(line: str) -> Said | None:
    """What a line of any log says of a part; None where it says nothing of one."""
    at = line.find(_MARK)
    if at < 0:
        return None
    try:
        return msgspec.json.decode(line[at:].strip(), type=Said)
    except (msgspec.DecodeError, RecursionError):
        return None
