"""What every match of an expression must hold, read off the expression.

Owns reading a parsed expression. Refuses to guess: where nothing is sure, there is no literal, and
the expression is tried everywhere.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterable
from typing import Any

_MOST = 64  # alternatives of one expression


def literals(pattern: bytes) -> frozenset[bytes]:
    """A set, in lower case, of which each match holds at least one; empty where none is sure."""
    try:
        # `re` parses with it. Where a later Python has it elsewhere, we are slower, and right.
        parser = importlib.import_module("re._parser")
    except ImportError:
        return frozenset()
    return _of(parser.parse(pattern)) or frozenset()


def _of(parsed: Iterable[Any]) -> frozenset[bytes] | None:
    """The best set that one piece of the sequence gives; None where no piece gives any."""
    found: list[frozenset[bytes]] = []
    run = bytearray()
    for code, argument in parsed:
        if str(code) == "LITERAL":
            run += bytes([argument]).lower()
            continue
        if run:
            found.append(frozenset([bytes(run)]))
            run.clear()
        inner = _piece(str(code), argument)
        if inner:
            found.append(inner)
    if run:
        found.append(frozenset([bytes(run)]))
    return max(found, key=_worth, default=None)


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
    return min(map(len, literals_)), -len(literals_)
