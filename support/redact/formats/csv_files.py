"""CSV, TSV and the tables that database clients print: secrets by the header of their column.

Owns the reading of rows. A quoted field may hold separators and line ends. Takes linear time.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import partial

from support.redact.formats.columns import Columns
from support.redact.formats.escapes import QUOTES, Unescaped
from support.redact.formats.inner import found_in
from support.redact.formats.judge import Leaf, tidy
from support.redact.rule import FormatRule
from support.redact.span import Span

CODE = "csv"
_NAMED = re.compile(r"(?i)\.(?:csv|tsv|tab|psv)(?:\.(?:bak|old|\d+))?\Z")
_RULER = re.compile(rb"[ \t]*[-+=|]+(?:[-+=|\t ])*\r?\n?")
_NAME = re.compile(rb"[\s|]*[\"'`]?[A-Za-z_][\w .()/#-]{0,60}[\"'`]?\s*\Z")
_SIGNS = (b"\t", b"|", b";", b",")


def claims(name: str, head: bytes) -> bool:
    line = _header(head)[0]
    sign = _sign(line)
    if not sign:
        return False
    names = line.strip(b" |\r\n").split(sign)
    if not all(_NAME.match(one) for one in names if one.strip()):
        return False
    if _NAMED.search(name):
        return True
    # Without a name that says so, only a header that names a secret makes a table of it: of short
    # words, above rows that are as wide.
    if not Columns(names, CODE).any or any(
        len(one.split()) > 3 or one.strip()[-1:] == b"." for one in names
    ):
        return False
    below = head[:4000].partition(line)[2].lstrip(b"\r\n").split(b"\n")[:4]
    rows = [one for one in (below[:-1] if len(below) > 1 else below) if one.strip()]
    return b"+-" in below[0] or all(one.count(sign) >= line.count(sign) for one in rows)


def find(data: bytes) -> Iterable[Span]:
    """Raises ValueError where there is no header."""
    line, begin = _header(data)
    sign = _sign(line)
    if not sign:
        raise ValueError("no table")
    rows = _rows(data, begin, sign)
    columns = Columns([leaf.text for leaf in next(rows, [])], CODE)
    return tidy(span for row in rows for span in _in_row(data, row, columns))


def _in_row(data: bytes, row: list[Leaf], columns: Columns) -> Iterator[Span]:
    """By column, and what stands inside of other fields."""
    secret = set(columns.spans(row))
    yield from secret
    taken = {span.end for span in secret}
    for leaf in row:
        if leaf.end not in taken:
            yield from found_in(leaf, partial(_written, data, leaf))


def _written(data: bytes, leaf: Leaf) -> Unescaped | None:
    raw = data[leaf.start : leaf.end]
    return Unescaped(raw, leaf.start, QUOTES) if len(raw) > len(leaf.text) else None


def _header(data: bytes) -> tuple[bytes, int]:
    """The first line that is no remark and no ruler, and where it begins."""
    at = 3 if data.startswith(b"\xef\xbb\xbf") else 0
    for _ in range(20):
        end = data.find(b"\n", at)
        end = len(data) if end < 0 else end
        line = data[at:end]
        if line.strip() and not line.startswith(b"#") and not _RULER.fullmatch(line):
            return line[:8192], at
        at = end + 1
    return b"", at


def _sign(line: bytes) -> bytes:
    """What separates the fields: the sign that stands most often, a tab before all."""
    if line.count(b"\t"):
        return b"\t"
    most = max(_SIGNS, key=line.count)
    return most if most in line else b""


def _rows(data: bytes, at: int, sign: bytes) -> Iterator[list[Leaf]]:
    mark = re.escape(sign)
    blanks = rb"[ ]*" if sign == b"\t" else rb"[ \t]*"
    field = re.compile(
        blanks + rb'(?:"((?>(?:[^"]|"")*))"[^' + mark + rb"\r\n]*|([^" + mark + rb"\r\n]*))"
        rb"(" + mark + rb"|\r?\n|\r|\Z)"
    )
    row: list[Leaf] = []
    while at < len(data):
        found = field.match(data, at)
        if found is None:
            return
        which = 2 if found[1] is None else 1
        raw, start = found[which], found.start(which)
        raw = raw if which == 1 else raw.rstrip()
        text = raw.replace(b'""', b'"') if which == 1 else raw
        row.append(Leaf(text, start, start + len(raw)))
        at = found.end() if found.end() > at else at + 1
        if found[3] != sign:
            yield row
            row = []
    if row:
        yield row


RULE = FormatRule(CODE, "secrets by the header of their column", claims, find)
