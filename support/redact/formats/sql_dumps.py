"""SQL dumps: rows of INSERT and COPY by column, and statements that set a password.

Owns the reading of those statements. Refuses to know a dialect beyond its quotes. Linear time.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from support.redact.formats.columns import Columns
from support.redact.formats.judge import Leaf, hides, is_worth, masks, tidy
from support.redact.rule import FormatRule
from support.redact.secrets.told import is_password
from support.redact.span import Span

CODE = "sql"
_NAMED = re.compile(r"(?i)\.(?:sql|dump|pgsql|mysql|psql|ddl)(?:\.(?:bak|old|\d+))?\Z")
_LOOKS = re.compile(
    rb"(?im)^(?:INSERT INTO\s|COPY \S+ \(.*\) FROM stdin;|CREATE (?:TABLE|USER|ROLE)\s|"
    rb"-- (?:PostgreSQL database|MySQL|MariaDB) dump|ALTER (?:ROLE|USER)\s)"
)
_STATEMENT = re.compile(
    rb"(?is)\b(?:(?P<insert>(?:INSERT\s+(?:IGNORE\s+)?|REPLACE\s+)INTO)\s+(?P<table>[\w.`\"\[\]]+)\s*"
    rb"(?:\((?P<columns>[^()']{1,4000})\)\s*)?(?:OVERRIDING \w+ VALUE\s+)?VALUES\s*|"
    rb"CREATE\s+TABLE\s+(?:IF\s+NOT\s+EXISTS\s+)?(?P<created>[\w.`\"\[\]]+)\s*\(|"
    rb"COPY\s+[\w.\"]+\s*\((?P<copied>[^()]{1,4000})\)\s+FROM\s+stdin[^\n]{0,200};\r?\n|"
    rb"(?P<update>UPDATE)\s+[\w.`\"\[\]]+\s+SET\s)"
)
_STRINGS = (rb"'((?>(?:[^'\\]|\\.|'')*))'", rb"'((?>(?:[^']|'')*))'")
_PLAIN = rb"|(\()|(\))|(,)|(;)|\"[^\"]*\"|`[^`]*`|--[^\n]*|([^\s'(),;\"`]+)|.|\s+"
# A word and what follows it stand close together: unbounded blanks would take quadratic time.
_SECRETS = re.compile(
    rb"(?i)\b(?:\w{0,30}PASSWORD(?:\s{0,9}[=(]|\s)\s{0,9}(?:PASSWORD\s{0,9}\(\s{0,9})?|"
    rb"IDENTIFIED\s{1,9}(?:BY|WITH\s{1,9}\S{1,60}\s{1,9}(?:BY|AS|USING))\s{1,9}(?:PASSWORD\s{1,9})?|"
    rb"SECRET[ \t]{0,9}=?[ \t]{0,9}|"
    rb"SET\s{1,9}PASSWORD\b[^';]{0,200}=\s{0,9}(?:PASSWORD\s{0,9}\(\s{0,9})?)"
    rb"[ENen]?(?:'((?:[^'\\]|\\.|'')+)'|\$\$([^$]+)\$\$)"
)
_INNER = re.compile(rb"(?i)'[^'\n]*?\bpassword\s*=\s*(?:\\'|'')?([^\s'\\]+)[^'\n]*'")
_ASSIGNED = re.compile(rb"(?i)[`\"\[]?(\w+)[`\"\]]?\s*=\s*E?'((?>(?:[^'\\]|\\.|'')*))'")
_COLUMN = re.compile(rb"(?m)^\s*[`\"\[]?([A-Za-z_]\w*)[`\"\]]?\s+[A-Za-z]")
_LONGEST = 64 * 1024
_NO_COLUMN = frozenset(
    b"primary key unique constraint foreign check index fulltext exclude".split()
)


_PEOPLE = re.compile(rb"(?:\w+_)?(?:users?|accounts?|members?|admins?|logins?|customers?)")
_HASHED = re.compile(rb"\*?[0-9A-Fa-f]{32}|\*?[0-9A-Fa-f]{40}|[0-9A-Fa-f]{64}|\$\w+\$.*|\{\w+\}.*")


class People:
    """Rows of a table of users, whose columns the dump does not name: hashes and passwords."""

    def spans(self, row: Sequence[Leaf]) -> Iterator[Span]:
        for leaf in row:
            if not leaf.bare and (_HASHED.fullmatch(leaf.text) or is_password(leaf.text)):
                yield masks(leaf, CODE)


def claims(name: str, head: bytes) -> bool:
    return bool(_NAMED.search(name) or _LOOKS.search(head))


def find(data: bytes) -> Iterable[Span]:
    return tidy(_spans(data))


def _spans(data: bytes) -> Iterator[Span]:
    standard = b"PostgreSQL" in data[:4096] or b"standard_conforming_strings" in data[:4096]
    token = re.compile(_STRINGS[standard] + _PLAIN, re.DOTALL)
    tables: dict[bytes, list[bytes]] = {}
    at = 0
    while statement := _STATEMENT.search(data, at):
        at = statement.end()
        if statement["insert"]:
            names = _names(statement["columns"]) or tables.get(_bare(statement["table"]), [])
            judged: Columns | People = Columns(names, CODE)
            if not names and _PEOPLE.fullmatch(_bare(statement["table"])):
                judged = People()
            spans, at = _inserted(data, at, judged, token)
            yield from spans
        elif statement["copied"]:
            spans, at = _copied(data, at, Columns(_names(statement["copied"]), CODE))
            yield from spans
        elif statement["created"]:
            tables[_bare(statement["created"])], at = _created(data, at)
        elif statement["update"]:
            stop = _stop(data, at)
            yield from _updated(data, at, stop)
            at = stop
    for found in (*_SECRETS.finditer(data), *_INNER.finditer(data)):
        group = found.lastindex or 1
        if is_worth(found[group]):
            yield Span(*found.span(group), CODE)


def _names(columns: bytes | None) -> list[bytes]:
    return [name.strip(b' \t\r\n`"[]') for name in columns.split(b",")] if columns else []


def _bare(table: bytes) -> bytes:
    return table.rpartition(b".")[2].strip(b'`"[]').lower()


def _stop(data: bytes, at: int) -> int:
    """Where a statement ends that began before `at`; a long one is cut."""
    end = data.find(b";", at, at + _LONGEST)
    return min(at + _LONGEST, len(data)) if end < 0 else end


def _created(data: bytes, at: int) -> tuple[list[bytes], int]:
    """The columns of a CREATE TABLE whose bracket opens before `at`, and its end."""
    stop = _stop(data, at)
    names = _COLUMN.findall(data[at:stop])
    return [name for name in names if name.lower() not in _NO_COLUMN], stop


def _inserted(
    data: bytes, at: int, columns: Columns | People, token: re.Pattern[bytes]
) -> tuple[list[Span], int]:
    """`(1, 'a'), (2, 'b');` by column; returns where the statement ends."""
    found: list[Span] = []
    row: list[Leaf] = []
    depth, pending = 0, Leaf(b"", at, at)
    for part in token.finditer(data, at):
        kind = part.lastindex or 0
        if kind == 1:
            pending = Leaf(part[1], *part.span(1))
        elif kind == 6 and depth and not pending.text:
            pending = Leaf(part[6], *part.span(6), bare=True)
        elif kind == 2:
            depth += 1
        elif kind in (3, 4) and depth == 1:
            row.append(pending)
            pending = Leaf(b"", part.end(), part.end())
            if kind == 3:
                found += _row(columns, row)
                row, depth = [], 0
        elif kind == 3:
            depth -= 1
        elif kind == 5 and depth <= 0:
            return found, part.end()
    return found, len(data)


def _row(columns: Columns | People, row: list[Leaf]) -> Iterator[Span]:
    """A number becomes a string in SQL's own quotes."""
    for span in columns.spans(row):
        yield span._replace(instead=span.instead.replace(b'"', b"'"))


def _copied(data: bytes, at: int, columns: Columns) -> tuple[list[Span], int]:
    end = re.compile(rb"(?m)^\\\.").search(data, at)
    stop = end.start() if end else len(data)
    found: list[Span] = []
    if columns.any:
        for line in data[at:stop].split(b"\n"):
            row, place = [], at
            for text in line.rstrip(b"\r").split(b"\t"):
                row.append(Leaf(b"" if text == b"\\N" else text, place, place + len(text)))
                place += len(text) + 1
            found += columns.spans(row)
            at += len(line) + 1
    return found, stop


def _updated(data: bytes, at: int, stop: int) -> Iterator[Span]:
    for pair in _ASSIGNED.finditer(data, at, stop):
        if hides(pair[1], pair[2]):
            yield masks(Leaf(pair[2], *pair.span(2)), CODE)


RULE = FormatRule(CODE, "secrets in SQL dumps by column and statement", claims, find)
