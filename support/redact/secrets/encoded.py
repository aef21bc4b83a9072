"""Secrets in base64 and in URL, HTML and JSON escapes of whole texts.

Owns runs of base64 in which a secret's word shows through, and escaped JSON. Refuses to decode
every run: most are digests, pictures and certificates, and it would cost too much.
"""

from __future__ import annotations

import base64
import binascii
import re
from bisect import bisect_left
from collections.abc import Iterable

from support.redact.rule import LineRule
from support.redact.secrets import texts
from support.redact.secrets.decoded import holds_secret
from support.redact.secrets.values import hides
from support.redact.span import Span

CODE = "encoded"

_WORDS = (
    b"assword", b"ASSWORD", b"passwd", b"secret", b"Secret", b"SECRET",
    b"token", b"Token", b"TOKEN",
    b"api_key", b"apiKey", b"API_KEY", b"apikey", b"rivate", b"RIVATE", b"Bearer ", b"passphrase",
    b"AccountKey", b"AccessKey", b"_KEY=", b"PASS=",
)  # fmt: skip


def _shows(word: bytes) -> Iterable[bytes]:
    """What a word looks like in base64 at each of the three places it may begin at."""
    for shift in range(3):
        text = base64.b64encode(b"\0" * shift + word + b"\0" * 3)
        first = (8 * shift + 5) // 6
        last = 8 * (shift + len(word)) // 6
        yield text[first:last]


_SHOWN = tuple(sorted({re.escape(shown) for word in _WORDS for shown in _shows(word)}))
_RUN = re.compile(rb"(?<![A-Za-z0-9+/_-])[A-Za-z0-9+/_-]{16,}={0,2}")
_SHOWS = re.compile(b"|".join(_SHOWN))
_STANDARD = bytes.maketrans(b"-_", b"+/")
_LONGEST = 1 << 20


def _base64(line: bytes) -> Iterable[Span]:
    for run in _RUN.finditer(line):
        if run.end() - run.start() > _LONGEST or not _SHOWS.search(line, run.start(), run.end()):
            continue
        text = _decoded(run.group())
        if text is not None and holds_secret(text):
            yield Span(run.start(), run.end(), CODE)


def _decoded(run: bytes) -> bytes | None:
    body = run.rstrip(b"=").translate(_STANDARD)
    body = body[: len(body) - (len(body) % 4 == 1)]
    try:
        text = binascii.a2b_base64(body + b"=" * (-len(body) % 4))
    except binascii.Error:
        return None
    head = text[:256]
    plain = sum(byte in b"\t\n\r" or 32 <= byte < 127 for byte in head)
    return text if plain * 10 >= len(head) * 9 else None


# The quotes of JSON, escaped for a URL, for HTML and once more for JSON.
_ESCAPED = re.compile(
    rb"(%22|&quot;|&#34;|&#x22;|\\{1,2}u0022)([\w.-]{1,60})\1(?:%20|\s)?(?::|%3A)(?:%20|\s)?\1(.{1,2000}?)\1",
    re.IGNORECASE,
)


def _escapes(line: bytes) -> Iterable[Span]:
    for match in _ESCAPED.finditer(line):
        if hides(match.group(2), match.group(3)):
            yield Span(match.start(3), match.end(3), CODE)


_BLANK = b"\\040"


def _history(line: bytes) -> Iterable[Span]:
    """What libedit keeps of `mysql` and `psql`: each blank written as `\\040`."""
    if _BLANK not in line:
        return
    text = line.replace(_BLANK, b" ")
    starts: list[int] = []  # of each blank, in the text
    at = line.find(_BLANK)
    while at >= 0:
        starts.append(at - 3 * len(starts))
        at = line.find(_BLANK, at + 4)
    for rule in texts.LINES:
        for span in rule.find(text):
            first = span.start + 3 * bisect_left(starts, span.start)
            last = span.end + 3 * bisect_left(starts, span.end)
            yield Span(first, last, CODE, span.instead)


_NAMES = (
    rb"pass|pwd|secret|token|key|cred|psk|otp|jwt|bearer|session|pin|cookie|hash|salt|seed|code|auth|pw"
    rb"|webhook|phrase|signature|licen[cs]e|sid|cvv|community|mnemonic|senha|kennwort|sig|csrf|xsrf|sas"
    rb"|assertion|verifier|pepper|unseal|ticket|tgt|hmac|knock|share|base|authorization|authenticator"
)

RULES = (
    LineRule(CODE, "Secrets in base64", _SHOWN, _base64),
    LineRule(
        "escaped",
        "Secrets in escaped JSON",
        (
            rb"(?:%22|&quot;|&#34;|&#x22;|u0022)[\w.-]{0,60}(?:" + _NAMES + rb")[\w.-]{0,60}"
            rb"(?:%22|&quot;|&#34;|&#x22;|\\{1,2}u0022)",
        ),
        _escapes,
    ),
    LineRule("history", "Secrets in lines whose blanks are escaped", (rb"\\040",), _history),
)
