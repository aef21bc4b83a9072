"""Is a value so much a secret that it is taken out wherever it stands.

Owns the threshold. Under a secret's key any value is hidden there (`secrets.names`); searching for
it in all files is another matter: `postgres`, `changeme123` or `node-12` would tear words out of
every log. So it must be long and of mixed make, and no word, name, path, address or version.
"""

from __future__ import annotations

import re

from support.redact.formats.judge import is_worth
from support.redact.secrets.values import plausible

SHORTEST = 5
_ENOUGH = 8
_LONGEST = 4096
_WHOLE = 64 << 10  # of a file that is one secret and nothing else
_DIGITS = 9  # of a number alone: shorter ones are ids, ports, dates
_LETTERS = 20  # of letters alone in one size
_WEAK = re.compile(
    rb"(?:change-?me|password|passwd|passw0rd|secret|admin|welcome|qwerty|letmein|default|example|"
    rb"test|demo|foobar|foobared|root|guest|public|private|dummy|sample|placeholder|123|abc|user|"
    rb"please|changeit|your|my|the|a|new|old|token|key|api|x|xx|xxx|here|insert|replace|"
    rb"[\W\d_])+",
    re.IGNORECASE,
)
# What an administrator calls machines, databases and accounts.
_NAMED = re.compile(
    rb"(?:\A|[-_.])(?:db|database|prod|production|dev|stage|staging|test|app|api|web|server|srv|"
    rb"service|svc|node|host|cache|redis|postgres(?:ql)?|mysql|credentials?|creds|secrets?|keys?|"
    rb"token|user|admin|client|cluster|region|east|west|north|south|central|eu|us|ap|cert|tls|ssl|"
    rb"main|primary|replica|backup|default|internal|external|public|local|config|data|v\d+)"
    rb"(?:\d{0,3})(?=\Z|[-_.])",
    re.IGNORECASE,
)
_WORD_AND_NUMBER = re.compile(rb"[A-Za-z]?[a-z]{1,9}[-_.]?\d{1,4}|[A-Z]{1,9}[-_.]?\d{1,4}")
_VERSION = re.compile(rb"v?\d+(?:\.\d+)+(?:[-+~.]\w+)*")
_ADDRESS = re.compile(
    rb"(?:\d{1,3}\.){3}\d{1,3}(?::\d+)?|[0-9a-fA-F]{0,4}(?::[0-9a-fA-F]{0,4}){2,7}"
)
_HOST = re.compile(rb"(?:[a-zA-Z0-9-]+\.)+[a-z]{2,}(?::\d+)?")
_MAIL = re.compile(rb"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_DATE = re.compile(rb"\d{4}-?\d\d-?\d\d(?:[T ].*)?")
_LINK = re.compile(rb"[a-z][a-z0-9+.-]*://.*|[a-z]+:/[\w./-]*", re.IGNORECASE)
_PATH = re.compile(rb"~?\.{0,2}/[\w./@+-]*|[\w.@+-]+(?:/[\w.@+-]+)*/[\w@+-]+\.\w{1,5}")
_DOTTED = re.compile(rb"[A-Za-z_][a-z_]+(?:[.:/][A-Za-z_]+\d{0,2}[A-Za-z]*)+")
_DIGEST = re.compile(rb"(?:sha(?:1|256|384|512)[-:]|SHA256:|-----).*", re.DOTALL)
_BASE64 = re.compile(rb"[A-Za-z0-9+/]{16,}={0,2}")
_PIECE = 12
_STRANGE = rb"[<>?@#%^~|!$&*]"  # a call has one of them at most
_KINDS = (rb"[a-z]", rb"[A-Z]", rb"\d")
_NONE = (
    _DOTTED,
    _DIGEST,
    _WEAK,
    _VERSION,
    _ADDRESS,
    _HOST,
    _MAIL,
    _DATE,
    _LINK,
    _PATH,
    _WORD_AND_NUMBER,
)


def is_telling(value: bytes, names: frozenset[bytes] = frozenset()) -> bool:
    """Whether to search for the value everywhere. `names` are the machine's own: none is."""
    if not SHORTEST <= len(value) <= _LONGEST or value.lower() in names:
        return False
    if not is_worth(value) or b"\0" in value:
        return False
    if _is_base64(value) or _is_torn(value):
        return True
    if not plausible(value):
        return False
    if value.isdigit():
        return len(value) >= _DIGITS and not _DATE.fullmatch(value)
    if any(shape.fullmatch(value) for shape in _NONE):
        return False
    if b" " in value:
        return _phrase(value)
    return _is_made(value) if len(value) >= _ENOUGH else _is_short_and_odd(value)


def _is_base64(value: bytes) -> bool:
    """Random bytes that happen to look like a path: one in sixty begins with a slash."""
    if not _BASE64.fullmatch(value):
        return False
    longest = max(value.split(b"/"), key=len)
    return len(longest) >= _PIECE and all(re.search(one, longest) for one in _KINDS)


def _is_torn(value: bytes) -> bool:
    """What looks like a call, and has a bracket that nothing closes, or signs that none has."""
    if re.search(rb"\s", value):
        return False
    odd = value.count(b"(") != value.count(b")") and not re.search(rb"[\s\"';]", value)
    odd = odd or (b"(" in value and len(set(re.findall(_STRANGE, value))) > 1)
    numbers = len(re.findall(rb"\d", value)) > 1
    return odd and numbers and len(value) >= _PIECE and all(re.search(k, value) for k in _KINDS)


def may_be_searched(value: bytes, names: frozenset[bytes] = frozenset()) -> bool:
    """The same of what is a secret for certain, though it looks like a word: long enough, and not
    what the machine's own things are called, which would be torn out of every path."""
    return _ENOUGH <= len(value) <= _WHOLE and value.lower() not in names and b"\0" not in value


def _is_made(value: bytes) -> bool:
    """Eight characters or more: made by a generator, or a password that a person thought of."""
    if not value.isascii():
        return len(value.decode(errors="replace")) >= _ENOUGH  # names of things here are ASCII
    if value.isalpha() and (value.islower() or value.isupper() or value.istitle()):
        return len(value) >= _LETTERS
    parts = re.split(rb"[-_.]", value)
    if len(parts) > 1 and all(part.isalpha() or part.isdigit() for part in parts):
        words = [part for part in parts if part.isalpha()]
        readable = all(part.islower() or part.isupper() or part.istitle() for part in words)
        if readable and words:
            return len(words) >= 3 and len(words) < len(parts) and not _NAMED.search(value)
    if not re.search(rb"\d|[a-z][A-Z]+[a-z]|[A-Z]{2}[a-z]+[A-Z]", value):
        return len(parts) == 1 and value.isalpha() and len(value) >= _LETTERS
    return value[:1] not in b"$%{<" or _kinds(value) >= 3


def _is_short_and_odd(value: bytes) -> bool:
    return re.search(rb"\d", value) is not None and _kinds(value) >= 2 and _mixes(value)


def _phrase(value: bytes) -> bool:
    """Words with spaces: three or more, or something in them that no sentence has."""
    words = value.split()
    if not 2 <= len(words) <= 12 or len(value) < 16:
        return False
    return len(words) >= 3 or any(_mixes(word) for word in words)


def _kinds(value: bytes) -> int:
    return sum(
        re.search(kind, value) is not None for kind in (rb"[a-z]", rb"[A-Z]", rb"\d", rb"[^\w]")
    )


def _mixes(value: bytes) -> bool:
    """A digit between letters, or a sign: `p4ssW`, `ab#12`; not `Page2`, `eth0`, `v1.2`."""
    return re.search(rb"[A-Za-z]\d+[A-Za-z]|\d[A-Za-z]+\d|[^\w.:/,-]", value) is not None
