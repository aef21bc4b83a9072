"""Private keys in one line: PEM with `\\n` in it, base64 of a PEM, JWK, XML, minisign.

Owns keys that a line holds whole, or that a line's end cuts. Keys over lines: `key_passages`.
Public keys and certificates survive.
"""

from __future__ import annotations

import binascii
import re
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


def _pem(line: bytes) -> Iterable[Span]:
    place = 0
    while begin := _BEGIN.search(line, place):
        end = _END.search(line, begin.end())
        if end and not _BEGIN.search(line, begin.end(), end.start()):
            start, stop = begin.end(), end.start()
            place = end.end()
        else:
            headers = _HEADERS.match(line, begin.end())
            start = headers.end() if headers else begin.end()
            body = _BODY.match(line, start)
            stop = place = max(body.end() if body else start, begin.end())
        yield from _body(line, start, stop)
    # The start was cut away: only the end tells what it was.
    first = _END.search(line)
    begun = _BEGIN.search(line)
    if first and (begun is None or begun.start() > first.start()):
        start = len(line[: first.start()].rstrip(_BEFORE_END))
        yield from _body(line, start, first.start())


def _body(line: bytes, start: int, stop: int) -> Iterable[Span]:
    """Leaves the escaped line ends at both ends, so that the armour reads as before."""
    lead = re.compile(rb"(?:\\+[nr]|\s)*").match(line, start, stop)
    start = lead.end() if lead else start
    text = line[start:stop]
    stop = start + len(re.sub(rb"(?:\\+[nr]|\s){1,8}\Z", b"", text))
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
