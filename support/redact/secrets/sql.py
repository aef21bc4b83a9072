"""Secrets in SQL: passwords of roles, values by column, rows of a dump, bound parameters in logs.

Owns statements as clients write and servers log them. Refuses `password = 'x'` in a WHERE or SET:
that is a key and a value, and `keyed` finds it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator

from support.redact.rule import LineRule, PassageRule
from support.redact.secrets.names import NEVER, weight
from support.redact.secrets.values import hides, plausible
from support.redact.span import Span

CODE = "sql"

Follow = Callable[[bytes], Iterable[Span] | None]

_TEXT = rb"(?:N|E|U&|_\w{2,8} ?|B)?(?:'((?:[^'\\]|\\.|'')*)'?|\\?\"((?:[^\"\\]|\\[^\"])*)\\?\"?)"
_PASSWORD = re.compile(
    rb"(?i)(?:\bpassword(?: for \S{1,80}(?=\s))?(?:\s{1,4}(?:=|:=|to|as)?\s{0,4}|\s{0,4}=\s{0,4})"
    rb"|\b(?:credentials|secret)\s{0,4}=\s{0,4}"
    rb"|\bidentified by(?: values| password)?\s{1,4}"
    rb"|\bidentified with \S{1,60} (?:by|as)(?: password)?\s{1,4}"
    rb"|\bpragma (?:re)?key\s?=\s?|\battach [^\n]{1,200}? key\s{1,4}"
    rb"|\b(?:old_)?password\s?\(\s{0,4}"
    rb"|\b(?:pgp_(?:sym|pub)_\w+|(?:aes|des)_(?:en|de)crypt|encode|hmac)\s?\([^()']{1,80},\s{0,4}"
    rb"|\bcrypt\(\s{0,4})" + _TEXT
)
_BARE = re.compile(rb"(?i)\bidentified by (?!values|password|'|\"|\\)([^\s;,'\"]{3,80})")


def _passwords(line: bytes) -> Iterable[Span]:
    for match in _PASSWORD.finditer(line):
        group = 1 if match.group(1) is not None else 2
        if plausible(match.group(group)):
            yield Span(match.start(group), match.end(group), CODE)
    for match in _BARE.finditer(line):
        if plausible(match.group(1)):
            yield Span(match.start(1), match.end(1), CODE)


_INSERT = re.compile(
    rb"(?i)\b(?:insert|replace|upsert)\b[^()]{1,200}\(([^()]{1,4000})\)\s{0,20}"
    rb"(?:output [^()]{1,80})?"
    rb"(?:overriding \w+ value )?values?\s{0,20}"
)
_VALUE = re.compile(
    rb"\s{0,20}((?:N|E|_binary |X)?'(?:[^'\\]|\\.|'')*'|\\?\"(?:[^\"\\]|\\[^\"])*\\?\""
    rb"|[^,()']*(?:\([^()]*\)[^,()']*)?)\s{0,20}([,)]?)",
    re.DOTALL,
)
_NAMED = frozenset(
    b"name key setting option_name variable config_key param parameter meta_key".split()
)
_VALUED = frozenset(
    b"value val option_value config_value setting_value content data meta_value".split()
)


def _columns(text: bytes) -> list[bytes]:
    return [part.strip(b" \t`\"'[]\\") for part in text.split(b",")]


def _values(line: bytes, at: int) -> Iterator[tuple[int, int, bool]]:
    """Places of the values of one row whose bracket opens before `at`; the last says so."""
    while match := _VALUE.match(line, at):
        yield match.start(1), match.end(1), match.group(2) != b","
        at = match.end()
        if match.group(2) != b"," or at >= len(line):
            return


def _row(line: bytes, at: int, columns: list[bytes]) -> tuple[list[Span], int]:
    """Spans in the row that opens at `at`, and where the row ends."""
    places = [(start, end) for start, end, _ in _values(line, at + 1)]
    spans = []
    key = b""
    for column, (start, end) in zip(columns, places, strict=False):
        start, end = _inner(line, start, end)
        value = line[start:end]
        if column.lower() in _NAMED:
            key = value
        named = column.lower() in _VALUED and bool(key) and hides(key, value)
        bound = len(value) < 5 and value.startswith((b"$", b"?", b":", b"%"))
        if named or (hides(column, value) and not bound):
            spans.append(Span(start, end, CODE))
    return spans, (places[-1][1] if places else at + 1)


def _inner(line: bytes, start: int, end: int) -> tuple[int, int]:
    opened = _OPENED.match(line, start, end)
    if opened is None:
        return start, start + len(line[start:end].rstrip())
    sign = opened.group(1)
    start = opened.end()
    return start, end - len(sign) if end - len(sign) >= start and line[:end].endswith(sign) else end


_OPENED = re.compile(rb"(?:N|E|_binary |X)?(\\?[\"'])")
_OPENS = re.compile(rb"\)?\s{0,20},?\s{0,20}\(")


def _rows(line: bytes, at: int, columns: list[bytes]) -> Iterator[Span]:
    while opened := _OPENS.match(line, at):
        spans, end = _row(line, opened.end() - 1, columns)
        yield from spans
        at = end
        while at < len(line) and line[at : at + 1] in b" \t":
            at += 1


def _inserts(line: bytes) -> Iterable[Span]:
    for match in _INSERT.finditer(line):
        columns = _columns(match.group(1))
        if _concerns(columns):
            yield from _rows(line, match.end(), columns)


def _concerns(columns: list[bytes]) -> bool:
    lower = {column.lower() for column in columns}
    return any(weight(column) != NEVER for column in columns) or bool(
        lower & _NAMED and lower & _VALUED
    )


_OPEN_INSERT = re.compile(
    rb"(?i)\b(?:insert|replace)\b[^()]{1,200}\(([^()]{1,4000})\)\s{0,20}values?\s{0,20}"
    rb"(\([^()]{0,4000})?\Z"
)
_STATEMENT = re.compile(rb"(?i)\b(?:insert|replace) (?:ignore |low_priority )?into\b")
_LINES, _LENGTH = 60, 8000


class _Rows:
    """An INSERT over lines: the columns first, then rows, each perhaps over lines itself."""

    def __init__(self) -> None:
        self._head = b""
        self._columns: list[bytes] = []
        self._open = b""
        self._left = _LINES

    def follow(self, line: bytes) -> Iterable[Span] | None:
        if not self._columns:
            return self._begin(line)
        start = len(line) - len(line.lstrip())
        if self._open:
            # The values before it in this row are put in front, and taken off again.
            before = len(self._open)
            spans = list(_rows(self._open + line, 0, self._columns))
            self._open = b""
            return [
                span._replace(start=span.start - before, end=span.end - before)
                for span in spans
                if span.start >= before
            ]
        if line[start : start + 1] != b"(":
            return None if line.strip() else ()
        self._open = line[start:] + b" " if line.rstrip().endswith(b",") and _halved(line) else b""
        return list(_rows(line, start, self._columns))

    def _begin(self, line: bytes) -> Iterable[Span] | None:
        self._left -= 1
        self._head += line.strip() + b" "
        if self._left < 0 or len(self._head) > _LENGTH or b";" in line:
            return None
        found = _OPEN_INSERT.search(self._head)
        if found:
            self._columns = _columns(found.group(1))
            self._open = found.group(2) or b""
            return () if _concerns(self._columns) else None
        return ()


def _halved(line: bytes) -> bool:
    return line.count(b"(") > line.count(b")")


def _begin_rows(line: bytes) -> Follow | None:
    statement = _STATEMENT.search(line)
    if statement is None or line.rstrip().endswith(b";"):
        return None
    # With rows in this line already, more may follow in the next ones.
    whole = _INSERT.search(line, statement.start())
    rows = _Rows()
    if whole and not _halved(line):
        rows.follow(line[statement.start() : whole.end()])
        first = [True]

        def later(one: bytes) -> Iterable[Span] | None:
            if first[0]:
                first[0] = False
                return ()
            return rows.follow(one)

        return later
    return lambda one: rows.follow(one)


_COPY = re.compile(rb"(?i)^\s{0,8}COPY [^()]{1,200}\(([^()]{1,4000})\) FROM stdin")


def _begin_copy(line: bytes) -> Follow | None:
    match = _COPY.match(line)
    columns = _columns(match.group(1)) if match else []
    if not _concerns(columns):
        return None
    first = [True]

    def follow(one: bytes) -> Iterable[Span] | None:
        if first[0]:
            first[0] = False
            return ()
        return None if one.startswith(b"\\.") else list(_cells(one, columns))

    return follow


def _cells(line: bytes, columns: list[bytes]) -> Iterator[Span]:
    at, key = 0, b""
    for column, value in zip(columns, line.split(b"\t"), strict=False):
        if column.lower() in _NAMED:
            key = value
        named = bool(column.lower() in _VALUED and key and hides(key, value))
        if value != b"\\N" and (named or hides(column, value)):
            yield Span(at, at + len(value), CODE)
        at += len(value) + 1


_QUOTED = (
    rb"(?:password|secret|credentials)(?: for \S{1,80})?\s{0,4}(?:\(|=|:=|to|as)?\s{0,4}"
    rb"(?:N|E|U&|_\w{2,8} ?|B)?(?:'|\\?\")"
)

RULES = (
    LineRule(
        CODE,
        "Passwords in SQL",
        (
            _QUOTED,
            rb"identified (?:by|with)",
            rb"\b(?:pragma (?:re)?key|attach ).*'",
            rb"(?:pgp_(?:sym|pub)_|(?:aes|des)_(?:en|de)crypt|encode|hmac|crypt)\w*\s?\(",
        ),
        _passwords,
    ),
    LineRule(
        "sql-rows",
        "Secrets in rows of an INSERT",
        (rb"(?:insert|replace|upsert)\b[^()]{1,200}\([^()]+\)\s{0,20}.{0,100}values?\s{0,20}\(",),
        _inserts,
    ),
)
PASSAGES = (
    PassageRule(
        "sql-row-lines",
        "Rows of an INSERT over lines",
        (rb"\b(?:insert|replace) (?:ignore |low_priority )?into\b",),
        _begin_rows,
    ),
    PassageRule(
        "copy-lines", "Rows of a COPY", (rb"COPY [^()]{1,200}\([^()]+\) FROM stdin",), _begin_copy
    ),
)
