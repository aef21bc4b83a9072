"""Rows and cells: a header, the lines below it, what stands between their marks.

Owns cutting them. Refuses to say what a column holds; `user_tables` and `host_tables` do.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

_MARKS = (b"\t", b"|", b";", b",")
_CELL = re.compile(rb"[ \t]*[\"']?([A-Za-z_][\w ./%#()-]{0,40}?)[\"']?[ \t]*\Z")
_MOST = 100_000  # rows


def lines_after(block: bytes, end: int) -> Iterator[tuple[int, int]]:
    at = end + 1
    for _ in range(_MOST):
        if at >= len(block):
            return
        stop = block.find(b"\n", at)
        stop = len(block) if stop < 0 else stop
        yield at, stop
        at = stop + 1


def header(line: bytes) -> tuple[bytes, list[bytes]]:
    """The mark between its cells, and what they say; of a line that is no header, nothing."""
    for mark in _MARKS:
        parts = [cell for _, cell in cells(line.rstrip(b"\r"), mark)]
        if len(parts) < 2:
            continue
        names = [_CELL.match(cell) for cell in parts]
        if all(name or not cell.strip() for name, cell in zip(names, parts, strict=True)):
            return mark, [name[1] if name else b"" for name in names]
        return mark, []
    return b"", []


def cells(line: bytes, mark: bytes) -> Iterator[tuple[int, bytes]]:
    """Each with where it begins; a mark within double quotes is none."""
    at = 0
    if b'"' not in line:
        for cell in line.split(mark):
            yield at, cell
            at += len(cell) + 1
        return
    start, quoted = 0, False
    for at in range(len(line)):
        byte = line[at : at + 1]
        if byte == b'"':
            quoted = not quoted
        elif byte == mark and not quoted:
            yield start, line[start:at]
            start = at + 1
    yield start, line[start:]
