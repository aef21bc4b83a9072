"""The secrets of one file of configuration: what the rules find there, as the values they mean.

Owns turning a span into values: without the escapes of its format, out of its base64, the password
out of a URL. Uses the very rules that redact, so what is hidden in its own file is known elsewhere.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Iterator
from functools import cache
from typing import NamedTuple
from urllib.parse import unquote_to_bytes

from support.redact.formats import FORMATS
from support.redact.rule import LineRule
from support.redact.secrets import LINE_RULES
from support.redact.span import Span

_HEAD = 4 << 10
_LONG_LINE = 4096
# A line without any of these is no secret's that a rule would find.
_HINT = re.compile(
    rb"pass|pwd|secret|token|key|cred|auth|psk|commun|cookie|jwt|sas|sign|salt|dsn|://|_pw|\bpw|"
    rb"login|account|PRIVATE|\bsk_|gh[pousr]_|glpat|xox|AKIA",
    re.IGNORECASE,
)
_KEY = re.compile(
    rb"-----BEGIN [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----(.*?)-----END [A-Z0-9 ]*PRIVATE KEY",
    re.DOTALL,
)
_COMMENT = re.compile(rb"\s*(?:#|;|//|--)")
_KEY_LINE = re.compile(rb"[A-Za-z0-9+/=]{40,}")
_USER = re.compile(rb"[\w.@+-]{1,64}:(.{5,})", re.DOTALL)
_SCHEME = re.compile(rb"(?:Bearer|Basic|Token|token|Digest) +(?=\S)")
_BASE64 = re.compile(rb"[A-Za-z0-9+/_-]{8,}={0,2}")
_SHORTEST = 5


class Value(NamedTuple):
    """`line_of_key`: one of the lines of a private key."""

    value: bytes
    line_of_key: bool = False


def values_in(name: str, content: bytes) -> Iterator[Value]:
    """Every secret in a file, in every reading of it. `name` decides which formats look."""
    for key in _KEY.finditer(content):
        for line in _KEY_LINE.finditer(key[1]):
            yield Value(line[0], line_of_key=True)
    if not _HINT.search(content) and not _HINT.search(name.encode("utf-8", "replace")):
        return
    for span in _of_format(name, content) or ():
        yield from readings(content[span.start : span.end])
    for text in content.splitlines():
        if len(text) <= _LONG_LINE and _HINT.search(text) and not _COMMENT.match(text):
            for rule in LINE_RULES:
                for span in rule.find(text) if _trigger(rule).search(text) else ():
                    yield from readings(text[span.start : span.end])


@cache
def _trigger(rule: LineRule) -> re.Pattern[bytes]:
    return re.compile(b"|".join(rule.triggers), re.IGNORECASE)


def is_structured(name: str, content: bytes) -> bool:
    """Whether a format claims the file and reads it to its end."""
    return _of_format(name, content) is not None


def readings(text: bytes) -> Iterator[Value]:
    """What a span may mean: as it stands, unescaped, decoded."""
    text = text.strip().strip(b"\"'`")
    if len(text) < _SHORTEST or b"-----BEGIN" in text:
        return
    scheme = _SCHEME.match(text)
    seen: set[bytes] = {text[scheme.end() :] if scheme else text}
    for one in [*seen]:
        if b"\\" in one:
            seen |= {_unescaped(one)}
        if b"%" in one:
            seen |= {unquote_to_bytes(one)}
        if _BASE64.fullmatch(one):
            seen |= _decoded(one)
    for one in seen:
        for line in one.splitlines() if len(one) < 4096 else ():
            if len(line.strip()) >= _SHORTEST:
                yield Value(line.strip())


def _of_format(name: str, content: bytes) -> list[Span] | None:
    for each in FORMATS:
        if each.claims(name, content[:_HEAD]):
            try:
                return list(each.find(content))
            except ValueError:
                continue
    return None


def _unescaped(text: bytes) -> bytes:
    try:
        return str(json.loads(b'"' + text + b'"')).encode("utf-8", "surrogatepass")
    except ValueError:
        return re.sub(rb"\\(.)", rb"\1", text)


def _decoded(text: bytes) -> set[bytes]:
    """What base64 of text says, and the password of `user:password`."""
    try:
        signs = b"-_" if b"-" in text or b"_" in text else None
        plain = base64.b64decode(text + b"=" * (-len(text) % 4), signs, validate=True)
        plain.decode("ascii")
    except (binascii.Error, ValueError):
        return set()
    if not all(byte >= 32 or byte in b"\n\r\t" for byte in plain):
        return set()
    user = _USER.fullmatch(plain.strip())
    return {user[1]} if user else {plain.strip()}
