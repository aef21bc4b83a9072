"""Private keys in one line: PEM with `\\n` in it, base64 of a PEM, JWK, XML, minisign.

Owns keys that a line holds whole, or that a line's end cuts. Keys over lines: `key_passages`.
Public keys and certificates survive.
"""

from __future__ import annotations

import binascii
import re
from bisect import bisect_left
from collections.abc import Iterable

from support.redact.rule import LineRule
from support.redact.span import MARK, Span

CODE = "private-key"

SECRET_HEADER = (
    rb"(?:[A-Z0-9 ]{0,30}PRIVATE KEY(?: BLOCK)?|OpenVPN Static key V1"
    rb"|OpenVPN tls-crypt-v2 (?:client|server) key)"
)
_BEGIN = re.compile(rb"-{4,5} ?BEGIN " + SECRET_HEADER + rb" ?-{4,5}")
_END = re.compile(rb"-{4,5} ?END " + SECRET_HEADER + rb" ?-{4,5}")
# What a key's body is written with, line ends escaped any number of times or lost.
_BODY = re.compile(
    rb"(?:[A-Za-z0-9+/=]|\\+(?:[nrt/]|u000[aAdD]|u002[bB]|u003[dD])"
    rb"|[ \t]|%0[AaDd]|&#x?[0-9A-Da-d]{1,2};|<br ?/?>)*"
)
_HEADERS = re.compile(
    rb"(?:\\+[nr]|[ ])*(?:(?:Proc-Type|DEK-Info|Version|Comment)[:][^\\]{0,80}(?:\\+[nr])+)*"
)
_BEFORE_END = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=\\"
_LEAST = 16
_LINE_ENDS = re.compile(rb"(?:\\+[nr]|\s)*")
_LINE_ENDS_LAST = re.compile(rb"(?:\\{1,8}[nr]|\s){1,8}\Z")


def _pem(line: bytes) -> Iterable[Span]:
    begins = [*_BEGIN.finditer(line)]
    ends = [match.start() for match in _END.finditer(line)]
    for begin, following in zip(begins, [*begins[1:], None], strict=False):
        limit = following.start() if following else len(line)
        place = bisect_left(ends, begin.end())
        if place < len(ends) and ends[place] <= limit:
            yield from _body(line, begin.end(), ends[place])
            continue
        headers = _HEADERS.match(line, begin.end(), limit)
        start = headers.end() if headers else begin.end()
        body = _BODY.match(line, start, limit)
        yield from _body(line, start, body.end() if body else start)
    # The start was cut away: only the end tells what it was.
    if ends and (not begins or begins[0].start() > ends[0]):
        yield from _body(line, len(line[: ends[0]].rstrip(_BEFORE_END)), ends[0])


def _body(line: bytes, start: int, stop: int) -> Iterable[Span]:
    """Leaves the escaped line ends at both ends, so that the armour reads as before."""
    lead = _LINE_ENDS.match(line, start, stop)
    start = lead.end() if lead else start
    tail = _LINE_ENDS_LAST.search(line, max(start, stop - 40), stop)
    stop = tail.start() if tail else stop
    if stop - start >= _LEAST and MARK not in line[start:stop]:
        yield Span(start, stop, CODE)


_ENCODED = re.compile(rb"(?:LS0tLS1CRUdJTi|LS0tLSBCRUdJTi)[A-Za-z0-9+/_-]{20,}={0,2}")


def _encoded(line: bytes) -> Iterable[Span]:
    for match in _ENCODED.finditer(line):
        text = match.group().rstrip(b"=").translate(_STANDARD)
        text = text[: len(text) // 4 * 4]
        if _BEGIN.search(binascii.a2b_base64(text)):
            yield Span(match.start(), match.end(), CODE)


_STANDARD = bytes.maketrans(b"-_", b"+/")

_JWK = re.compile(
    rb"\\{0,15}[\"'](?:d|p|q|dp|dq|qi|k)\\{0,15}[\"']\s{0,8}:\s{0,8}\\{0,15}[\"']([A-Za-z0-9_-]{20,})"
)
_XML = re.compile(rb"<(?:D|P|Q|DP|DQ|InverseQ)>([A-Za-z0-9+/=]{20,})</")
_OTHER = re.compile(rb"(?:RWRTY0Iy|RWQAA)[A-Za-z0-9+/=]{60,}|^Private-MAC: ([0-9a-f]{40,64})")


def _parts(line: bytes) -> Iterable[Span]:
    for shape in (_JWK, _XML, _OTHER):
        for match in shape.finditer(line):
            group = match.lastindex or 0
            yield Span(match.start(group), match.end(group), CODE)


RULES = (
    LineRule(CODE, "Private keys in one line", (rb"-{4} ?(?:BEGIN|END) " + SECRET_HEADER,), _pem),
    LineRule(
        "encoded-key",
        "Private keys in base64",
        (rb"LS0tLS1CRUdJTi", rb"LS0tLSBCRUdJTi"),
        _encoded,
    ),
    LineRule(
        "key-parts",
        "Private parts of JSON web keys, XML keys, minisign and PuTTY keys",
        (
            rb"[\"'](?:d|p|q|dp|dq|qi|k)\\{0,15}[\"']\s{0,8}:\s{0,8}\\{0,15}[\"'][A-Za-z0-9_-]{20}",
            rb"<(?:D|P|Q|DP|DQ|InverseQ)>[A-Za-z0-9+/=]{20}",
            rb"(?:RWRTY0Iy|RWQAA)[A-Za-z0-9+/=]{60}",
            rb"^Private-MAC: ",
        ),
        _parts,
    ),
)
