"""Password hashes: whoever has one can try passwords on it for as long as they like.

Owns the forms of crypt(3), LDAP, frameworks and databases. Refuses plain digests: a row of hex
digits is a commit, an etag or a checksum unless its form or its place says otherwise.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from support.redact.rule import LineRule
from support.redact.span import MARK, Span

CODE = "password-hash"

_BODIES: tuple[bytes, ...] = (
    # crypt(3) in its modular form; Compose files double the dollar signs.
    (
        rb"\${1,2}(?:1|5|6|7|y|gy|2[abxy]?|apr1|md5|sha1|argon2(?:id|i|d)|scrypt|s[12]|pbkdf2(?:-sha\d+)?"
        rb"|P|H|S|A|bcrypt-sha256|DCC2|NT|krb5\w{2,8}|mysqlna|8|9|14)\${1,2}[A-Za-z0-9./,=+*@$-]{12,2000}"
    ),
    # Django, Werkzeug, Grub
    rb"(?:pbkdf2_sha\d+|bcrypt(?:_sha256)?|argon2|sha1|md5|scrypt)\$[A-Za-z0-9./,=+_$-]{24,600}",
    rb"(?:pbkdf2:sha\d+(?::\d+)?|scrypt:\d+:\d+:\d+)\$[A-Za-z0-9]{1,64}\$[0-9a-f]{32,256}",
    rb"grub\.pbkdf2\.sha512\.\d{1,8}\.[0-9A-Fa-f.]{64,600}",
    (
        rb"(?i:\{(?:SSHA|SHA|SMD5|MD5|CRYPT|[A-Z0-9-]{1,10}-?CRYPT|S?SHA(?:-?(?:224|256|384|512))"
        rb"|PBKDF2[A-Z0-9-]*|ARGON2[A-Z]*|CLEARTEXT|PLAIN|noop|bcrypt|x-[\w-]{1,20})(?:\.(?:B64|HEX|b64|hex))?\})"
        rb"([^\s\"'<>,;]{4,400})"
    ),
    rb"SCRAM-SHA-(?:1|256|512)\$\d{1,8}:[A-Za-z0-9+/=]{8,64}\$[A-Za-z0-9+/=]{20,90}:[A-Za-z0-9+/=]{20,90}",
    rb"(?<![A-Za-z0-9])md5[0-9a-f]{32}(?![0-9a-f])",
    rb"(?<![\w*])\*[0-9A-F]{40}(?![\w*])",
    # pwdump and smbpasswd: LM and NT halves; a captured NTLMv2 answer
    rb"(?<=:)(?:[0-9A-Fa-f]{32}|X{32}|NO PASSWORD\*{21}):[0-9A-Fa-f]{32}(?=:|\s|$)",
    rb"(?<=:)[0-9a-fA-F]{16}:[0-9A-Fa-f]{32}:[0-9A-Fa-f]{40,2000}",
    # Network devices: `password 7 0822455D0A16`, `secret 5 $1$…`
    rb"(?<=[ ])(?:password|secret|key|key-string|md5) [4-9] (?!REDACTED)([0-9A-Za-z$./]{4,200})",
    # One line of /etc/shadow, whatever its hash is
    rb"^[a-z_][a-z0-9_.-]{0,31}:(?!\$)(!{0,2}[A-Za-z0-9./]{13}):\d{0,6}:\d{0,6}:\d{0,6}:",
)
_FOUND = tuple(re.compile(body) for body in _BODIES)
_SALTED = re.compile(rb"\$[A-Za-z0-9./]{8}")


def find(line: bytes) -> Iterable[Span]:
    for shape in _FOUND:
        for match in shape.finditer(line):
            group = match.lastindex or 0
            value = match.group(group)
            end = match.start(group) + len(value.rstrip(b",.-=" if value[:1] == b"$" else b",."))
            if MARK not in value and _is_hash(value):
                yield Span(match.start(group), end, CODE)


def _is_hash(value: bytes) -> bool:
    """`$1$2` of a regular expression is none: a hash has salt and hash of some length."""
    return value[:1] != b"$" or bool(_SALTED.search(value))


RULES = (
    LineRule(
        CODE,
        "Password hashes",
        (
            rb"\$[a-z0-9-]{1,13}\${1,2}[A-Za-z0-9./,=+*@$-]{12}",
            rb"(?:pbkdf2_sha\d+|bcrypt|bcrypt_sha256|argon2|sha1|md5|scrypt)\$[A-Za-z0-9./,=+_$-]{24}",
            rb"(?:pbkdf2:sha\d|scrypt:\d)",
            rb"grub\.pbkdf2",
            rb"\{(?:S?SHA|S?MD5|[A-Z0-9-]{0,10}CRYPT|PBKDF2|ARGON2|CLEARTEXT|PLAIN|noop|x-)[A-Z0-9.-]{0,24}\}[^\s\"'<>,;]{4}",
            rb"SCRAM-SHA-\d{1,3}\$\d",
            rb"md5[0-9a-f]{32}",
            rb"\*[0-9A-F]{40}",
            rb":(?:[0-9a-f]{32}|X{32}|NO PASSWORD\*{21}):[0-9a-f]{32}",
            rb":[0-9a-f]{16}:[0-9a-f]{32}:[0-9a-f]{40}",
            rb" (?:password|secret|key|key-string|md5) [4-9] [0-9A-Za-z$./]{4}",
            rb"^[a-z_][a-z0-9_.-]{0,31}:!{0,2}[A-Za-z0-9./]{13}:\d{0,6}:\d{0,6}:",
        ),
        find,
    ),
)
