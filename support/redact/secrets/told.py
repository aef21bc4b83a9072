"""Secrets that logs and notes put beside a user or a place: `login attempt: bob/x`, `Unseal Key 1`.

Owns pairs of a user and a password without a name, numbered keys, and what a program is told to
echo. Refuses single words that could be anything: a password here mixes three kinds of characters.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from support.redact.rule import LineRule, PassageRule
from support.redact.secrets.values import looks_random, plausible, stands_for
from support.redact.span import Span

CODE = "told"

_KEYS = re.compile(
    rb"(?i)\b(?:unseal|recovery|master|encryption|backup)[ -]key(?: share)?(?: ?#?\d{1,2})?"
    rb"(?: \([\w ]{1,20}\))?: ([A-Za-z0-9+/=_-]{16,200})"
)
_LOGIN = (
    rb"\b(?:log-?in|logon|logging in|sign-?in|authenticat\w{1,5}|auth"
    rb"|credentials?|attempt(?:ing)?)\b"
)
_PAIR = re.compile(
    rb"(?i)" + _LOGIN + rb"[^\n:/]{0,40}?[: ] ?[\"']?([\w.@+-]{2,60})(?: ?/ ?|:)"
    rb"([^\s\"'<>,;/][^\s\"'<>,;]{5,100})"
)
# Oracle's `user/password@//host:1521/service`.
_ORACLE = re.compile(
    rb"(?<![\w./-])[A-Za-z][\w$#]{0,29}/([^\s/@\"']{3,64})@(?://[\w.-]+|[\w.-]+:1521\b|\(DESCRIPTION\b)"
)
_ECHO = re.compile(
    rb"(?i)(?:pass|secret|token)\w{0,20}[-_ ]?(?:command|cmd|eval)[\"']?\s{0,4}[=: ]\s{0,4}"
    rb"([\"'])(?:/bin/)?(?:echo|printf)(?: -[ne])? ([^\"'\n]{3,200})\1"
)
_SEALED = re.compile(
    rb"(?i)\bsecure_link_md5\s+\"?[^\";\n]{0,200}?(?<=[\s}])([^\s$\"{};][^\s$\"{};]{2,100})\"?;"
)
_SHAPED = re.compile(
    rb"(?i)(?:routing_?key[\"']?\s{0,4}[:=]\s{0,4}[\"']?([0-9a-f]{32})\b"
    rb"|customer_?key[\"']?\s{0,4}[:=]\s{0,4}[\"']?([A-Za-z0-9+/]{43}=)"
    rb"|\bresp=([A-Za-z0-9+/]{12,400}={0,2})(?=[\s,]|$)|crumb[\"']?\s{0,4}[:=]\s{0,4}[\"']?([0-9a-f]{32,64})\b"
    rb"|/incomingwebhook/([0-9a-f]{32})\b|tcp-check send AUTH\\ ([^\s\\]{3,100})"
    rb"|(?:krbprincipalkey|krb5key|krbmkey|unicodepwd|userpassword):: ([A-Za-z0-9+/]{8,4000}={0,2})"
    rb"|\"(?:AUTH|requirepass|masterauth)\" (?:\"[^\"]{1,64}\" )?\"([^\"]{1,200})\"(?!\s\")"
    rb"|\"SETUSER\" .{0,200}?\"[>#]([^\"]{1,200})\")"
)
_KINDS = tuple(re.compile(kind) for kind in (rb"[a-z]", rb"[A-Z]", rb"\d", rb"[^\w.:/@+=-]"))
_OTHER = re.compile(
    rb"v?\d+(?:\.\d+)+.*|\d+[a-z]{0,3}|[\w.-]+@[\w.-]+|.*\.(?:py|go|js|rb|c|java):?\d*"
)


_SIGNS = re.compile(rb"[\s:=/]")


def _find(line: bytes) -> Iterable[Span]:
    if not _SIGNS.search(line):
        return
    for match in _KEYS.finditer(line):
        if looks_random(match.group(1), 16):
            yield Span(*match.span(1), CODE)
    for match in _PAIR.finditer(line):
        value = match.group(2).rstrip(b".)]:")
        if is_password(value):
            yield Span(match.start(2), match.start(2) + len(value), CODE)
    for shape in (_ORACLE, _ECHO, _SEALED, _SHAPED):
        for match in shape.finditer(line):
            group = match.lastindex or 1
            if plausible(match.group(group)):
                yield Span(*match.span(group), CODE)


def is_password(value: bytes) -> bool:
    """Three kinds of characters, and nothing that names, counts or measures."""
    if not plausible(value) or stands_for(value) or _OTHER.fullmatch(value):
        return False
    return sum(1 for kind in _KINDS if kind.search(value)) > 2 and looks_random(value)


_MAP = re.compile(
    rb"(?i)^\s{0,20}map\s{1,9}\"?\$(?:http|arg|cookie)_\w{0,40}(?:auth|key|token|secret)\w{0,40}\"?"
    rb"\s{1,9}\$\w{1,60}\s{0,9}\{"
)
_ENTRY = re.compile(
    rb"\s{0,40}(?:\"(?:(?:Bearer|Basic|Token) )?([^\"]+)\"|(?:\"?)([^\s\";{}~]+))"
    rb"\s{1,40}[^\s;]+\s{0,9};"
)


def _begin_map(line: bytes) -> Callable[[bytes], Iterable[Span] | None] | None:
    if not _MAP.match(line):
        return None
    first = [True]

    def follow(one: bytes) -> Iterable[Span] | None:
        if first[0]:
            first[0] = False
            return ()
        if one.strip().startswith(b"}"):
            return None
        entry = _ENTRY.match(one)
        group = (entry.lastindex or 1) if entry else 1
        if entry and plausible(entry.group(group)) and looks_random(entry.group(group)):
            return (Span(*entry.span(group), CODE),)
        return ()

    return follow


_USERS = re.compile(rb"[\s\"]user_([\w.-]{1,60})=\\?\"([^\"\\]+)\\?\"")


def _begin_jaas(line: bytes) -> Callable[[bytes], Iterable[Span] | None] | None:
    """Kafka's PlainLoginModule: `user_NAME="password"`, up to the semicolon."""
    left = [60]

    def follow(one: bytes) -> Iterable[Span] | None:
        left[0] -= 1
        if left[0] < 0 or one.strip().startswith(b"}"):
            return None
        return [Span(*match.span(2), CODE) for match in _USERS.finditer(b" " + one)
                if plausible(match.group(2))]  # fmt: skip

    return lambda one: _shifted(follow(one))


