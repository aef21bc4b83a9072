"""Text that the journal and the audit log write as numbers: `[104,101,…]`, `proctitle=6D79…`.

Owns decoding them. What is found inside is taken out and the rest written back as it was: the
line keeps its form.
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Iterable
from itertools import islice

from support.redact.rule import LineRule
from support.redact.secrets.decoded import redacted
from support.redact.span import Span

CODE = "journal-bytes"

_ARRAY = re.compile(rb"\[\s{0,2}\d{1,3}(?:\s{0,2},\s{0,2}\d{1,3}){7,65536}\s{0,2}\]")
_TITLE = re.compile(rb"\b(?:proctitle|cmd)=([0-9A-Fa-f]{8,65536})\b")
_LEAST = 8


def _arrays(line: bytes) -> Iterable[Span]:
    for match in _ARRAY.finditer(line):
        numbers = [int(part) for part in match.group()[1:-1].split(b",")]
        if max(numbers) > 255:
            continue
        clean = redacted(bytes(numbers))
        if clean is not None:
            sign = b", " if b", " in match.group() else b","
            instead = b"[" + sign.join(b"%d" % byte for byte in clean) + b"]"
            yield Span(match.start(), match.end(), CODE, instead)


def _titles(line: bytes) -> Iterable[Span]:
    for match in _TITLE.finditer(line):
        clean = _unhexed(match.group(1))
        if clean is not None:
            yield Span(match.start(1), match.end(1), CODE, clean)


def _unhexed(text: bytes) -> bytes | None:
    if len(text) % 2:
        text = text[:-1]
    clean = redacted(binascii.unhexlify(text).replace(b"\0", b" "))
    return None if clean is None else binascii.hexlify(clean).upper()


_ARGUMENT = re.compile(rb"\ba(\d{1,3})=(?:\"([^\"]*)\"|([0-9A-Fa-f]{2,65536})\b)")


_MOST = 512  # arguments; the kernel cuts a record long before


def _executed(line: bytes) -> Iterable[Span]:
    """An audit record writes an argument with blanks or quotes in it as hex."""
    arguments = [*islice(_ARGUMENT.finditer(line), _MOST)]
    for before, one in zip([None, *arguments], arguments, strict=False):
        if not one.group(3) or len(one.group(3)) % 2:
            continue
        text = binascii.unhexlify(one.group(3))
        clean = redacted(text)
        flag = before.group(2) if before else None
        if clean is None and flag and flag.startswith(b"-"):
            whole = redacted(flag + b" '" + text + b"'")
            clean = None if whole is None else whole[len(flag) + 2 : -1]
        if clean is not None:
            yield Span(one.start(3), one.end(3), CODE, binascii.hexlify(clean).upper())


RULES = (
    LineRule(
        CODE,
        "Secrets in byte arrays of the journal",
        (rb"\[\s{0,2}\d{1,3}(?:\s{0,2},\s{0,2}\d{1,3}){7}",),
        _arrays,
    ),
    LineRule(
        "audit-title",
        "Secrets in hex titles of processes",
        (rb"(?:proctitle|cmd)=[0-9A-F]{8}",),
        _titles,
    ),
    LineRule(
        "audit-arguments", "Secrets in hex arguments", (rb"\ba\d{1,3}=[0-9A-F]{2}",), _executed
    ),
)
