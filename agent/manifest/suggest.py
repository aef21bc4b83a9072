"""Suggestions: the name somebody probably meant.

Owns the words of it. Kept apart from the reader so that the command line needs no msgspec for it.
"""

from __future__ import annotations

from collections.abc import Iterable

_LISTED = 25


def suggestion(name: str, allowed: Iterable[str]) -> str:
    """`; did you mean "timeout"?`, or the list of what is allowed if it is short."""
    import difflib

    known = sorted(allowed)
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.6)
    if near:
        return f'; did you mean "{near[0]}"?'
    if len(known) > _LISTED:
        return ""  # A list that long helps nobody; the hint says where to look.
    return f"; known here: {', '.join(known)}" if known else "; none is known here"
