"""Debian versions in their order, for rules and for known flaws.

Owns the comparison that dpkg makes (deb-version(7); Debian Policy 5.6.12). Refuses none: what is no
valid version is ordered too, as dpkg's own comparison does it.
"""

from __future__ import annotations

import re
from functools import total_ordering
from itertools import zip_longest

_RUNS = re.compile(r"([^0-9]*)([0-9]*)")
# A number as its length and digits: of any length, where int() refuses more than 4300.
Number = tuple[int, str]
_ZERO: Number = (0, "")
_Runs = tuple[tuple[str, Number], ...]
_DIGITS = re.compile(r"[0-9]+")


@total_ordering
class DebianVersion:
    """One version, comparable with others."""

    __slots__ = ("_key",)

    def __init__(self, text: str) -> None:
        epoch, colon, rest = text.strip().partition(":")
        if not colon or not _DIGITS.fullmatch(epoch):
            epoch, rest = "0", text.strip()
        upstream, dash, revision = rest.rpartition("-")
        if not dash:
            upstream, revision = rest, ""
        self._key = (number(epoch), _runs(upstream), _runs(revision))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, DebianVersion) and _compare(self, other) == 0

    def __lt__(self, other: DebianVersion) -> bool:
        return _compare(self, other) < 0

    def __hash__(self) -> int:
        return hash(self._key)

    @property
    def key(self) -> tuple[Number, _Runs, _Runs]:
        return self._key


def number(digits: str) -> Number:
    """What orders as the number does; no digits are 0."""
    shortest = digits.lstrip("0")
    return len(shortest), shortest


def _compare(one: DebianVersion, other: DebianVersion) -> int:
    if one.key[0] != other.key[0]:
        return -1 if one.key[0] < other.key[0] else 1
    for mine, theirs in zip(one.key[1:], other.key[1:], strict=True):
        for (a, m), (b, n) in zip_longest(mine, theirs, fillvalue=("", _ZERO)):
            if a != b and (order := _letters(a, b)):
                return order
            if m != n:
                return -1 if m < n else 1
    return 0


def _runs(text: str) -> _Runs:
    """Pairs of what is no digit and the number after it; a missing number counts as 0."""
    found = [(letters, number(digits)) for letters, digits in _RUNS.findall(text)]
    while found and found[-1] == ("", _ZERO):
        found.pop()
    return tuple(found)


def _letters(one: str, other: str) -> int:
    """A tilde before the end, the end before letters, letters before everything else."""
    for a, b in zip_longest(one, other, fillvalue=""):
        if a != b:
            mine, theirs = _weight(a), _weight(b)
            if mine != theirs:
                return -1 if mine < theirs else 1
    return 0


def _weight(character: str) -> int:
    if character == "~":
        return -1
    if not character:
        return 0
    return ord(character) if character.isascii() and character.isalpha() else ord(character) + 256
