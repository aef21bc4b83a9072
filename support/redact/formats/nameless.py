"""Text that came without a file's name, through standard input: what only its name would tell.

Owns texts that are one secret alone, or a user and a password. Refuses every file that has a name:
there `single_value` and `accounts` know better, and most files of one line hold no secret.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from support.redact.formats.judge import is_worth
from support.redact.rule import FormatRule
from support.redact.secrets.values import looks_random, plausible
from support.redact.span import Span

CODE = "secret-text"
_LINE = re.compile(rb"(?:\xef\xbb\xbf)?([^\s:=#/\"'<>{}]{2,64})\r?\n([^\s#][^\r\n]{5,200})\s*\Z")
# A version, a number of a build, a time, a path, an address, a digest, a name with a domain.
_OTHER = re.compile(
    rb"(?i)v?\d+(?:\.\d+)+.*|[\d.,:+TZ/-]+|/.*|\w+://.*|[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}"
    rb"|(?:sha\d+|md5)[:-].*|[\w-]+(?:\.[\w-]+)+|[\w.+-]+@[\w.-]+|(?:[0-9a-f]{2}[:-])+[0-9a-f]{2}"
    rb"|[0-9a-f]{7,32}|[0-9a-f]{40}|[0-9a-f]{128}|[a-z]+(?:[-_][a-z]+)*(?:[-_.]?\d+)*"
    rb"|[{\[<(\"'].*|.*[\"{}<>].*|(?:ssh-|ecdsa-|age1).*|[a-z][a-z0-9._-]*[:=](?!=?\Z).*"
)
_UPPER = re.compile(rb"[A-Z]{20}|[A-Z2-7]{16,64}")  # Erlang's cookie; base 32
_BLOB = re.compile(rb"[A-Za-z0-9+/]{300,4000}={0,2}")  # MongoDB's key file
_KINDS = (
    re.compile(rb"[a-z]"),
    re.compile(rb"[A-Z]"),
    re.compile(rb"\d"),
    re.compile(rb"[^\w.:-]"),
)


def claims(name: str, head: bytes) -> bool:
    return not name and len(head) < 4000 and _place(head) is not None


def find(data: bytes) -> Iterable[Span]:
    place = _place(data)
    return [Span(*place, CODE)] if place else []


def _place(text: bytes) -> tuple[int, int] | None:
    """Where the secret stands in a text of one line, or of two, a user and a password."""
    body = text.strip(b"\xef\xbb\xbf\r\n\t ")
    if b"\n" not in body:
        start = text.find(body)
        return (start, start + len(body)) if body and _alone(body) else None
    pair = _LINE.match(text)
    if pair is None or not _is_password(pair[2].rstrip()):
        return None
    return pair.start(2), pair.start(2) + len(pair[2].rstrip())


def _alone(value: bytes) -> bool:
    """Nothing stands beside it that says what it is: it has to look like nothing else."""
    if _UPPER.fullmatch(value) or _BLOB.fullmatch(value):
        return True
    return 10 <= len(value) <= 300 and _is_password(value)


def _is_password(value: bytes) -> bool:
    if b" " in value or _OTHER.fullmatch(value) or not plausible(value) or not is_worth(value):
        return False
    kinds = sum(1 for kind in _KINDS if kind.search(value))
    return (kinds > 2 or len(value) > 20) and looks_random(value)


RULE = FormatRule(CODE, "a text that is one secret", claims, find)
