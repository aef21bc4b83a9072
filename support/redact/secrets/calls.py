"""Secrets that are one of a call's arguments, or the default beside a name that is looked up.

Owns calls that take a user and a password, in the order their own manuals give, and `NAME || "x"`.
Refuses calls with named arguments: those are keys and values (`keyed`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from support.redact.rule import LineRule
from support.redact.secrets.names import SURE, weight
from support.redact.secrets.values import hides, looks_random, plausible, stands_for
from support.redact.span import Span

CODE = "call-argument"

_STRING = rb"(?:\"((?:[^\"\\\n]|\\.){1,200})\"|'((?:[^'\\\n]|\\.){1,200})')"
_ANY = rb"(?:\"[^\"\n]{0,200}\"|'[^'\n]{0,200}'|[$@&\w.\[\]>:-]{1,80})\s{0,4},\s{0,4}"
# After a user: Go, .NET, Java, Python's requests and smtplib, PHP's ldap; after a URL and a user.
_USER = (
    rb"(?:basic_?auth\w{0,30}|networkcredential|passwordauthentication|credentials(?:\.basic)?"
    rb"|withcredentials|\.login|\bauth=|simple_bind(?:_s)?)\("
)
_URL = (
    rb"(?:getconnection|\bpdo|ldap_bind|mysqli(?:_connect)?|mysql_connect|\boci_connect)"
    rb"(?:(?:->|::)__construct)?\("
)
_ALONE = rb"(?:[.:>]auth\(|convertto-securestring )"
_SHAPES = (
    re.compile(b"(?i)" + _USER + rb"\s{0,4}" + _ANY + _STRING),
    re.compile(b"(?i)" + _URL + rb"\s{0,4}" + _ANY + _ANY + _STRING),
    re.compile(b"(?i)" + _ALONE + rb"\s{0,4}" + _STRING + rb"(?:\s{0,4}\)|\s{1,4}-)"),
)
_DEFAULT = re.compile(
    rb"(?<!\w)([A-Za-z_]\w{2,60})[\"']?[\])]{0,3}\s{0,4}(?:\|\||\?\?|\?:|\bor\b)\s{0,4}" + _STRING
)


def _called(line: bytes) -> Iterable[Span]:
    for shape in _SHAPES:
        for match in shape.finditer(line):
            group = match.lastindex or 1
            value = match.group(group)
            if plausible(value) and not stands_for(value) and b"%s" not in value:
                yield Span(match.start(group), match.end(group), CODE)


def _defaults(line: bytes) -> Iterable[Span]:
    for match in _DEFAULT.finditer(line):
        group = match.lastindex or 2
        value = match.group(group)
        said = weight(match.group(1)) == SURE and hides(match.group(1), value)
        if said and weight(value) != SURE:
            yield Span(match.start(group), match.end(group), CODE)


# `('core', 'smtp_password', 'x')`: a row of a name and a value.
_BESIDE = re.compile(rb"'([\w.-]{3,60})'(?=, ?'((?:[^'\\]|''|\\.){4,200})')")


def _rows(line: bytes) -> Iterable[Span]:
    for match in _BESIDE.finditer(line):
        name, value = match.groups()
        if weight(name) == SURE and hides(name, value) and looks_random(value):
            yield Span(*match.span(2), CODE)


_WORDS = rb"(?:pass|pwd|secret|token|key|cred|psk|otp|jwt|bearer|session|pin|code|phrase|pw|share)"
_WORDS_TOO = (
    rb"(?:kennwort|senha|mnemonic|contrasena|motdepasse|sessid|authtok|base|cookie|community|hash"
    rb"|url|auth|signature|id|string|word)"
)

RULES = (
    LineRule(
        CODE,
        "Secrets among the arguments of a call",
        (_USER + rb"\s{0,4}[^\s]", _URL + rb"\s{0,4}[^\s]", _ALONE + rb"\s{0,4}[\"']"),
        _called,
    ),
    LineRule(
        "default",
        "Secrets given as a default",
        (
            # Not the words before it: a quote after "or" is rare, and cheaper to look for.
            rb"(?:\|\||\?\?|\?:|\bor)\s{0,4}[\"']",
        ),
        _defaults,
    ),
    LineRule(
        "named-row",
        "Secrets beside their names in a row",
        (rb"','", rb"', '"),
        _rows,
    ),
)
