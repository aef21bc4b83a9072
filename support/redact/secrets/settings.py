"""Secrets that a blank or a comma ties to their name: settings of servers, code, protocols.

Owns `requirepass x`, `ENV DB_PASSWORD x`, `define('DB_PASSWORD', 'x')`, `PASS x`, SNMP users.
Refuses sentences: only a value that ends its line, or is quoted, or looks like a secret, is one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from support.redact.rule import LineRule
from support.redact.secrets.names import SURE, weight
from support.redact.secrets.values import hides, looks_random, plausible
from support.redact.span import Span

CODE = "setting"

_ONE = rb"(?:\\{0,3}\"([^\"]*)\"|'([^']*)'|([^\s;\"']\S*?))"
_SPACED = re.compile(
    rb"[ \t]*(?:(?:ENV|ARG|LABEL|SetEnv|set|setenv|env|fastcgi_param|proxy_set_header"
    rb"|add_header)[ \t]+)?"
    rb"([A-Za-z][\w.-]{1,60})[ \t]{1,40}" + _ONE + rb"[ \t]*;?[ \t]*(?:[#;].*)?\Z"
)
# Settings that nothing but a secret follows.
_EXACT = re.compile(
    rb"(?i)(?:^|[\s;{])(?:requirepass|masterauth|rootpw|olcrootpw|bindpw|auth_pass|wpa-psk"
    rb"|wpa-passphrase|wep-key\d"
    rb"|insecure-password|ro6?community6?|rw6?community6?|trapcommunity|authcommunity (?:\w+,?)+"
    rb"|snmp-server community|enable (?:password|secret)(?: level \d+)?(?: 0)?"
    rb"|neighbor \S+ password|stats auth [^\s:]+:|com2sec6?(?: -Cn \S+)? \S+ \S+"
    rb"|(?:tacacs|radius)-server (?:host \S+ )?(?:[\w-]+ \d+ )*key(?: \d)?"
    rb"|snmp-server host \S+(?: traps| informs)? version (?:1|2c|3 \w+)|set snmp community"
    rb"|ip ospf message-digest-key \d+ md5(?: \d)?|set (?:\w+-)?(?:password|psksecret|passwd) ENC"
    rb"|rootpwmodpw|/snmp community .{0,80}name=|MONITOR \S+@\S+ \d+ \S+"
    rb"|ntp authentication-key \d+ md5|crypto isakmp key(?: \d)?|key-string(?: \d)?"
    rb"|rename-command \w+|ldap_default_authtok|rpc-?password|login \S+ password"
    rb"|account \S+ password)\s*(?<=[\s:=])" + _ONE + rb"(?=[\s;}]|\Z)"
)
_USER = re.compile(
    rb"(?i)createuser(?: -e \S+)? (?:\"[^\"]*\"|\S+) (?:MD5|SHA[\w-]*) (\"[^\"]*\"|\S+)"
    rb"(?: (?:DES|AES[\w-]*) (\"[^\"]*\"|\S+))?"
)
_ACL = re.compile(rb"(?i)\buser \S{1,60} [^\n]{0,200}?(?<= )[>#]([^\s\"']{3,200})")
# FTP, POP3, IRC and IMAP as traces show them.
_SPOKEN = re.compile(
    rb"(?:(?:[<>:\"] ?|-> ?|C: )(?:PASS|IDENTIFY|AUTH PLAIN|AUTHENTICATE)"
    rb"|\bLOGIN [\w.@\"-]{1,80})"
    rb" :?\"?([^\s\"\\;]{3,200})"
)
_PAIR = re.compile(rb"\(\s{0,4}(\\?[\"'])([\w.-]{2,60})\1\s{0,4},\s{0,4}b?(\\?[\"'])(.*?)(?<!\\)\3")
_TYPED = re.compile(
    rb"(?<![\w.])\$?([A-Za-z_]\w{1,60})(?:\s{0,4}:\s{0,4}|\s{1,4}|\[\d{0,4}\])"
    rb"(?:&?(?:'static )?[\w<>\[\].|*?]{2,40})?\s{0,4}:?=\s{0,4}[@bru]{0,2}(\\?[\"'])(.*?)(?<!\\)\2"
)


def _spaced(line: bytes) -> Iterable[Span]:
    match = _SPACED.match(line)
    if match and weight(match.group(1)) == SURE:
        group = match.lastindex or 4
        value = match.group(group)
        strong = group != 4 or not value.isalpha() or b"_" in match.group(1)
        if strong and hides(match.group(1), value) and not value.endswith((b":", b".", b"{")):
            yield Span(match.start(group), match.end(group), CODE)


def _exact(line: bytes) -> Iterable[Span]:
    for match in _EXACT.finditer(line):
        group = match.lastindex or 3
        if plausible(match.group(group)) and not _is_example(line, match, group):
            yield Span(match.start(group), match.end(group), CODE)
    for match in _USER.finditer(line):
        for group in (1, 2):
            text = match.group(group) or b""
            quote = text[:1] == b'"'
            if plausible(text.strip(b'"')):
                yield Span(match.start(group) + quote, match.end(group) - quote, CODE)
    for match in _ACL.finditer(line):
        login = b"LOGIN" in match.group() and match.group(1)[:1] != b"'"
        if hides(b"pass", match.group(1)) or (login and plausible(match.group(1))):
            yield Span(match.start(1), match.end(1), CODE)
    for match in _SPOKEN.finditer(line):
        login = b"LOGIN" in match.group() and match.group(1)[:1] != b"'"
        if hides(b"pass", match.group(1)) or (login and plausible(match.group(1))):
            yield Span(match.start(1), match.end(1), CODE)


def _is_example(line: bytes, match: re.Match[bytes], group: int) -> bool:
    """Redis: `# requirepass foobared` in every file as shipped, and a command's new plain name."""
    if match.group(group) == b"foobared":
        return line.lstrip().startswith(b"#")
    return b"rename-command" in match.group().lower() and not looks_random(match.group(group))


