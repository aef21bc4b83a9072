"""Machines in a column under a header that says so: of CSV, of Markdown, of what tools list.

Owns the heads. The search is that of people's columns. Refuses words without a digit or a hyphen:
such a column holds services as often.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from support.redact.identities.hosts import Hosts
from support.redact.identities.rule import IdentityRule, Name, line_rule, line_spans
from support.redact.identities.tables import cells, header, lines_after

_HEADS = (
    rb"(?:host|hostname|host[_ ]name|server|server[_ ]name|node|node[_ ]name|machine|fqdn|computer)"
)
_IS_HEAD = re.compile(_HEADS + rb"\Z", re.IGNORECASE)
_CELL = re.compile(rb"[ \t]*[\"'`]?([A-Za-z][A-Za-z0-9.-]{1,252})[\"'`]?[ \t]*\r?\Z")
_RULER = re.compile(rb"[-+=|: \t]+\r?\Z")


def table_rules(hosts: Hosts) -> tuple[IdentityRule, ...]:
    cell = rb"[ \t\"']*" + _HEADS + rb"[ \t\"']*"
    return tuple(
        line_rule("host", trigger, _Columns(hosts).find, "seen-host")
        for trigger in (
            rb"^" + cell + rb"[,;\t|]",
            rb"[,;\t|]" + cell + rb"(?:[,;\t|]|\r?$)",
        )
    )


class _Columns:
    def __init__(self, hosts: Hosts) -> None:
        self._hosts = hosts

    def find(self, block: bytes, starts: Sequence[int]) -> Iterator[Name]:
        past = 0
        for start, end in line_spans(block, starts):
            mark, heads = header(block[start:end]) if start >= past else (b"", [])
            columns = [n for n, head in enumerate(heads) if _IS_HEAD.match(head)]
            for low, high in lines_after(block, end) if columns else ():
                row = block[low:high]
                if not row.strip():
                    break
                past = high
                if not _RULER.match(row):
                    yield from self._in_row(low, list(cells(row, mark)), columns)

    def _in_row(
        self, low: int, row: Sequence[tuple[int, bytes]], columns: Sequence[int]
    ) -> Iterator[Name]:
        for column in columns:
            match = _CELL.match(row[column][1]) if column < len(row) else None
            instead = self._hosts.in_place(match[1], sure=False) if match else b""
            if match and instead:
                at = low + row[column][0]
                yield at + match.start(1), at + match.end(1), instead
