"""Whether a value under a key is hidden, and how much of it.

Owns what is the same in every format: which values say nothing (empty, null, a placeholder, what
is redacted already), which neighbours below a secret key are harmless, what of a value is the
secret. Refuses to know syntax. Which names are a secret's is `secrets.names`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from support.redact.secrets import values
from support.redact.secrets.names import MAYBE, NEVER, SURE, split, weight
from support.redact.span import MARK, Span, mark

# Below `tokens:` or `db_password:` these say what a secret is for, not what it is.
BENIGN_FIELDS = frozenset(
    b"name names id ids uuid key keys keyname path file filename type kind user username login "
    b"email host hostname port url uri domain server realm role roles scope scopes region account "
    b"namespace engine backend provider store method format pattern description comment comments "
    b"title label labels annotations note notes version algorithm alg length size min max "
    b"minlength maxlength count ttl age expires expiry expiration created updated rotated rotate "
    b"modified enabled required optional external sensitive immutable mode owner group policy "
    b"status state driver from ref environment env tags date time timestamp lastupdated createdat "
    b"updatedat expiresat expires_at created_at updated_at rotated_at last_used issuer audience "
    b"subject source target mountpath mount_path placeholder autocomplete hint help display_name "
    b"allowed_chars usage purpose family interval timeout".split()
)
_SCHEME = re.compile(rb"(?i)(?:bearer|basic|token|apikey|negotiate|bot|splunk|digest)[ \t]+(?=\S)")
_EMPTY = re.compile(
    rb"(?i)(?:|~|null|nil|none|undefined|true|false|yes|no|on|off|enabled?|disabled?|required|"
    rb"optional|inherit|string|prompt|ask|unset|default|n/?a|-|\*|\?|!|x|"
    # Where nsswitch.conf looks for `passwd:`.
    rb"(?:(?:files|compat|sss|systemd|winbind|nis|ldap|db)\s*)+)"
)
_PLACEHOLDER = re.compile(
    rb"\$\{[^}]*\}|\$\(.*\)|\$[A-Z_][A-Z0-9_]{2,}|\$\{\{.*\}\}|\{\{.*\}\}|\{%.*%\}|<[^<>]*>|<%.*%>|"
    rb"\{[A-Za-z_][\w.:-]{0,39}\}|%[A-Za-z_]\w*%|%\([\w.-]+\)s|@[A-Za-z_][\w.-]*@|\*{3,}|\.{3,}|[xX]{3,}|"
    rb"#\{.*\}|\[[A-Za-z _-]*\]|\([A-Za-z _-]*\)|__[A-Z_]+__|&[a-z]+;|ENC\[.*\]|"
    rb"\$\{?(?:env|secrets?|vault)\b.*\}?"
)
_REFERENCE = re.compile(
    rb"(?i)sha\d+[-:][\w+/=]+|\$\w+::\w+|\$(?:\w+|\{[\w.]+\})/[\w./-]+|~?/(?:run|etc|var|home|opt|usr|tmp|srv|mnt|app|secrets?|vault|config|certs?|keys?|data)"
    rb"/[\w./@+-]*|\.{1,2}/[\w./@+-]+|file:/.*|(?:env|vault|ssm|secretsmanager|kv|awssm|gcpsm|op|"
    rb"keyring|credential):/?/?[\w./@-]+|arn:aws\S*:\S+|(?:os\.environ|process\.env|ENV)\b.*|"
    rb"(?:var|local|data|module)\.[a-z_][\w.\[\]\"]*|[\w.-]+\.(?:pem|key|crt|txt|jks|p12|pfx|asc|gpg)"
)
_DATE = re.compile(rb"\d{4}-\d\d-\d\d(?:[T ][\d:.+Z-]*)?")
_NAME = re.compile(rb"[A-Za-z][A-Za-z]*(?:[_./-][A-Za-z]+)+")
_BENIGN_ENDS = frozenset((word,) for word in BENIGN_FIELDS)
_COLLECTION = re.compile(rb"(?i)(?:(?<!pas)s|secret)\Z")
_HOLDERS = frozenset((b"securejsondata", b"github-oauth", b"gitlab-token", b"gitlab-oauth"))
_HERE = re.compile(rb"(?i)(?:\A|[_.-])pass\Z|[a-z]Pass\Z|(?:\A|:)_auth\Z")
_CURRENT = frozenset(
    b"value current previous old new next primary secondary plain plaintext plain_text raw "
    b"data secret".split()
)
_DENSE = re.compile(rb"[\w+/=-]{12,}")
_MAIL = re.compile(rb"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_LINK = re.compile(rb"[a-z][a-z0-9+.-]*://[^@\s]*")
_NUMBER = re.compile(rb"[-+]?[\d.]+(?:[eE][-+]?\d+)?")


class Leaf(NamedTuple):
    """A value: `text` as the application reads it, `[start, end)` what stands for it in the file.

    `bare`: the value is not a string, so that a mark in its place has to bring its own quotes.
    """

    text: bytes
    start: int
    end: int
    bare: bool = False


def is_secret_key(name: bytes) -> bool:
    """Whether a key of this name holds a secret, whatever its value is."""
    return weight(name) == SURE


def is_worth(value: bytes) -> bool:
    """Whether a secret may stand there at all: something is said, and it is no reference."""
    value = value.strip()
    if MARK in value or _EMPTY.fullmatch(value):
        return False
    if value.startswith(b'{"hashIterations"'):
        return False  # Keycloak's credentialData says how, its secretData what.
    if len(value) > 512:
        return True
    if _PLACEHOLDER.fullmatch(value) or _REFERENCE.fullmatch(value):
        return False
    # A pass phrase is words too, but few of them are those that sentences are held together by.
    return not (value.count(b" ") > 2 and values.is_prose(value))


def hides(key: bytes, value: bytes) -> bool:
    """Whether this key's value is to go."""
    found = _weight(key, value)
    if found == NEVER or not is_worth(value):
        return False
    if key.lower().endswith(b"key") and _NAME.fullmatch(value) and is_secret_key(value):
        return False  # `passwordKey: postgres-password` says under which key it is kept
    if values.is_label(key, value):
        return False
    scheme = _SCHEME.match(value)
    if scheme:
        return is_worth(value[scheme.end() :])
    if found == MAYBE and b" " in value:
        return False
    if found == MAYBE or (len(value) < 12 and _NUMBER.fullmatch(value)):
        return values.hides(key, value)
    return True


