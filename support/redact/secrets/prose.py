"""Secrets that a sentence tells: `password is x`, `with password 'x'`, `temporary password: x`.

Owns lines that people and installers write. Refuses what only speaks of passwords: without
quotes, a word must look like a secret to be one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from support.redact.rule import LineRule
from support.redact.secrets.values import is_prose, looks_random, plausible
from support.redact.span import Span

CODE = "prose"

_NOUN = (
    rb"(?:pass(?:word|phrase|code|wd)|pwd|(?:api|access|secret|private|licen[cs]e|master|encryption)"
    rb"[ -]key|psk|secret|token|pin(?: code)?|credentials?|otp|one-time code)"
)
_WHOSE = rb"(?: (?:for|of|on|to) (?:the )?[\w@./\"'-]{1,60}(?: \w{1,20})?)?"
_TIE = (
    _WHOSE + rb"(?: generated)?(?: (?:is|was|are|became|has been|is now|is:|set to|changed to"
    rb"|is set to|reset to|updated to|will be|=|of|using|value|to)"
    rb"(?: now| set to| changed to| reset to)?:?|:)? "
)
# MySQL's installer: "A temporary password is generated for root@localhost: x"
_GENERATED = rb"password is generated for [\w@.-]{1,80}: "
_SAID = re.compile(
    rb"(?i:(?:" + _GENERATED + rb"|\b" + _NOUN + _TIE + rb"))"
    rb"(?:([\"'`])([^\"'`]{3,200}?)\1|(\S{4,200}))"
)


_PIN = re.compile(
    rb"(?i)\b(?:pin(?: code)?|passcode|door code|one-time code|access code)"
    + _WHOSE
    + rb"(?: (?:is|was|set to|changed to))?:? (\d{4,12})(?![\w:/-]|[.,]\d)"
)
# sshd's `Failed password for invalid user x`: who it was, and nothing of the password.
_WHO = re.compile(rb"(?i)\b(?:user|account|login|role|from|by|for) \Z")
# `unexpected token "foo"`: a parser's words.
_PARSER = re.compile(rb"(?i)(?:expected|unknown|illegal|missing|next|this|reserved|parse) \Z")


def find(line: bytes) -> Iterable[Span]:
    for match in _SAID.finditer(line):
        if line[match.start() - 1 : match.start()] == b"/":
            continue  # `checksum/secret: x` of Helm
        if _PARSER.search(line, max(0, match.start() - 16), match.start()):
            continue
        if match.group(1):
            value = match.group(2)
            if plausible(value) and not is_prose(value) and _could_be(value):
                yield Span(match.start(2), match.end(2), CODE)
            continue
        start, value = match.start(3), match.group(3)
        if value[:1] in b"\"'`(<[{$" or b"=" in value[:-2]:
            continue
        if _WHO.search(line, max(0, start - 12), start):
            continue
        value = value.rstrip(b",;)]}\"'")
        if value[-1:] == b"." or value[-1:] == b":":
            value = value[:-1]
        if plausible(value) and _mixed(value) and not _NO_SECRET.fullmatch(value):
            yield Span(start, start + len(value), CODE)


def _pins(line: bytes) -> Iterable[Span]:
    return [Span(*match.span(1), "pin") for match in _PIN.finditer(line)]


def _mixed(value: bytes) -> bool:
    letters = any(65 <= byte <= 90 or 97 <= byte <= 122 for byte in value)
    digits = any(48 <= byte <= 57 for byte in value)
    return not value.isalpha() and (looks_random(value) or (letters and digits))


def _could_be(value: bytes) -> bool:
    return not _IDENTIFIER.fullmatch(value) or looks_random(value)


# Names of keys, files, addresses, times, and hex digests of commits.
_IDENTIFIER = re.compile(
    rb"[a-z]+(?:[_.-][a-z]+)+|[A-Z]+(?:_[A-Z]+)+|[\w.-]+@[\w.-]+|[\w.-]+/[\w./-]+"
)
_NO_SECRET = re.compile(
    rb"[\w.+-]+@[\w-]+(?:\.[\w-]+)+|\d[\d.,:/-]*\w?|[a-z_]+\(.*|/.*|https?://.*|[A-Za-z]+-[A-Za-z-]+"
    rb"|[a-z]+(?:_[a-z0-9]+)+|[A-Za-z]+'[a-z]+|\d+[-a-z]+|v\d.*|[a-z.]+\[\d+\]:?"
)

RULES = (
    LineRule(
        CODE,
        "Secrets told in a sentence",
        (
            rb"\b" + _NOUN + _TIE + rb"[\"'`]",
            rb"\b" + _NOUN + _TIE + rb"\S*[^a-z\s]",
            _GENERATED,
        ),
        find,
    ),
    LineRule(
        "pin",
        "Numbers that open something",
        (rb"\b(?:pin|pin code|passcode|door code|one-time code|access code)\b.{0,100} \d{4}",),
        _pins,
    ),
)
