"""Files in which a place in a line makes the secret: the record of one, and how it is read.

Owns the reading of lines by patterns. Refuses to know any file: `accounts`, `vaults` and `servers`
hold the tables.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from support.redact.formats.judge import is_worth, tidy
from support.redact.rule import FormatRule
from support.redact.span import Span

_QUOTES = (b'"', b"'")
_LONGEST_LINE = 8192
# `redis.yaml` is YAML, whatever it is about.
_OTHER = re.compile(
    r"(?i)\.(?:jsonl?|ya?ml|xml|toml|md|rst|py|rb|js|ts|go|php|java|log|csv|tsv|sql|sh|html?|ini|env"
    r"|properties|service|gz|ps1|perl|pl|pm|tf|tfvars)\Z"
)


class Rows(NamedTuple):
    """One kind of file. Each group that a pattern captures is a secret, without its quotes.

    `named` is searched for in the file's name. `looks`, where given, takes a file of any name
    in whose beginning it is found. `lines` are searched for in each line, `whole` in all the file.
    """

    code: str
    title: str
    named: str
    lines: tuple[bytes, ...] = ()
    whole: tuple[bytes, ...] = ()
    looks: bytes = b""
    comments: bytes = b"#"


def rule(rows: Rows) -> FormatRule:
    """The format of such files."""
    named = re.compile(rf"(?i)(?:\A|/)[\w.-]*?(?:{rows.named})(?:[-~_.][\w.-]*)?\Z")
    looks = re.compile(rows.looks) if rows.looks else None
    lines = [re.compile(pattern) for pattern in rows.lines]
    whole = [re.compile(pattern) for pattern in rows.whole]

    def claims(name: str, head: bytes) -> bool:
        if named.search(name) and not _OTHER.search(name):
            return True
        return bool(looks and looks.search(head))

    def find(data: bytes) -> Iterable[Span]:
        found = [*_in_lines(data, lines, rows)]
        for pattern in whole:
            found += [span for match in pattern.finditer(data) for span in _groups(match, 0, rows)]
        return tidy(found)

    return FormatRule(rows.code, rows.title, claims, find)


def _in_lines(data: bytes, patterns: list[re.Pattern[bytes]], rows: Rows) -> Iterator[Span]:
    if not patterns:
        return
    at = 0
    for line in data.split(b"\n"):
        said = line.strip()
        if said and said[:1] not in rows.comments and len(line) <= _LONGEST_LINE:
            for pattern in patterns:
                for match in pattern.finditer(line):
                    yield from _groups(match, at, rows)
        at += len(line) + 1


def _groups(match: re.Match[bytes], offset: int, rows: Rows) -> Iterator[Span]:
    for group in range(1, len(match.groups()) + 1):
        text, (start, end) = match[group], match.span(group)
        if text is None:
            continue
        kept = len(text) - len(text.rstrip())
        if len(text) > 1 and text[:1] in _QUOTES and text[-1:] == text[:1]:
            start, end, kept, text = start + 1, end - 1, 0, text[1:-1]
        if is_worth(text):
            yield Span(start + offset, end + offset - kept, rows.code)
