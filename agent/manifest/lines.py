"""Where a key stands in a TOML file.

Owns the search from a key's path to its line, for error messages only. Refuses to parse: it runs
after tomllib accepted (or refused) the text, and may answer "unknown" for exotic spellings.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Sequence

_HEADER = re.compile(r"\s*(\[\[?)\s*(.+?)\s*\]\]?\s*(?:#.*)?$")
_PART = r"""(?:[A-Za-z0-9_-]+|"[^"]*"|'[^']*')"""
_KEY = re.compile(rf"\s*({_PART}(?:\s*\.\s*{_PART})*)\s*=")
_FENCE = re.compile(r'"""|\'\'\'')
_DEEPEST = 16  # parts of a path; no key of ours has half as many


class Lines:
    """The lines of one text by key, so that a thousand mistakes do not read it a thousand times."""

    def __init__(self, text: str) -> None:
        self._exact: dict[tuple[str, ...], int] = {}
        self._first_below: dict[tuple[str, ...], int] = {}
        for number, path in _paths(text):
            self._exact.setdefault(path, number)
            for depth in range(1, min(len(path), _DEEPEST) + 1):
                self._first_below.setdefault(path[:depth], number)

    def of(self, path: Sequence[str]) -> int:
        """The 1-based line of the deepest part of `path` that the text names; 0 where none is."""
        wanted = tuple(path)[:_DEEPEST]
        if wanted in self._first_below:
            return self._first_below[wanted]
        above = (wanted[:depth] for depth in range(len(wanted) - 1, 0, -1))
        return next((self._exact[each] for each in above if each in self._exact), 0)


def _paths(text: str) -> Iterator[tuple[int, tuple[str, ...]]]:
    """The path of each header and key, with its line."""
    table: tuple[str, ...] = ()
    fenced = ""
    for number, line in enumerate(text.splitlines(), 1):
        if fenced:
            if fenced in line:
                fenced = ""
        elif header := _HEADER.match(line):
            table = _split(header[2])
            yield number, table
        elif key := _KEY.match(line):
            yield number, table + _split(key[1])
            rest = _FENCE.findall(line[key.end() :])
            fenced = rest[0] if len(rest) % 2 else ""


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
