"""Secrets in rows under a header: CSV, TSV, and the tables that database clients print.

Owns rows that follow a line of column names in any text. Refuses whole CSV files where a format
knows them better; on those both agree.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator

from support.redact.rule import PassageRule
from support.redact.secrets.names import NEVER, weight
from support.redact.secrets.values import hides, is_prose
from support.redact.span import Span

CODE = "column"

_CELL = re.compile(rb"[\"']?[A-Za-z_#][\w.#-]{0,40}(?: [\w.#-]{1,20}){0,2}[\"']?\Z")
_RULE = re.compile(rb"[\s|+=-]*\Z")
_SIGNS = (b",", b"\t", b"|", b";")
_MOST = 100_000  # rows


def _begin(line: bytes) -> Callable[[bytes], Iterable[Span] | None] | None:
    sign = max(_SIGNS, key=line.count)
    if line.count(sign) < 1 or len(line) > 4000:
        return None
    columns = [cell.strip() for cell in line.split(sign)]
    named = [cell.strip(b"\"'") for cell in columns]
    if not all(_CELL.match(cell) or (not cell and sign == b"|") for cell in columns):
        return None
    secret = [place for place, name in enumerate(named) if name and weight(name) != NEVER]
    if not secret:
        return None
    # Two words with a comma are more often a sentence than a table.
    if line.count(sign) == 1 and any(b" " in name for name in named):
        return None
    left = [_MOST]
    drawn = [sign != b"|" or line.lstrip().startswith(b"|")]

    def follow(one: bytes) -> Iterable[Span] | None:
        left[0] -= 1
        if left[0] == _MOST - 1:
            return ()
        if sign == b"|" and one.strip() and _RULE.match(one):
            drawn[0] = True
            return ()
        # Without a line drawn under it, `a | passwd` is a pipe.
        cells = list(_cells(one, sign)) if left[0] > 0 and drawn[0] else []
        if len(cells) != len(named):
            return None
        wanted = [(named[place], *cells[place]) for place in secret]
        return [
            Span(start, end, CODE) for name, start, end in wanted if _is_value(name, one[start:end])
        ]

    return follow


def _is_value(name: bytes, cell: bytes) -> bool:
    return hides(name, cell) and not is_prose(cell)


def _cells(line: bytes, sign: bytes) -> Iterator[tuple[int, int]]:
    """Where each cell's value stands, without its quotes and blanks."""
    if sign == b"," or b'"' in line:
        yield from _quoted_cells(line, sign)
        return
    at = 0
    for cell in line.split(sign):
        lead = len(cell) - len(cell.lstrip())
        yield at + lead, at + max(lead, len(cell.rstrip()))
        at += len(cell) + 1


def _quoted_cells(line: bytes, sign: bytes) -> Iterator[tuple[int, int]]:
    at, size = 0, len(line)
    while at <= size:
        lead = at
        while lead < size and line[lead : lead + 1] == b" ":
            lead += 1
        if line[lead : lead + 1] == b'"':
            end = lead + 1
            while (end := line.find(b'"', end)) >= 0 and line[end + 1 : end + 2] == b'"':
                end += 2
            end = size if end < 0 else end
            yield lead + 1, end
            stop = line.find(sign, end)
        else:
            stop = line.find(sign, lead)
            end = size if stop < 0 else stop
            yield lead, lead + len(line[lead:end].rstrip())
        if stop < 0:
            return
        at = stop + 1


_HEADER = (
    rb"^[\w .\"'#|,;\t-]{0,400}(?:pass|pwd|secret|token|key|cred|psk|otp|jwt|bearer|session|pin"
    rb"|cookie|hash|salt|seed|code|phrase|auth|pw|cvv|webhook|community|kennwort|senha|mnemonic"
    rb"|licen[cs]e|signature|sid|share|base)[\w .\"'#-]{0,40}(?:[,;|\t][\w .\"'#|,;\t-]*)?\r?$"
)
PASSAGES = (PassageRule("column-lines", "Secrets in rows under a header", (_HEADER,), _begin),)
