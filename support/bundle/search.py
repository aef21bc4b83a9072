"""Lines of a bundle that match a pattern, found while it streams past.

Owns cutting blocks into lines within bounds. Refuses patterns that can take for ever: RE2 alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import re2

from agent.errors import UsageError
from support.bundle.reading import OURS, File
from support.bundle.record import REPORT

_LINE = 64 << 10  # bytes of a line that are looked at, and carried over a block's end


@dataclass(frozen=True, slots=True)
class Hit:
    """`line` counts from 1."""

    name: str
    line: int
    text: str


def compiled(pattern: str, *, ignore_case: bool, plain: bool):  # type: ignore[no-untyped-def]  # re2 has no types
    """UsageError for what RE2 does not take."""
    options = re2.Options()
    options.encoding = re2.Options.Encoding.LATIN1
    options.case_sensitive = not ignore_case
    options.literal = plain
    options.log_errors = False
    try:
        return re2.compile(pattern.encode(), options)
    except re2.error as error:
        why = error.args[0] if error.args else ""
        told = why.decode(errors="replace") if isinstance(why, bytes) else str(why)
        message = f"{pattern!r} is no pattern: {told}"
        raise UsageError("usage", message, hint="--fixed for plain text") from error


def hits(files: Iterable[File], pattern, chosen) -> Iterator[Hit]:  # type: ignore[no-untyped-def]  # as above
    """In order; of files that `chosen(name)` takes. The signature's own two are no evidence, and
    the page repeats what the others say."""
    for each in files:
        if each.name in (*OURS, REPORT) or not chosen(each.name):
            continue
        for number, line in lines(each.blocks):
            if pattern.search(line):
                yield Hit(each.name, number, line.decode(errors="replace"))


def lines(blocks: Iterable[bytes]) -> Iterator[tuple[int, bytes]]:
    """Numbered; of a line beyond the bound, its beginning."""
    number, rest, skipping = 0, b"", False
    for block in blocks:
        *whole, last = (rest + block).split(b"\n")
        for line in whole:
            if not skipping:
                number += 1
                yield number, line[:_LINE]
            skipping = False
        rest = last
        if len(rest) > _LINE:
            if not skipping:
                number += 1
                yield number, rest[:_LINE]
            rest, skipping = b"", True
    if rest and not skipping:
        yield number + 1, rest[:_LINE]
