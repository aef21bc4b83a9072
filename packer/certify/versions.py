"""Versions as dpkg orders them: epoch, then upstream, then Debian's revision (deb-version(7)).

Owns the comparison. Refuses to guess what a version that breaks the rules means: its letters are
compared as they are.
"""

from __future__ import annotations

import re
from itertools import zip_longest

_PARTS = re.compile(r"(\D*)(\d*)")


def compare(one: str, other: str) -> int:
    """Below, at or above 0, as `one` is older, the same or newer."""
    for left, right in zip(_split(one), _split(other), strict=True):
        if found := _compared(left, right):
            return found
    return 0


def _split(version: str) -> tuple[str, str, str]:
    epoch, colon, rest = version.partition(":")
    if not colon:
        epoch, rest = "0", version
    upstream, _, revision = rest.rpartition("-")
    return epoch, upstream or revision, revision if upstream else "0"


def _compared(left: str, right: str) -> int:
    pairs = zip_longest(_PARTS.findall(left), _PARTS.findall(right), fillvalue=("", ""))
    for (text, number), (other_text, other_number) in pairs:
        for a, b in zip_longest(map(_order, text), map(_order, other_text), fillvalue=0):
            if a != b:
                return a - b
        if difference := int(number or 0) - int(other_number or 0):
            return difference
    return 0


def _order(letter: str) -> int:
    """A tilde sorts before the end, letters before all else."""
    if letter == "~":
        return -1
    return ord(letter) if letter.isalpha() else ord(letter) + 256
