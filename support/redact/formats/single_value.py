"""Files that hold one secret and nothing else: the file's name says that it is one.

Owns the names. Refuses public halves: a certificate, a public key, a list of words.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from support.redact.formats.judge import is_worth
from support.redact.rule import FormatRule
from support.redact.secrets.names import SURE, weight
from support.redact.span import Span

CODE = "secret-file"
_SUFFIX = re.compile(r"(?i)\.(?:txt|key|secret|pass|pw|token|value|dat|conf|bak|old)\Z")
_NAMED = re.compile(
    r"(?i)(?:\A|/)(?:\.?erlang\.cookie|\.?vault[-_](?:token|pass(?:word)?)(?:\.txt)?|\.?vault_pass|"
    r"\.?(?:ldap|smb|pam_ldap|libnss-ldap|nslcd)\.secret|master\.key|\.?my_?token|rndc-secret|"
    r"secret[_-]?key(?:_base)?|[\w.-]*key-?file|\.?restic[-_.]?pass\w*|\.?borg[-_.]?pass\w*|\.?\w*passphrase|"
    r"k3s/server/(?:node-)?token|serviceaccount/token|kubelet-token|\.?npm-token|auth\.token|"
    r"(?:credentials|secrets)/[\w.-]*(?:pass|pw|token|secret|key)[\w-]*)\Z"
)
_FOLDER = re.compile(r"(?:\A|/)(?:run/secrets|secrets|credentials|creds|credstore)/[^/]+\Z")
_PUBLIC = re.compile(rb"-----BEGIN|\bDNSKEY\b|\Assh-|\Aecdsa-|\A\{|\A<|\A#!")


def claims(name: str, head: bytes) -> bool:
    body = head.strip()
    if not body or b"\0" in body or len(body) > 2048 or _PUBLIC.search(body):
        return False
    lines = body.split(b"\n")
    if len(lines) > 2 or b"=" in lines[0].rstrip(b"=") or re.search(rb"[\w-]:[ \t]", body):
        return False
    if name.lower().endswith((".conf", ".dat")) and b" " in body:
        return False
    if _NAMED.search(name):
        return True
    leaf = name.rpartition("/")[2]
    while (shorter := _SUFFIX.sub("", leaf)) != leaf:
        if leaf.lower().endswith((".key", ".pass", ".pw", ".secret", ".token")) and len(lines) < 3:
            return True
        leaf = shorter
    known = weight(leaf.lstrip(".").encode()) == SURE
    return (known or bool(_FOLDER.search(name))) and len(lines) == 1 and body.count(b" ") < 4


def find(data: bytes) -> Iterable[Span]:
    body = data.strip()
    start = data.find(body[:64]) if body else 0
    if body.startswith(b"\xef\xbb\xbf"):
        start, body = start + 3, body[3:]
    return [Span(start, start + len(body), CODE)] if is_worth(body) else []


RULE = FormatRule(CODE, "a file that is one secret", claims, find)