def _begin_inline(line: bytes) -> Callable[[bytes], Iterable[Span] | None] | None:
    """OpenVPN's `<auth-user-pass>`: the tag, a user, the password."""
    if line.strip() != b"<auth-user-pass>":
        return None
    seen = [0]

    def follow(one: bytes) -> Iterable[Span] | None:
        seen[0] += 1
        if seen[0] > 3 or one.startswith(b"</"):
            return None
        value = one.strip()
        if seen[0] < 3 or not plausible(value):
            return ()
        start = one.find(value)
        return (Span(start, start + len(value), CODE),)

    return follow


def _shifted(spans: Iterable[Span] | None) -> Iterable[Span] | None:
    if spans is None:
        return None
    return [each._replace(start=each.start - 1, end=each.end - 1) for each in spans]


RULES = (
    LineRule(
        CODE,
        "Secrets beside a user or a place",
        (
            rb"\b(?:unseal|recovery|master|encryption|backup)[ -]key.{0,40}: [\w+/=-]{16}",
            _LOGIN
            + rb"[^\n:/]{0,40}[: ] ?[\"']?[\w.@+-]{2,60}(?: ?/ ?|:)[^\s\"'<>,;/][^\s\"'<>,;]{5}",
            rb"[A-Za-z][\w$#]{0,29}/[^\s/@\"']{3,64}@(?://[\w.-]|[\w.-]+:1521|\(DESCRIPTION)",
            rb"(?:command|cmd|eval)[\"']?\s{0,4}[=: ]\s{0,4}[\"'](?:/bin/)?(?:echo|printf) ",
            rb"secure_link_md5\s",
            rb"routing_?key[\"']?\s{0,4}[:=]\s{0,4}[\"']?[0-9a-f]{32}",
            rb"customer_?key[\"']?\s{0,4}[:=]\s{0,4}[\"']?[A-Za-z0-9+/]{43}=",
            rb"\bresp=[A-Za-z0-9+/]{12}",
            rb"crumb[\"']?\s{0,4}[:=]\s{0,4}[\"']?[0-9a-f]{32}",
            rb"/incomingwebhook/[0-9a-f]{32}",
            rb"tcp-check send AUTH",
            rb"(?:krbprincipalkey|krb5key|krbmkey|unicodepwd|userpassword):: ",
            rb"\"(?:AUTH|requirepass|masterauth|SETUSER)\" \"",
        ),
        _find,
    ),
)
PASSAGES = (
    PassageRule(
        "map-keys",
        "Tokens that nginx maps to a client",
        (rb"^\s{0,20}map\s{1,9}\"?\$(?:http|arg|cookie)_\w{0,40}(?:auth|key|token|secret)",),
        _begin_map,
    ),
    PassageRule(
        "jaas-users",
        "Users of a login module",
        (rb"LoginModule\s{1,9}required",),
        _begin_jaas,
    ),
    PassageRule(
        "inline-login",
        "A user and a password inside of a configuration",
        (rb"^[ \t]*<auth-user-pass>[ \t\r]*$",),
        _begin_inline,
    ),
)  # fmt: skip
