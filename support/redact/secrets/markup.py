"""Secrets in markup and in pairs of a name and a value: XML elements, attributes, `name=… value=…`.

Owns lines of XML, HTML forms, plists, and lists such as `{"name": "DB_PASSWORD", "value": "x"}`.
Refuses whole documents: the formats read those.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from support.redact.rule import LineRule
from support.redact.secrets.names import weight
from support.redact.secrets.values import hides
from support.redact.span import Span

CODE = "markup"

# Not `(?P<secret>…)`, by which a pattern names what it hides.
_ELEMENT = re.compile(
    rb"(?:(?<!\?P)<|&lt;)((?:[\w-]{1,40}:)?[A-Za-z_][\w.-]{0,60})(?:\s[^<>]{0,300})?(?<![/?])(?:>|&gt;)"
    rb"\s*+([^<&]++(?:&(?!lt;)[^<&]*+)*+)(</|&lt;/|\Z)"
)
# <entry key="db.password">x</entry>
_ATTRIBUTE = re.compile(
    rb"<\w{1,40}\s(?:[^<>]{0,200}\s)?(?:key|name|id)=[\"']([\w. -]{1,80})[\"']"
    rb"[^<>]{0,200}(?<!/)>([^<]+)</"
)
_CDATA = re.compile(rb"<([A-Za-z_][\w.:-]{0,60})>\s*<!\[CDATA\[(.*?)\]\]>")
_PLIST = re.compile(
    rb"<(?:key|name|string)>([\w. -]{1,60})</(?:key|name|string)>\s*<(?:string|data|value)>([^<]+)<"
)
_NAME = (
    rb"(?<![\w-])\\{0,7}[\"']?(?:name|key|Name|Key|parameter|variable|header|id|ParameterName|ParameterKey)"
    rb"\\{0,7}[\"']?\s{0,8}[:=]>?\s{0,8}\\{0,7}([\"']?)([A-Za-z_][\w. :-]{0,60}?)\\{0,7}\1"
)
_PAIR = re.compile(
    _NAME + rb"\s{0,8}[,;]?\s{0,8}(?:\w{1,12}=\"[^\"<>]{0,60}\"\s{1,4}){0,3}"
    rb"\\{0,7}[\"']?(?:value|Value|val|content|data|ParameterValue|contents)"
    rb"\\{0,7}[\"']?\s{0,8}[:=]>?\s{0,8}(?:(\\{0,7}[\"'])(.*?)(?<!\\)\3|([^\s,;\"'}\])<>]+))"
)


def _markup(line: bytes) -> Iterable[Span]:
    for shape in (_ELEMENT, _PLIST, _ATTRIBUTE, _CDATA):
        for match in shape.finditer(line):
            value = match.group(2).rstrip()
            # Without its end tag in the line, text after `<password>` may be a page of help.
            cut = match.lastindex == 3 and not match.group(3) and b" " in value
            if not cut and hides(match.group(1), value):
                yield Span(match.start(2), match.start(2) + len(value), CODE)


def _pairs(line: bytes) -> Iterable[Span]:
    for match in _PAIR.finditer(line):
        group = 4 if match.group(3) else 5
        if weight(match.group(2)) and hides(match.group(2), match.group(group).strip()):
            yield Span(match.start(group), match.end(group), CODE)


_WORDS = (
    rb"pass|pwd|secret|token|cred|bearer|psk|jwt|cookie|session|key|pin|otp|auth|salt|webhook|hash"
    rb"|signature|licen[cs]e|community|seed|mnemonic|cvv|kennwort|senha|pw|code|phrase|hmac|sig"
)

RULES = (
    LineRule(
        CODE,
        "Secrets in XML elements",
        (
            rb"(?:<|&lt;)[\w.:-]{0,60}(?:"
            + _WORDS
            + rb")[\w.-]{0,40}(?:\s[^<>]{0,300})?(?:>|&gt;)",
            rb"<[^<>]{1,300}(?:key|name|id)=[\"'][\w. -]{0,80}(?:"
            + _WORDS
            + rb")[\w. -]{0,80}[\"'][^<>]*>",
            rb"<(?:key|name|string)>[\w. -]{0,60}(?:" + _WORDS + rb")[\w. -]{0,60}</",
        ),
        _markup,
    ),
    LineRule(
        "named-value",
        "Secrets whose name stands in a field beside them",
        (
            rb"(?:name|key|parameter|variable|header|id)\\{0,7}[\"']?\s{0,8}[:=]>?\s{0,8}\\{0,7}[\"']?"
            rb"[\w. :-]{0,60}(?:"
            + _WORDS
            + rb")[\w. :-]{0,40}\\{0,7}[\"']?.{0,260}(?:val|content|data)",
        ),
        _pairs,
    ),
)