def _weight(key: bytes, value: bytes) -> int:
    """In a file of keys `pass` is no verdict, and npm's `_auth` no scheme."""
    found = weight(key)
    if found == MAYBE and _HERE.search(key) and not (value.isalpha() and len(value) < 8):
        return SURE
    return found


def below(name: bytes) -> int:
    """How much a key condemns what stands below it.

    `secrets:` holds secrets by name, all of them; `jwt:` holds a lifetime and an issuer too.
    """
    if name.lower() in _HOLDERS:
        return SURE
    found = weight(name)
    return MAYBE if found == SURE and not _COLLECTION.search(name) else found


def hides_below(above: int, key: bytes, value: bytes) -> bool:
    """Whether a value goes since it stands somewhere below a key: `above` is what `below` said."""
    if above == NEVER or _is_benign(key) or not is_worth(value):
        return False
    if _NUMBER.fullmatch(value) or _DATE.fullmatch(value) or _LINK.fullmatch(value):
        return False
    if _MAIL.fullmatch(value):
        return False
    if above == MAYBE and key.lower() not in _CURRENT:
        return bool(_DENSE.fullmatch(value)) and values.looks_random(value)
    # `secrets: [db_password, api_key]` lists names, not values.
    return not (_NAME.fullmatch(value) and is_secret_key(value))


def _is_benign(key: bytes) -> bool:
    """`username`, and `clientEmail` by its last word, unless the name is a secret's own."""
    if key.lower() in BENIGN_FIELDS:
        return True
    return split(key)[-1:] in _BENIGN_ENDS and weight(key) == NEVER


def masks(leaf: Leaf, code: str) -> Span:
    """The span that takes the secret away. Of `Bearer abc` the scheme stays."""
    if leaf.bare:
        return Span(leaf.start, leaf.end, code, b'"' + mark(code) + b'"')
    scheme = _SCHEME.match(leaf.text)
    if scheme and leaf.end - leaf.start >= len(leaf.text):
        return Span(leaf.start + scheme.end(), leaf.end, code)
    return Span(leaf.start, leaf.end, code)


def tidy(spans: Iterable[Span]) -> Iterator[Span]:
    """In order and apart: where two overlap, the one that begins first and is longer stays."""
    behind = 0
    for span in sorted(spans, key=lambda one: (one.start, -one.end)):
        if span.start >= behind and span.end > span.start:
            behind = span.end
            yield span