# PHP's serialize, and calls that change a password: changeUserPassword("bob", "x")
_SERIAL = re.compile(rb"s:\d{1,6}:\\?\"([\w.-]{1,60})\\?\";s:\d{1,6}:\\?\"(.*?)\\?\";")
_CHANGED = re.compile(
    rb"(?i)(?:password|\.auth|passwd)\(\s{0,4}[\"'][^\"']{0,80}[\"'],\s{0,4}([\"'])(.*?)(?<!\\)\1"
)


def _called(line: bytes) -> Iterable[Span]:
    for shape, name, value in ((_PAIR, 2, 4), (_TYPED, 1, 3)):
        for match in shape.finditer(line):
            text = match.group(value)
            # `("password", "password_again")` names two fields.
            if weight(match.group(name)) and hides(match.group(name), text) and not _is_name(text):
                yield Span(match.start(value), match.end(value), CODE)
    for match in _SERIAL.finditer(line):
        if hides(match.group(1), match.group(2)):
            yield Span(match.start(2), match.end(2), CODE)
    for match in _CHANGED.finditer(line):
        if plausible(match.group(2)):
            yield Span(match.start(2), match.end(2), CODE)


def _is_name(value: bytes) -> bool:
    return weight(value) == SURE and bool(re.fullmatch(rb"[a-z]+(?:[_.-]?[A-Za-z]+)*", value))


_WORDS = (
    rb"pass|pwd|secret|token|key|cred|psk|otp|jwt|bearer|session|pin|cookie|hash|salt|seed|code|auth|pw"
    rb"|phrase|webhook|share|sessid|senha|kennwort|mnemonic|signature|licen[cs]e|sid|cvv|community|base"
    rb"|csrf|xsrf|sas|sig|assertion|verifier|pepper|unseal|ticket|tgt|hmac|knock|authenticator"
)

_SERVERS = (
    rb"(?:requirepass|masterauth|rootpw|bindpw|auth_pass|wpa-psk|wpa-passphrase|wep-key\d"
    rb"|insecure-password|community6?|enable (?:password|secret)|neighbor \S+ password|stats auth"
    rb"|com2sec|ldap_default_authtok|rpc-?password|login \S+ password|account \S+ password) "
)
_ROUTERS = (
    rb"(?:snmp-server host \S+ .{0,20}version (?:1|2c|3 \w+)|set snmp community|rootpwmodpw"
    rb"|message-digest-key \d+ md5(?: \d)?|(?:password|psksecret|passwd) ENC"
    rb"|MONITOR \S+@\S+ \d+ \S+|(?:tacacs|radius)-server .{0,80}key(?: \d)?"
    rb"|ntp authentication-key \d+ md5|crypto isakmp key(?: \d)?|key-string(?: \d)?"
    rb"|rename-command \w+) "
)
_LINE = (
    rb"^[ \t]*(?:\w+[ \t]+)?[\w.-]{0,60}(?:" + _WORDS + rb")[\w.-]{0,60}[ \t]{1,40}"
    rb"(?:\\{0,3}\"[^\"]*\"|'[^']*'|[^\s;\"']\S*)[ \t]*;?[ \t]*(?:[#;].*)?$"
)
_DECLARED = (
    rb"(?:" + _WORDS + rb")\w{0,60}(?:\s{0,4}:\s{0,4}|\s{1,4}|\[\d{0,4}\])"
    rb"(?:&?(?:'static )?[\w<>\[\].|*?]{2,40})?\s{0,4}:?=\s{0,4}[@bru]{0,2}\\?[\"']"
)

RULES = (
    LineRule(
        CODE,
        "Secrets that a blank ties to their name",
        (_LINE,),
        _spaced,
    ),
    LineRule(
        "server-setting",
        "Secrets in settings of servers and in protocols",
        (
            _SERVERS,
            _ROUTERS,
            rb"createuser ",
            rb"/snmp community .{0,80}name=",
            rb"\buser \S{1,60} .{0,200} [>#]",
            rb"(?:[<>:\"] ?|-> ?)(?:PASS|IDENTIFY|AUTH PLAIN|AUTHENTICATE) ",
            rb"\bLOGIN [\w.@\"-]{1,80} ",
            rb"stats auth [^\s:]+:",
        ),
        _exact,
    ),
    LineRule(
        "call",
        "Secrets in calls and declarations",
        (
            rb"\(\s{0,4}\\?[\"'][\w.-]{0,60}(?:" + _WORDS + rb")[\w.-]{0,60}\\?[\"']\s{0,4},",
            _DECLARED,
            rb"s:\d{1,6}:\\?\"[\w.-]{0,60}(?:" + _WORDS + rb")",
            rb"(?:password|\.auth|passwd)\(\s{0,4}[\"']",
        ),
        _called,
    ),
)
