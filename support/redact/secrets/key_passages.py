"""Private keys over lines: PEM of every kind, PuTTY's, and the numbers `openssl -text` prints.

Owns keys with a log's prefix on each line, indented, quoted, without their end, or without their
beginning. Refuses certificates and public keys: their passages are followed so that nothing in
them is taken for the rest of a key.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from support.redact.rule import PassageRule
from support.redact.secrets.keys import CODE, SECRET_HEADER
from support.redact.span import MARK, Span

Follow = Callable[[bytes], Iterable[Span] | None]

_BEGIN = re.compile(rb"-{4,5} ?BEGIN " + SECRET_HEADER + rb" ?-{4,5}")
_END = re.compile(rb"-{4,5} ?END ")
_PUBLIC = re.compile(
    rb"-{4,5} ?BEGIN (?:[A-Z0-9 ]{0,20}(?:CERTIFICATE|PUBLIC KEY|CRL|REQUEST|PARAMETERS|SIGNATURE"
    rb"|MESSAGE|SIGNED MESSAGE|PKCS7|CMS)[A-Z ]{0,12}) ?-{4,5}"
)
# A line of a key with what may stand around it: quotes, escapes, a plus of a string's next part.
_LINE = re.compile(
    rb"[\s\"'`>#|*,]{0,60}([A-Za-z0-9+/=_-]{1,600})(?:\\[nr]){0,2}"
    rb"[\"'`]?[\s+,;.)}\]\\]{0,8}\Z"
)
_TAIL = re.compile(rb"(?:^|[\s:|\"'>])([A-Za-z0-9+/=]{40,100})(?:\\[nr]){0,2}[\"'}\s,]{0,4}\Z")
_FIELD = re.compile(rb"[\s>#|*]{0,60}(?:Proc-Type|DEK-Info|Version|Comment|Subject|Hash|Charset)\b")
_DIGITS = re.compile(rb"\\?\d+")
_FILLED = re.compile(rb"[A-Za-z0-9+/\\]{4}")
_LINES = 1200


def _private(line: bytes) -> Follow | None:
    begin = _BEGIN.search(line)
    # With a body behind it the whole key is in this line, and `keys` finds it.
    if begin is None or _FILLED.search(line, begin.end()):
        return None
    prefix, left = _Prefix(line[: begin.start()]), [_LINES]

    def follow(one: bytes) -> Iterable[Span] | None:
        left[0] -= 1
        if left[0] == _LINES - 1:
            return ()
        if left[0] < 0 or _END.search(one):
            return None
        return _body(one, prefix)

    return follow


class _Prefix:
    """What a log writes before each line: the same letters and other digits."""

    def __init__(self, text: bytes) -> None:
        self.text = text.strip()
        shape = _DIGITS.sub(rb"\\d{1,20}", re.escape(text[-200:])) if self.text else b""
        self._shape = re.compile(b".{0,%d}?" % max(0, len(text) - 200) + shape)

    def end(self, line: bytes) -> int:
        """Where the prefix ends in this line, or -1 where it has another."""
        found = self._shape.match(line) if self.text else None
        return found.end() if found else -1


def _body(line: bytes, prefix: _Prefix) -> Iterable[Span] | None:
    """The part of a key in this line, or None where the key was cut and the line is another."""
    if MARK in line or not line.strip() or line.strip() == prefix.text:
        return ()
    at = prefix.end(line)
    if at >= 0:
        body = _LINE.match(line, at)
        if body and body.group(1).isalpha() and len(body.group(1)) < 16:
            return None  # The key was cut, and somebody said a word.
        if body or _FIELD.match(line, at) or at == len(line):
            return (Span(body.start(1), body.end(1), CODE),) if body else ()
        return None
    whole = _LINE.match(line)
    if whole and not (prefix.text and len(whole.group(1)) < 4):
        return (Span(whole.start(1), whole.end(1), CODE),)
    if _FIELD.match(line):
        return ()
    tail = _TAIL.search(line, max(0, len(line) - 120)) if prefix.text else None
    return (Span(tail.start(1), tail.end(1), CODE),) if tail else None


def _public(line: bytes) -> Follow | None:
    begin = _PUBLIC.search(line)
    if begin is None or _END.search(line, begin.end()):
        return None
    left = [_LINES * 2]

    def follow(one: bytes) -> Iterable[Span] | None:
        left[0] -= 1
        if left[0] == _LINES * 2 - 1:
            return ()
        return None if left[0] < 0 or _END.search(one) or _BEGIN.search(one) else ()

    return follow


_ORPHAN = re.compile(rb"[ \t]{0,24}([A-Za-z0-9+/]{64}(?:[A-Za-z0-9+/]{6})?)[ \t\r]{0,4}\Z")
_REST = re.compile(rb"[ \t]{0,24}([A-Za-z0-9+/]{2,70}={0,2})[ \t\r]{0,4}\Z")
# Pictures, archives and documents in base64 begin so; certificates' own lines do not.
_KNOWN = (
    b"iVBOR",
    b"/9j/",
    b"R0lGOD",
    b"JVBERi",
    b"UEsDB",
    b"H4sI",
    b"PD94bWw",
    b"PHN2Zy",
    b"AAAA",
)


def _orphan(line: bytes) -> Follow | None:
    """A key whose beginning a cut took away: lines as long as PEM's or OpenSSH's, of base64."""
    first = _ORPHAN.match(line)
    if first is None or not _is_mixed(first.group(1)):
        return None
    hidden = not first.group(1).startswith(_KNOWN)

    def follow(one: bytes) -> Iterable[Span] | None:
        body = _REST.match(one)
        if body is None or MARK in one:
            return None
        return (Span(body.start(1), body.end(1), CODE),) if hidden else ()

    return follow


def _is_mixed(text: bytes) -> bool:
    """Not hex, not one repeated letter, not a word in capitals."""
    return (
        any(65 <= byte <= 90 for byte in text)
        and any(97 <= byte <= 122 for byte in text)
        and any(48 <= byte <= 57 for byte in text)
        and len(set(text)) >= 20
    )


_COUNTED = re.compile(rb"\s{0,40}Private-Lines: (\d{1,4})")


def _putty(line: bytes) -> Follow | None:
    counted = _COUNTED.match(line)
    if counted is None:
        return None
    left = [int(counted.group(1)) + 1]

    def follow(one: bytes) -> Iterable[Span] | None:
        left[0] -= 1
        if left[0] < 0:
            return None
        body = _LINE.match(one)
        return (Span(body.start(1), body.end(1), CODE),) if body and MARK not in one else ()

    return follow


_NUMBER = re.compile(
    rb"\s{0,20}(?:privateExponent|prime1|prime2|exponent1|exponent2|coefficient|priv"
    rb"|private key):\s*\Z"
)
_HEX = re.compile(rb"\s{1,20}((?:[0-9a-f]{2}:?){1,40})\s{0,4}\Z")


def _printed(line: bytes) -> Follow | None:
    if not _NUMBER.match(line):
        return None
    first = [True]

    def follow(one: bytes) -> Iterable[Span] | None:
        if first[0]:
            first[0] = False
            return ()
        body = _HEX.match(one)
        return (Span(body.start(1), body.end(1), CODE),) if body else None

    return follow


def _begin(line: bytes) -> Follow | None:
    """One rule for all, as the body of a certificate must not begin the rest of a key."""
    return _private(line) or _public(line) or _orphan(line)


RULES = (
    PassageRule(
        "key-lines",
        "Private keys over lines",
        (
            rb"-{4} ?BEGIN " + SECRET_HEADER,
            _PUBLIC.pattern,
            rb"^[ \t]{0,24}[A-Za-z0-9+/]{64}(?:[A-Za-z0-9+/]{6})?[ \t\r]{0,4}$",
        ),
        _begin,
    ),
    PassageRule("putty-lines", "PuTTY keys", (rb"Private-Lines: \d",), _putty),
    PassageRule(
        "key-numbers",
        "Numbers of a private key",
        (rb"^\s{0,20}(?:privateExponent|prime\d|exponent\d|coefficient|priv|private key):",),
        _printed,
    ),
)
