"""TOML: tables, dotted keys, every kind of string, arrays and inline tables.

Owns the tokens. Refuses to check what they mean. Takes linear time and never recurses.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import partial

from support.redact.formats.escapes import Unescaped, unescaped
from support.redact.formats.inner import found_in
from support.redact.formats.judge import Leaf, tidy
from support.redact.formats.walk import Walk
from support.redact.rule import FormatRule
from support.redact.span import Span

CODE = "toml"
_NAMED = re.compile(r"(?i)(?:\.toml(?:\.(?:bak|old|orig|sample|example|\d+))?|/Pipfile|\.tml)\Z")
_STRING = (
    rb'"""((?>(?:[^"\\]|\\.|"(?!""))*))"{3,5}|\'\'\'((?>(?:[^\']|\'(?!\'\'))*))\'{3,5}|'
    rb'"((?>[^"\\\r\n]*(?:\\.[^"\\\r\n]*)*))"|\'([^\'\r\n]*)\''
)
_TOKEN = re.compile(
    _STRING + rb"|([{\[])|([}\]])|(,)|(=)|(\n)|#[^\n]*|[ \t\r]+|([^\s\"'{}\[\],=#]+)|.", re.DOTALL
)
_TABLE = re.compile(rb"[ \t]*\[\[?[ \t]*([^\]\r\n]+?)[ \t]*\]\]?[ \t]*(?:#[^\n]*)?\r?(?:\n|\Z)")
_PART = re.compile(rb'"((?:[^"\\]|\\.)*)"|\'([^\']*)\'|([^.\s"\']+)')
_LINE = re.compile(rb"(?m)^[ \t]*[^\s#\[\]\"'{},][^\n=#]*=[ \t]*(\S?)(.*)$")
_TYPED = re.compile(rb"\"|'|\[|\{|true\b|false\b|[-+]?\d[\d_.eEx:TZ-]*\s*(?:#.*)?\r?\Z")


def claims(name: str, head: bytes) -> bool:
    if _NAMED.search(name):
        return True
    if re.search(rb"(?m)^[ \t]*[;}]|^[^\n=#]*\{[ \t]*\r?$", head):
        return False
    values = [first + rest for first, rest in _LINE.findall(head)]
    quoted = sum(value[:1] in (b'"', b"[") for value in values)
    tables = re.search(rb"(?m)^\[[\w.\"-]+\]", head)
    return bool(tables and quoted) and all(_TYPED.match(value) for value in values[:-1])


def find(data: bytes) -> Iterable[Span]:
    return tidy(_Reader(data).read())


class _Reader:
    def __init__(self, data: bytes) -> None:
        self._data = data
        self._walk = Walk(CODE, self._inside)
        self._open = 0

    def read(self) -> list[Span]:
        """Line by line at the top; a value reads on over lines until it ends."""
        data = self._data
        at = 3 if data.startswith(b"\xef\xbb\xbf") else 0
        self._walk.open(mapping=True)
        while at < len(data):
            table = _TABLE.match(data, at)
            if table:
                self._table(table[1])
                at = table.end()
            else:
                at = self._pair(at)
        return self._walk.finish()

    def _inside(self, leaf: Leaf) -> Iterable[Span]:
        return found_in(leaf, partial(self._written, leaf))

    def _written(self, leaf: Leaf) -> Unescaped | None:
        raw = self._data[leaf.start : leaf.end]
        return (
            Unescaped(raw, leaf.start) if self._data[leaf.start - 1 : leaf.start] == b'"' else None
        )

    def _table(self, path: bytes) -> None:
        for _ in range(self._open):
            self._walk.close()
        parts = _PART.findall(path)[:64]
        self._open = len(parts)
        for part in parts:
            self._walk.key(b"".join(part))
            self._walk.open(mapping=True)

    def _pair(self, at: int) -> int:
        """One `key = value`; returns where the next line begins."""
        depth, key, valued = 0, b"", False
        for token in _TOKEN.finditer(self._data, at):
            kind = token.lastindex or 0
            if kind == 9 and depth == 0:
                return token.end()
            if kind == 8:
                self._walk.key(key)
                key, valued = b"", True
            elif kind == 5 and valued:
                depth += 1
                valued = token[5] == b"["
                self._walk.open(mapping=not valued)
            elif kind == 6 and depth:
                depth -= 1
                self._walk.close()
                valued = not self._walk.top.mapping
            elif kind == 7:
                valued = not self._walk.top.mapping
                key = b""
            elif kind in (1, 2, 3, 4, 10):
                key = self._word(token, kind, key, valued=valued)
        return len(self._data)

    def _word(self, token: re.Match[bytes], kind: int, key: bytes, *, valued: bool) -> bytes:
        """A value is told to the walk; a part of a key is added to it."""
        text = unescaped(token[kind]) if kind in (1, 3) else token[kind]
        if not valued:
            return key + text
        start, end = token.span(kind)
        if kind < 3:
            # Two quotes more than three may stand at the end: they belong to the text.
            end = token.end() - 3
        self._walk.leaf(Leaf(text.lstrip(b"\r\n"), start, end, bare=kind == 10))
        return b""


RULE = FormatRule(CODE, "secrets under keys of TOML", claims, find)
