"""What every match of an expression must hold, read off the expression.

Owns reading a parsed expression. Refuses to guess: where nothing is sure, there is no literal, and
the expression is tried everywhere.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterable
from typing import Any

_MOST = 160  # alternatives of one expression


def literals(pattern: bytes) -> frozenset[bytes]:
    """A set, in lower case, of which each match holds at least one; empty where none is sure."""
    try:
        # `re` parses with it. Where a later Python has it elsewhere, we are slower, and right.
        parser = importlib.import_module("re._parser")
    except ImportError:
        return frozenset()
    found = _of(parser.parse(pattern)) or frozenset()
    # Where `user` is looked for, `username` need not be.
    return frozenset(
        one for one in found if not any(other in one for other in found if other != one)
    )


def _of(parsed: Iterable[Any]) -> frozenset[bytes] | None:
    """The best set that a run of pieces gives; None where none gives any."""
    found: list[frozenset[bytes]] = []
    run: frozenset[bytes] = frozenset([b""])
    for code, argument in parsed:
        words = _words(str(code), argument)
        joined = frozenset(one + other for one in run for other in words) if words else frozenset()
        if words and len(joined) <= _MOST:
            run = joined
            continue
        found.append(run)
        run = words or frozenset([b""])
        inner = _piece(str(code), argument)
        if inner:
            found.append(inner)
    found.append(run)
    return max((each for each in found if b"" not in each), key=_worth, default=None)


def _words(code: str, argument: Any) -> frozenset[bytes]:
    """All that a piece can be, in lower case, where that is a few words; else nothing."""
    if code == "LITERAL":
        return frozenset([bytes([argument]).lower()])
    if code == "SUBPATTERN":
        return _sequence(argument[-1])
    if code == "BRANCH":
        each = [_sequence(branch) for branch in argument[1]]
        return frozenset().union(*each) if all(each) else frozenset()
    if code == "MAX_REPEAT" and argument[:2] == (0, 1):
        words = _sequence(argument[2])
        return words | {b""} if words else words
    return frozenset()


def _sequence(parsed: Iterable[Any]) -> frozenset[bytes]:
    words: frozenset[bytes] = frozenset([b""])
    for code, argument in parsed:
        each = _words(str(code), argument)
        words = frozenset(one + other for one in words for other in each)
        if not words or len(words) > _MOST:
            return frozenset()
    return words


def _piece(code: str, argument: Any) -> frozenset[bytes] | None:
    if code == "SUBPATTERN":
        return _of(argument[-1])
    if code in ("MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT"):
        return _of(argument[2]) if argument[0] > 0 else None
    if code == "BRANCH":
        return _branches(argument[1])
    return None


def _branches(branches: Iterable[Any]) -> frozenset[bytes] | None:
    together: set[bytes] = set()
    for branch in branches:
        one = _of(branch)
        if not one:
            return None
        together |= one
    return frozenset(together) if len(together) <= _MOST else None


def _worth(literals_: frozenset[bytes]) -> tuple[int, int]:
    """Long ones are rare; of few alternatives few are looked for."""
    return min(3, min(map(len, literals_))), -len(literals_)
