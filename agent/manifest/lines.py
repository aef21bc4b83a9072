"""Where a key stands in a TOML file.

Owns the search from a key's path to its line, for error messages only. Refuses to parse: it runs
after tomllib accepted (or refused) the text, and may answer "unknown" for exotic spellings.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Sequence

_HEADER = re.compile(r"\s*(\[\[?)\s*(.+?)\s*\]\]?\s*(?:#.*)?$")
_PART = r"""(?:[A-Za-z0-9_-]+|"[^"]*"|'[^']*')"""
_KEY = re.compile(rf"\s*({_PART}(?:\s*\.\s*{_PART})*)\s*=")
_FENCE = re.compile(r'"""|\'\'\'')


def line_of(text: str, path: Sequence[str]) -> int:
    """The 1-based line of the deepest part of `path` that the text names; 0 where none is."""
    wanted = tuple(path)
    best, best_depth = 0, 0
    table: tuple[str, ...] = ()
    fenced = ""
    for number, line in enumerate(text.splitlines(), 1):
        if fenced:
            if fenced in line:
                fenced = ""
            continue
        here = table
        if header := _HEADER.match(line):
            here = table = _split(header[2])
        elif key := _KEY.match(line):
            here = table + _split(key[1])
            rest = _FENCE.findall(line[key.end() :])
            fenced = rest[0] if len(rest) % 2 else ""
        else:
            continue
        depth = _agreement(here, wanted)
        if depth > best_depth:
            best, best_depth = number, depth
    return best


def _agreement(here: tuple[str, ...], wanted: tuple[str, ...]) -> int:
    """How many leading parts agree, if one path lies on the other; else 0."""
    shared = min(len(here), len(wanted))
    return shared if here[:shared] == wanted[:shared] else 0


def _split(dotted: str) -> tuple[str, ...]:
    try:
        table = tomllib.loads(f"{dotted} = 0")
    except tomllib.TOMLDecodeError:
        return ()
    parts = []
    while isinstance(table, dict):
        name, table = next(iter(table.items()))
        parts.append(name)
    return tuple(parts)
