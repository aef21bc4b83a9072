"""Credentials in HTTP headers: Authorization of any scheme, cookies.

Owns what stands behind those names in a request, a log, a command or JSON: names of cookies,
their attributes and the scheme stay. Headers such as `X-Api-Key` are names like any other: `keyed`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from support.redact.rule import LineRule
from support.redact.secrets import extent
from support.redact.secrets.names import SURE, weight
from support.redact.secrets.values import looks_random, plausible, stands_for
from support.redact.span import Span

_TIE = rb"(?:\\{0,15}[\"'`]|\])?\s{0,8}(?:=>|[:=])\s{0,8}(?:\[\s{0,4})?(\\{0,15}[\"'`])?"
_AUTHORIZATION = re.compile(rb"(?i)authorization" + _TIE)
_SCHEME = re.compile(rb"[A-Za-z][A-Za-z0-9-]{1,30}[ ]+(?=[^\s=])")
_PARTS = re.compile(
    rb"(?i)\b(response|signature|cnonce|nonce|oauth_token|oauth_signature|oauth_nonce|mac|key|token"
    rb"|apikey|api_key|secret|password|mediabrowser token)\s?=\s?"
    rb"(?:\\{0,15}\"([^\"\\]+)|([^\s,\"']+))"
)
# `Bearer x` needs no header's name: it is written in prose, curl and code alike.
_BARE = re.compile(
    rb"(?i)(?<![\w-])(bearer|basic|negotiate|ntlm)"
    rb"(?:[ ]+(?:auth(?:orization)?:? )?|%20|\+|\\u0020|:[ ]?)"
    rb"([A-Za-z0-9._~+/=-]{8,})"
)
_SAYS = (
    rb"(?:bearer|basic|negotiate|ntlm)"
    rb"(?:[ ]+(?:auth(?:orization)?:? )?|%20|\+|\\u0020|:[ ]?)"
)
_LONGEST = 16384
_ONE = re.compile(rb"[^\s,;<>\"'\\]+")
_LINE_END = re.compile(rb"\\+[rn]|\r|$")
_CLOSES = re.compile(rb"\\+[rn]|[\"'](?=[\s,}\])]|$)|\r|$")
_MIXED = re.compile(rb"(?=.*[0-9A-Z+/=])(?=.*[a-z])|[0-9a-f]{16,}")


def _authorization(line: bytes) -> Iterable[Span]:
    for head, limit in _heads(_AUTHORIZATION, line):
        start = head.end()
        quote = head.group(1)
        if quote:
            end = extent.closing(line[:limit], start, quote[-1:], len(quote) - 1)
            end = limit if end < 0 else end
        else:
            end = _escaped_end(line, start, limit)
        yield from _credentials(line, start, end)


def _credentials(line: bytes, start: int, end: int) -> Iterable[Span]:
    scheme = _SCHEME.match(line, start, end)
    value = scheme.end() if scheme else start
    if b"=" in line[value:end].rstrip(b"=") and _PARTS.search(line, value, end):
        for part in _PARTS.finditer(line, value, end):
            group = 2 if part.group(2) else 3
            if not stands_for(part.group(group)):
                yield Span(part.start(group), part.end(group), "authorization")
        return
    # Without quotes the credentials are one word.
    word = _ONE.match(line, value, end)
    if word is None:
        return
    stop = extent.trimmed(line, value, word.end())
    text = line[value:stop]
    if plausible(text) and (looks_random(text, 8) or (scheme and not text.isalpha())):
        yield Span(value, stop, "authorization")


def _heads(shape: re.Pattern[bytes], line: bytes) -> Iterator[tuple[re.Match[bytes], int]]:
    """Each match, and where the next begins: no part of a line is read twice."""
    heads = [*shape.finditer(line)]
    for head, following in zip(heads, [*heads[1:], None], strict=False):
        yield head, min(following.start() if following else len(line), head.end() + _LONGEST)


def _escaped_end(line: bytes, start: int, limit: int) -> int:
    found = _LINE_END.search(line, start, limit)
    return found.start() if found else limit


def _until(line: bytes, name: int, start: int, limit: int) -> int:
    """The end of a header without quotes of its own: a quote around it, an escaped line end."""
    quote = extent.opened_by(line, name)
    if quote:
        end = extent.closing(line[:limit], start, quote[-1:], len(quote) - 1)
        if end >= 0:
            return end
    found = _CLOSES.search(line, start, limit)
    return found.start() if found else limit


def _bearer(line: bytes) -> Iterable[Span]:
    for match in _BARE.finditer(line):
        value = match.group(2).rstrip(b".-")
        mixed = looks_random(value, 8) or (len(value) >= 20 and _MIXED.match(value))
        if match.group(1).lower() != b"bearer":
            mixed = mixed and len(value) % 4 == 0
        if mixed and plausible(value):
            yield Span(match.start(2), match.start(2) + len(value), "authorization")


_COOKIE = re.compile(
    rb"(?i)(?:(?<![\w.-])(?:http_)?(set-)?cookies?2?"
    + _TIE
    + rb"|(?:[ ]|^)(?:-b|--cookie)[ =](\\{0,3}[\"'])?)"
    rb"(?=\s?[\w.!#$%&*+^|~-]{1,80}=)"
)
_CRUMB = re.compile(rb"([\w.!#$%&*+^|~-]{1,80})=(\"?)([^;,\s\"'\\]*)\"?")
_ATTRIBUTES = frozenset(
    b"path domain expires max-age samesite version priority comment size port secure".split()
)
_PLAIN = frozenset(b"theme lang locale language tz timezone consent region currency view".split())


def _cookies(line: bytes) -> Iterable[Span]:
    for head, limit in _heads(_COOKIE, line):
        quote = head.group(2) or head.group(3)
        within = line[:limit] if quote else b""
        end = extent.closing(within, head.end(), quote[-1:], len(quote) - 1) if quote else -1
        if end < 0:
            end = _until(line, head.start(), head.end(), limit)
        yield from _crumbs(line, head.end(), end)


def _crumbs(line: bytes, start: int, end: int) -> Iterable[Span]:
    for crumb in _CRUMB.finditer(line, start, end):
        name, value = crumb.group(1).lower(), crumb.group(3)
        if name in _ATTRIBUTES or name in _PLAIN or not plausible(value):
            continue
        if (
            weight(crumb.group(1)) == SURE
            or b"sess" in name
            or looks_random(value)
            or len(value) > 15
        ):
            yield Span(crumb.start(3), crumb.end(3), "cookie")


RULES = (
    LineRule(
        "authorization",
        "Authorization headers",
        (rb"authorization(?:\\{0,15}[\"'`]|\])?\s{0,8}(?:=>|[:=])",),
        _authorization,
    ),
    LineRule(
        "bearer",
        "Credentials after their scheme",
        (_SAYS + rb"[A-Za-z0-9._~+/=-]{8}",),
        _bearer,
    ),
    LineRule(
        "cookie",
        "Cookies",
        (
            rb"cookies?2?(?:\\{0,15}[\"'`]|\])?\s{0,8}(?:=>|[:=])\s{0,8}(?:\[\s{0,4})?(?:\\{0,15}[\"'`])?\s?[\w.!#$%&*+^|~-]{1,80}=",
            rb"(?:[ ]|^)(?:-b|--cookie)[ =](?:\\{0,3}[\"'])?[\w.!#$%&*+^|~-]{1,80}=",
        ),
        _cookies,
    ),
)
