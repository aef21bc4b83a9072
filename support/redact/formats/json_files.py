"""JSON, JSON lines and JSON with comments.

Owns the tokens. Refuses to parse strictly: what is truncated or sloppy still has keys and values.
Takes linear time and never recurses, except into JSON that is written in a string, four deep.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import partial

from support.redact.formats.escapes import Unescaped, unescaped
from support.redact.formats.inner import found_in
from support.redact.formats.judge import Leaf, tidy
from support.redact.formats.octets import message
from support.redact.formats.walk import Walk
from support.redact.rule import FormatRule
from support.redact.span import Span

CODE = "json"
_DEPTH = 4
_TOKEN = re.compile(
    rb'"([^"\\]*(?:\\.[^"\\]*)*)("(\s*:)?|\\?\Z)|([{\[])|([}\]])|//[^\n]*|/\*.*?(?:\*/|\Z)|[\s,:]+|'
    rb'([^\s"{}\[\],:]+)',
    re.DOTALL,
)
# `[main]` and `[100]` are sections of INI, `[{rabbit, [` is Erlang.
_HEAD = re.compile(
    rb"(?:\xef\xbb\xbf)?(?:[\s\x1e]|//[^\n]*\n|/\*[^*]*\*+(?:[^/*][^*]*\*+)*/)*"
    rb"(\{\s*(?:\"|\}|/[/*])|\[[\s\[\],]*(?:\{\s*(?:\"|\}|/[/*])|\"|/[/*]|-?\d[\d.eE+-]*\s*,|\Z))",
    re.DOTALL,
)
_NAMED = re.compile(
    r"(?i)(?:\.(?:json|jsonl|ndjson|jsonc|json5|har|tfstate|webmanifest)(?:\.(?:bak|old|orig|\d+))?"
    r"|/\.?docker/config\.json|\.dockercfg|\.?dockerconfigjson)\Z"
)
_BARE = re.compile(rb"(?:-?\d[\d.eE+-]*|true)\Z")
_WORDS = re.compile(
    rb"(?i)pass|pwd|secret|token|key|auth|cred|cookie|sess|salt|priv|sign|pin|otp|bearer|conn|"
    rb"MESSAGE|\\u00|psk|cert|sensitive|hash|dsn|license|seed|mnemonic|wif|sas|community"
)

_LINES = re.compile(rb"(?:\x1e?\{[^\n]*\}[ \t\r]*\n){2}")
_IN_LINE = re.compile(
    rb"(?i)pass|pwd|secret|token\W|auth|cred|cookie|sess|salt|psk|sign|bearer|://[^\"/ ]*@|"
    rb"key[\"'=:]|\bpw\b|pin\"|otp\"|MESSAGE\"\s*:\s*\[|\\u00|\\\"|dsn|conn|mnemonic|community|"
    rb"-p|sensitive|BEGIN"
)


def claims(name: str, head: bytes) -> bool:
    if _HEAD.match(head):
        return True
    return bool(_NAMED.search(name)) and head.lstrip()[:1] in (b"{", b"[", b'"')


def find(data: bytes) -> Iterable[Span]:
    """Raises ValueError where it is no JSON: a section `[main]` of an INI file begins like one."""
    if not _HEAD.match(data[:65536]):
        raise ValueError("no JSON")
    if not _WORDS.search(data):
        return ()
    return tidy(_in_lines(data) if _LINES.match(data[:65536]) else _spans(data, 0))


def _in_lines(data: bytes) -> Iterator[Span]:
    """JSON lines, as logs are: most of them say nothing, and reading tokens is slow."""
    at = 0
    for line in data.split(b"\n"):
        if _IN_LINE.search(line):
            for span in _spans(line, 0):
                yield span._replace(start=span.start + at, end=span.end + at)
        at += len(line) + 1


def _spans(data: bytes, depth: int) -> list[Span]:
    walk = Walk(CODE, partial(_inside, data, depth))
    octets = -1
    for token in _TOKEN.finditer(data):
        kind = token.lastindex
        if kind == 2 and token[3]:
            walk.key(unescaped(token[1]))
        elif kind == 2:
            walk.leaf(Leaf(unescaped(token[1]), token.start(1), token.end(1)))
        elif kind == 4:
            walk.open(mapping=token[4] == b"{")
            octets = token.end()
        elif kind == 5:
            if walk.top.key == b"MESSAGE" and octets >= 0:
                walk.spans += message(data, octets, token.start(), CODE)
            octets = -1
            walk.close()
        elif kind == 6 and _BARE.match(token[6]):
            walk.leaf(Leaf(token[6], token.start(), token.end(), bare=True))
    return walk.finish()


def _inside(data: bytes, depth: int, leaf: Leaf) -> Iterator[Span]:
    """JSON written in a string, `"{\\"password\\": \\"x\\"}"`, or a text with secrets in it."""
    if depth < _DEPTH and _HEAD.match(leaf.text) and _WORDS.search(leaf.text):
        said = Unescaped(data[leaf.start : leaf.end], leaf.start)
        yield from map(said.span, _spans(said.text, depth + 1))
    else:
        yield from found_in(leaf, partial(_written, data, leaf))


def _written(data: bytes, leaf: Leaf) -> Unescaped | None:
    raw = data[leaf.start : leaf.end]
    return Unescaped(raw, leaf.start) if b"\\" in raw else None


RULE = FormatRule(CODE, "secrets under keys of JSON", claims, find)
