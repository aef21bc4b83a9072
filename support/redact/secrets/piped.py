"""Secrets written into a program's input, into an expect script, or into a store as `k=v`.

Owns `echo x | passwd --stdin`, `chpasswd <<< u:p`, `send "x\\r"`, `kubectl create secret`. Refuses
flags: those are `commands`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from support.redact.rule import LineRule, PassageRule
from support.redact.secrets.names import weight
from support.redact.secrets.values import plausible, stands_for
from support.redact.span import Span

CODE = "command"

_SAID = rb"(\\{0,3}[\"'])((?:(?!\1).){1,400}?)\1|([^\s|\"'<>;&-][^\s|\"'<>;&]{0,200})"
_SINKS = (
    rb"(?:chpasswd|passwd\b|sudo (?:\S+ ){0,6}?-[a-zA-Z]*S|su\b|cryptsetup|kinit|smbpasswd|pdbedit"
    rb"|ldappasswd|vncpasswd|pw \w+ \w+ .{0,40}-h|base64 .{0,20}\| .{0,40}kubectl"
    rb"|[^|]{0,200}?(?:--password-stdin|--stdin-password|--passphrase-fd|--stdin\b|--with-token"
    rb"|stdin:|pass(?:in)? stdin"
    rb"|(?:docker|podman) secret create|--data-file=-|secret set|secret:add"
    rb"|put-secret|auth login|login\b.{0,60}-\s*$))"
)
_PIPED = re.compile(
    rb"(?:echo|printf)(?: -[neE]{1,3})?(?: \\{0,3}[\"']%s(?:\\{1,2}n)?\\{0,3}[\"'])? (?:"
    + _SAID
    + rb")\s{0,4}\|\s{0,4}(?:sudo (?!\S*S)(?:-\S+ ){0,4})?"
    + _SINKS
)
_HERE = re.compile(
    rb"(?:chpasswd|passwd\b|cryptsetup|kinit|sudo|docker login|smbpasswd)[^<\n]{0,200}<<<\s?(?:"
    + _SAID
    + rb")"
)
# `--key-file <(echo -n x)`, `--auth-user-pass <(printf '%s\n%s\n' bob x)`
_SUBSTITUTED = re.compile(
    rb"(?i:pass|key|secret|token|auth|psk|pin|wpa_)[^<\n]{0,60}<\("
    rb"(?:echo|printf)(?: [^()\n]{0,100})? (?:" + _SAID + rb")\s?\)"
)
_USER = re.compile(rb"[\w.@-]{1,64}:(?=.)")


def _piped(line: bytes) -> Iterable[Span]:
    if b" " not in line:
        return
    for shape in (_PIPED, _HERE, _SUBSTITUTED):
        for match in shape.finditer(line):
            group = 2 if match.group(1) else 3
            start, end = match.start(group), match.end(group)
            text = match.group(group)
            user = _USER.match(text) if b"chpasswd" in match.group() else None
            if user:
                start += user.end()
            value = line[start:end]
            cut = re.search(rb"(?:\\{1,2}[rn])+\Z", value)
            end -= len(cut.group()) if cut else 0
            if value and not stands_for(value) and not value.startswith((b"$", b"`")):
                yield Span(start, end, CODE)


_PAIRS = re.compile(
    rb"(?:kubectl|oc|vault|bao|fly(?:ctl)?|doppler|gh|heroku|wrangler|supabase|eb|railway|vercel)\s"
    rb"[^|;&\n]{0,200}?(?:create secret|kv (?:put|patch)|write|secrets? set|config:set|setenv"
    rb"|secrets import)\s"
)
_PAIR = re.compile(
    rb"(--from-literal[= ])?[\"']?([\w./-]{1,80})=(?![@=])(?:(\\{0,3}[\"'])(.*?)\3|([^\s\"']+))"
)


def _pairs(line: bytes) -> Iterable[Span]:
    heads = [*_PAIRS.finditer(line)]
    for head, following in zip(heads, [*heads[1:], None], strict=False):
        limit = following.start() if following else len(line)
        literal = b"secret" in head.group()
        for pair in _PAIR.finditer(line, head.end(), limit):
            name = pair.group(2)
            if name.startswith(b"-") or name in _SETTINGS:
                continue
            value = pair.group(4) or pair.group(5) or b""
            known = literal or b"kv " in head.group() or weight(name)
            if known and plausible(value) and not value.startswith((b"$", b"@")):
                group = 4 if pair.group(4) else 5
                yield Span(pair.start(group), pair.end(group), CODE)


_SETTINGS = frozenset(
    b"""type policies ttl default_lease_ttl max_lease_ttl namespace username user docker-server
    docker-username docker-email policy plugin_name allowed_roles address url host token_ttl
    docker-password dry-run cas mount output format context n""".split()
)
_SEND = re.compile(rb"\bsend(?:_user)?\s{1,4}(?:--\s{1,4})?(\"|\{)(.{1,200}?)\\[rn](?:\"|\})")
_EXPECT = re.compile(rb"(?i)expect\b.{0,120}?(?:passw|passphrase|secret|token|pin\b|assword)")


def _expected(line: bytes) -> Iterable[Span]:
    asked = _EXPECT.search(line)
    if asked:
        for match in _SEND.finditer(line, asked.end()):
            if _is_sent(match.group(2)):
                yield Span(match.start(2), match.end(2), CODE)


def _is_sent(value: bytes) -> bool:
    return plausible(value) and not value.startswith((b"$", b"[")) and b"\\" not in value[:1]


def _asks(line: bytes) -> Callable[[bytes], Iterable[Span] | None] | None:
    if not _EXPECT.search(line) or _SEND.search(line):
        return None
    left = [3]

    def follow(one: bytes) -> Iterable[Span] | None:
        left[0] -= 1
        if left[0] < 0:
            return None
        found = [match for match in _SEND.finditer(one) if _is_sent(match.group(2))]
        return [Span(match.start(2), match.end(2), CODE) for match in found[:1]]

    return follow


_STORES = (
    rb"(?:create secret|kv put|kv patch|write|secrets? set|config:set|setenv|secrets import)\s.*="
)

RULES = (
    LineRule(
        "piped",
        "Secrets piped into a program",
        (
            rb"(?:echo|printf) .*\|",
            rb"<\((?:echo|printf) ",
            rb"(?:chpasswd|passwd|cryptsetup|kinit|sudo|docker login).*<<<",
        ),
        _piped,
    ),
    LineRule(
        "secret-pairs",
        "Secrets handed to a store",
        (_STORES,),
        _pairs,
    ),
    LineRule("expect", "Secrets an expect script sends", (rb"expect\b.*send",), _expected),
)
PASSAGES = (
    PassageRule(
        "expect-lines",
        "Secrets an expect script sends, over lines",
        (rb"expect\b.{0,120}?(?:passw|passphrase|secret|token|pin\b|assword)",),
        _asks,
    ),
)
