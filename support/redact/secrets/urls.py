"""Credentials in URLs: `user:password@`, parameters such as `sig=`, and DSNs that look like URLs.

Owns what stands between `://` and the host, and behind `?` and `&`. Refuses the rest of a
connection string (`Password=x;`): that is `keyed`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from support.redact.rule import LineRule
from support.redact.secrets.names import MAYBE, NEVER, weight
from support.redact.secrets.values import hides, looks_random, plausible, stands_for
from support.redact.span import Span

# PHP and some loggers write `\/` for `/` in JSON. A run ends where no URL goes on.
_START = re.compile(rb":(?:\\?/){2}")
_RUN = re.compile(rb"(?:[^\s\"'<>`\\|]|\\(?![\"'nrt]))*")
_HOST = re.compile(
    rb"(?:\[[0-9A-Fa-f:.%]+\]|[\w.-]+|\$\{\w+\}|\{\w+\})(:\d{1,5})?(?=[/?#,;:)\]}&\\]|$)"
)
_PORT = re.compile(rb"\d{1,5}(?=[/?#)\]},;\\]|$)")
_SLASH = re.compile(rb"[/?#]")
_QUERY = re.compile(rb"[?&][\w.-]+=")
_USER_LONGEST = 300
_LONGEST = 2000

# An escaped URL inside a parameter: https%3A%2F%2Fuser%3Apass%40host
_ESCAPED = re.compile(
    rb"%3A%2F%2F[\w.~-]{0,80}%3A([^\s%&\"']{1,120}(?:%(?!40)[0-9A-Fa-f]{2}[^\s%&\"']{0,120}){0,20})%40",
    re.IGNORECASE,
)
_GO = re.compile(rb"@(?:tcp6?|unix|udp|cloudsql(?:conn)?)\(")
_GO_BEFORE = re.compile(rb"[^\s\"'`=]{1,260}\Z")
_ORACLE = re.compile(rb"jdbc:oracle:\w{2,5}:[\w.$-]{1,64}/([^\s@\"']{1,128})@", re.IGNORECASE)


def _password(line: bytes) -> Iterable[Span]:
    starts = [match.end() for match in _START.finditer(line)]
    for start, following in zip(starts, [*starts[1:], len(line)], strict=False):
        # A run ends before the next URL in it (`a://x,b://y`): so each byte is read once.
        run = _RUN.match(line, start, following)
        if run:
            yield from _userinfo(line, start, run.end())


def _userinfo(line: bytes, start: int, end: int) -> Iterable[Span]:
    sign = _last_sign(line, start, end)
    if sign < 0 or sign - start > _LONGEST:
        return
    colon = line.find(b":", start, sign)
    if colon < 0 or colon - start > _USER_LONGEST:
        if looks_random(line[start:sign], 20) and not stands_for(line[start:sign]):
            yield Span(start, sign, "url-password")
        return
    user, password = line[start:colon], line[colon + 1 : sign]
    if password and not stands_for(password):
        yield Span(colon + 1, sign, "url-password")
    # A long user with digits is a token, unless it is an address of mail.
    mail = b"@" in user or b"%40" in user
    if looks_random(user, 20) and not mail and not stands_for(user):
        yield Span(start, colon, "url-password")


def _last_sign(line: bytes, start: int, end: int) -> int:
    """The `@` before the host. A password may hold `@` and `/`, a path may hold `@` too."""
    slash = _first(line, start, end)
    colon = line.find(b":", start, slash)
    if colon >= 0 and _PORT.match(line, colon + 1, end):
        return -1
    sign = line.rfind(b"@", start, slash)
    if sign >= 0:
        host = _HOST.match(line, sign + 1, end)
        if host and (host.group(1) or b"." in host.group() or slash == end):
            return sign
    elif colon < 0:
        return -1
    # Here the host would be odd: perhaps the slash belongs to the password.
    later = line.rfind(b"@", slash, _query(line, slash, end))
    if later >= 0:
        host = _HOST.match(line, later + 1, end)
        if host and (host.group(1) or b"." in host.group() or sign < 0):
            return later
    return sign


def _first(line: bytes, start: int, end: int) -> int:
    found = _SLASH.search(line, start, end)
    return found.start() if found else end


def _query(line: bytes, start: int, end: int) -> int:
    found = _QUERY.search(line, start, end)
    return found.start() if found else end


def _others(line: bytes) -> Iterable[Span]:
    for shape in (_ESCAPED, _ORACLE):
        for match in shape.finditer(line):
            if not stands_for(match.group(1)):
                yield Span(match.start(1), match.end(1), "dsn-password")
    for match in _GO.finditer(line):
        least = max(0, match.start() - 260)
        before = _GO_BEFORE.search(line[least : match.start()])
        colon = before.group().find(b":") if before else -1
        if before and colon > 0 and not stands_for(before.group()[colon + 1 :]):
            yield Span(least + before.start() + colon + 1, match.start(), "dsn-password")


_PARAMETER = re.compile(
    rb"(?:[?&#]|;(?=jsessionid=)|&amp;|\\u0026|%3F|%26)([A-Za-z_][\w.%\[\]-]{0,60}?)(=|%3D)"
    rb"((?:[^\s&\"'<>#;\\|`%]|%(?!26)[0-9A-Fa-f]{2}|%(?![0-9A-Fa-f]{2}))+)",
    re.IGNORECASE,
)
_SIGNED = frozenset(
    b"""sig signature x-amz-signature x-goog-signature x-oss-signature x-amz-security-token
    hmac ticket assertion samlresponse oauth_signature oauth_verifier oauth_token code_verifier
    x-ms-signature hash_key sv_sig confirm_token invite magic otp totp hub.verify_token
    client_assertion""".split()
)
_RANDOM = frozenset(b"code key auth k nonce state sid session s apikey pass t h hash".split())
_PARAMETER_WORDS = (
    rb"token|secret|passw|pwd|pass|api.?key|access.?key|sig|signature|auth|hmac|ticket|assertion"
    rb"|samlresponse|code|key|credential|session|sid|otp|jwt|bearer|cookie|csrf|invite|magic"
    rb"|verifier|nonce|license|pin|webhook|secretid|psk"
)


def _parameters(line: bytes) -> Iterable[Span]:
    for match in _PARAMETER.finditer(line):
        name, value = match.group(1), match.group(3).rstrip(b",.)]}")
        granted = name == b"code" and b"grant_type" in line and plausible(value)
        if value and (granted or _gives_away(name, value)):
            yield Span(match.start(3), match.start(3) + len(value), "url-parameter")


def _gives_away(name: bytes, value: bytes) -> bool:
    lower = name.lower()
    if lower in _SIGNED:
        return plausible(value) and not value.isdigit()
    found = weight(name)
    if found > MAYBE:
        return plausible(value) and not (value.isdigit() and len(value) < 4)
    if found == MAYBE and hides(name, value):
        return True
    if found == NEVER and lower not in _RANDOM:
        return lower.endswith(b"_key") and plausible(value) and looks_random(value, 12)
    return plausible(value) and looks_random(value, 6 if lower in (b"pass", b"auth") else 16)


RULES = (
    LineRule(
        "url-password",
        "Passwords in URLs",
        (rb":\\?/\\?/[^\s\"'<>@]{1,2000}@",),
        _password,
    ),
    LineRule(
        "dsn-password",
        "Passwords in data source names and escaped URLs",
        (
            rb"%3A%2F%2F[\w.~-]{0,80}%3A",
            rb"@(?:tcp6?|unix|udp|cloudsql(?:conn)?)\(",
            rb"jdbc:oracle:\w+:",
        ),
        _others,
    ),
    LineRule(
        "url-parameter",
        "Tokens and signatures in the parameters of a URL",
        (
            rb"(?:[?&#]|&amp;|\\u0026|%3F|%26)[\w.%\[\]-]{0,60}(?:"
            + _PARAMETER_WORDS
            + rb")[\w.%\[\]-]{0,40}(?:=|%3D)",
            rb";jsessionid=",
        ),
        _parameters,
    ),
)
