"""Configurations of servers: a directive, blanks, its arguments; braces or sections around them.

Owns which argument is a secret: in nginx, Apache, HAProxy, BIND, LDAP clients, routers and the
like. Refuses PAM, where `password` is a kind of rule. Lines of `key = value` are `assignments`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from support.redact.formats.assignments import Style, spans
from support.redact.formats.judge import Leaf, hides, is_worth, masks, tidy
from support.redact.rule import FormatRule
from support.redact.secrets.names import MAYBE, weight
from support.redact.span import Span

CODE = "conf"
_NAMED = re.compile(
    r"(?i)(?:\.(?:conf|cfg|cnf|config|cf|vhost|site|ovpn|key|keys|secret|include|zone|acl|rules|"
    r"hocon|pp|load)(?:[-.](?:bak|old|orig|dist|sample|example|local|d|j2|tmpl|\d+))?|"
    r"/(?:sites-(?:available|enabled)|conf\.d|nginx|haproxy|apache2|httpd|bind|named)/[^/]+|"
    r"(?:running|startup)-config|/\.?\w+rc|nslcd|/exports)\Z"
)
_LOOKS = re.compile(
    rb"(?m)^[ \t]*(?:server|http|events|upstream[ \t]+\S+|location[ \t]+[^\n{]+)[ \t]*\{|"
    rb"^[ \t]*<(?:VirtualHost|Directory|Location|IfModule)\b|"
    rb"^(?:frontend|backend|listen|userlist)[ \t]+\S+[ \t]*\r?$|"
    rb"^(?:key[ \t]+\S+|zone[ \t]+\"[^\n]+|client[ \t]+\S+)[ \t]*\{|"
    rb"^(?:binddn|bindpw|rootdn|rootpw|BASE|URI)[ \t]+\S|^enable secret |"
    rb"^username \S+ (?:privilege|password|secret) |^snmp-server |^\s*auth_pass[ \t]"
)
_PAM = re.compile(rb"\bpam_\w+\.so|@include common-")
_WORD = re.compile(rb"\"((?:[^\"\\]|\\.)*)\"|'([^']*)'|((?:[^\s;{}\"'\\]|\\.)(?:[^\s;{}\\]|\\.)*)")
_REMARKS = (b"#", b";", b"!", b"//", b"--", b"*", b"/*")
# What takes a name and a value: the name is this many words behind the directive.
_NAMING = {
    b"proxy_set_header": 1, b"grpc_set_header": 1, b"fastcgi_param": 1, b"uwsgi_param": 1,
    b"scgi_param": 1, b"add_header": 1, b"more_set_headers": 1, b"set": 1, b"env": 1,
    b"setenv": 1, b"setenvif": 2, b"requestheader": 2, b"header": 2, b"http-request": 2,
    b"http-response": 2, b"php_admin_value": 1, b"php_value": 1, b"define": 1, b"sub_filter": 1,
    b"perl_set": 1, b"option": 1, b"http-check": 3, b"setvar": 1,
}  # fmt: skip
_KEYWORDS = frozenset(
    b"password passwd passphrase pass secret insecure-password auth-pass auth_pass key-string "
    b"authentication-key pre-shared-key shared-secret psk bindpw community token rootpw "
    b"message-digest-key ike-secret auth-password priv-password".split()
)
_CODES = re.compile(rb"\d{1,2}|md5|sha\d*|encrypted|hash|plain-text|ascii-text|hmac-\w+|clear")
_NO_VALUES = frozenset(
    b"required requisite sufficient optional include substack is and or the file from for to in of "
    b"= : => := += encryption level minimum min max length policy hash md5 ro rw -f --file".split()
)
_AUTH = re.compile(
    rb"(?i)(?:stats[ \t]+auth|login=|proxyuserpwd|userpwd)[ \t=]*\"?[^\s:\"]+:([^\s\"]+)"
)
# `if ($arg_token != "x")` of nginx; keys of Cisco's protocols.
_COMPARED = re.compile(rb"\$(?:arg|http|cookie)_(\w{1,80})\s{0,9}!?=\s{0,9}[\"']?([^\"'\s)]+)")
_KEYED = re.compile(
    rb"(?i)^\s*(?:(?:tacacs|radius)(?:-server)?\b.{0,200}?|crypto isakmp|)\s?"
    rb"\b(?:key|server-key)\s+(?:[0-9]\s+)?(?!chain\b|\d+\s*$|config\b)"
    rb"([^\s{}\"';]+)(?:\s+address\b.*)?\s*$|"
    rb"^\s*snmp-server user .{0,200}\bauth\s+(?:md5|sha)\s+(\S+)"
    rb"(?:\s+priv\s+\w+(?:\s+\d+)?\s+(\S+))?|"
    rb"^\s*ntp authentication-key \d+ md5 (\S+)"
)
_ROUTER = re.compile(rb"(?m)^(?:hostname|interface|router|ip route|enable secret) ")
_HEADERS = frozenset((b"authorization", b"proxy-authorization", b"cookie"))
_STYLE = Style(CODE, multiline=False, ends=b";,")
_LONGEST_LINE = 8192


def claims(name: str, head: bytes) -> bool:
    if "pam.d/" in name or _PAM.search(head) or head.lstrip()[:1] == b"{":
        return False
    return bool(_NAMED.search(name) or _LOOKS.search(head))


def find(data: bytes) -> Iterable[Span]:
    return tidy([*_directives(data), *spans(data, _STYLE)])


def _directives(data: bytes) -> Iterator[Span]:
    at = 0
    router = bool(_ROUTER.search(data[:65536]))
    for line in data.split(b"\n"):
        if len(line) <= _LONGEST_LINE and not line.lstrip().startswith(_REMARKS):
            words = [_leaf(word, at) for word in _WORD.finditer(line)]
            if len(words) > 1:
                yield from _line(words)
            for found in _COMPARED.finditer(line):
                if hides(found[1], found[2]):
                    yield Span(at + found.start(2), at + found.end(2), CODE)
            keyed = _KEYED.match(line) if router else None
            for group in range(1, 5) if keyed else ():
                if keyed and keyed[group]:
                    yield Span(at + keyed.start(group), at + keyed.end(group), CODE)
            for found in _AUTH.finditer(line):
                yield Span(at + found.start(1), at + found.end(1), CODE)
        at += len(line) + 1


def _leaf(word: re.Match[bytes], offset: int) -> Leaf:
    group = word.lastindex or 0
    return Leaf(word[group], offset + word.start(group), offset + word.end(group))


def _line(words: Sequence[Leaf]) -> Iterator[Span]:
    first = words[0].text.lower()
    behind = _NAMING.get(first)
    if behind is not None and len(words) > behind + 1:
        yield from _named(words[behind].text.lstrip(b"$").rstrip(b":"), words[behind + 1 :])
        return
    if weight(words[0].text) > MAYBE or first in _KEYWORDS:
        value = _value(words, 1)
        if value and hides(b"password", value.text) and len(words) < 7:
            yield masks(value, CODE)
            return
    for at in range(1, len(words) - 1):
        if words[at].text.lower() in _KEYWORDS:
            value = _value(words, at + 1)
            if value and is_worth(value.text):
                yield masks(value, CODE)


def _value(words: Sequence[Leaf], at: int) -> Leaf | None:
    """The word at a place; a code for how it is encrypted, `7` or `md5`, is passed over."""
    if words[at].text.lower() in _NO_VALUES and not words[at].text.isdigit():
        return None
    if _CODES.fullmatch(words[at].text.lower()) and at + 1 < len(words):
        at += 1
    value = words[at]
    return None if value.text.startswith(b"$") and b"$" not in value.text[1:] else value


def _named(name: bytes, values: Sequence[Leaf]) -> Iterator[Span]:
    """`proxy_set_header Authorization "Bearer x"`, `SetEnv DB_PASSWORD x`."""
    value = values[0]
    if value.text.startswith(b"$") or not is_worth(value.text):
        return
    if name.lower() in _HEADERS:
        if b" " not in value.text and len(values) > 1 and values[1].text[:1] != b"$":
            value = values[1] if value.text.isalpha() else value
        scheme = re.match(rb"[A-Za-z-]+\\? +(?=\S)", value.text)
        yield Span(value.start + (scheme.end() if scheme else 0), value.end, CODE)
    elif hides(name, value.text):
        yield masks(value, CODE)


RULE = FormatRule(CODE, "secrets among the arguments of directives", claims, find)
