"""Secrets among bound parameters: `$2 = 'x'` in a DETAIL line, `binding parameter [2]`, tuples.

Owns the tie between a statement that names a column and the values logged after it. Refuses
statements with their values written in: those are `sql`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator

from support.redact.rule import LineRule, PassageRule
from support.redact.secrets.names import SURE, weight
from support.redact.secrets.values import plausible
from support.redact.span import Span

CODE = "sql"

_INSERT = re.compile(
    rb"(?i)\binsert\b[^()]{1,200}\(([^()]{1,4000})\)\s{0,20}values?\s{0,20}\(([^()]{1,4000})\)"
)
_EQUAL = re.compile(
    rb"([\w.`\"\[\]]{1,80})\s?(?:=|<>|LIKE|IN \(|is)\s?(?:\$(\d{1,3})|(\?|%s|:\w+))", re.IGNORECASE
)
_SLOT = re.compile(rb"\$(\d{1,3})|\?|%s")
_NUMBERED = re.compile(rb"\$(\d{1,3}) = '((?:[^']|'')*)'?")
_BINDING = re.compile(
    rb"(?i)bind(?:ing)? ?(?:parameter|param)? ?[\[(#:]?(\d{1,3})\b[^\[]{0,40}(?:\[\w+\])?"
    rb"[^\[]{0,10}\[(.*)\]\s*\Z"
)
_TUPLE = re.compile(
    rb"(?:parameters|params|args|binds|\])\s?[:=]?\s?([\[(].*[\])])\s*\Z", re.IGNORECASE
)
_ITEM = re.compile(
    rb"\s{0,4}(?:[bu]?'((?:[^'\\]|\\.)*)'|[bu]?\"((?:[^\"\\]|\\.)*)\"|([^,\[\]()'\"]*))\s{0,4}(?:,|[\])]|\Z)"
)
_SLOTTED = re.compile(
    rb"(?i)values?\s{0,20}\([^()]*(?:\$\d|\?|%s)|\w\s?=\s?(?:\$\d{1,3}(?! = ')|\?|%s)"
)
_LINES = 12


def slots(statement: bytes) -> set[int]:
    """Numbers of the parameters, from 1, that a secret column gets."""
    found: set[int] = set()
    insert = _INSERT.search(statement)
    if insert:
        names = [name.strip(b' `"[]\\') for name in insert.group(1).split(b",")]
        for place, (name, slot) in enumerate(
            zip(names, insert.group(2).split(b","), strict=False), 1
        ):
            number = _SLOT.search(slot)
            if number and weight(name) == SURE:
                found.add(int(number.group(1) or place))
    for place, equal in enumerate(_EQUAL.finditer(statement), 1):
        name = equal.group(1).rsplit(b".", 1)[-1].strip(b'`"[]')
        if weight(name) == SURE:
            found.add(int(equal.group(2) or place))
    return found


def _parameters(line: bytes, wanted: set[int]) -> Iterator[Span]:
    for shape in (_NUMBERED, _BINDING):
        for match in shape.finditer(line):
            if int(match.group(1)) in wanted and plausible(match.group(2)):
                yield Span(match.start(2), match.end(2), CODE)
    listed = _TUPLE.search(line)
    if listed and not _NUMBERED.search(line):
        at = listed.start(1) + 1
        number = 0
        while item := _ITEM.match(line, at):
            number += 1
            group = item.lastindex or 3
            if number in wanted and plausible(item.group(group).strip()):
                yield Span(item.start(group), item.end(group), CODE)
            if item.end() >= listed.end(1) or item.end() == at:
                return
            at = item.end()


def _begin(line: bytes) -> Callable[[bytes], Iterable[Span] | None] | None:
    wanted = slots(line)
    if not wanted:
        return None
    left = [_LINES]

    def follow(one: bytes) -> Iterable[Span] | None:
        first = left[0] == _LINES
        left[0] -= 1
        if first:
            return list(_parameters(one, wanted)) if _NUMBERED.search(one) else ()
        if left[0] < 0 or _SLOTTED.search(one):
            return None
        if _NUMBERED.search(one) or _TUPLE.search(one):
            left[0] = 0
        return list(_parameters(one, wanted))

    return follow


# Rails: [["email", "x"], ["encrypted_password", "y"]]
_PAIR = re.compile(rb"\[\\{0,3}\"(\w{1,60})\\{0,3}\",\s?(?:(\\{0,3}\")(.*?)(?<!\\)\2)\]")


def _pairs(line: bytes) -> Iterable[Span]:
    for pair in _PAIR.finditer(line):
        if weight(pair.group(1)) == SURE and plausible(pair.group(3)):
            yield Span(pair.start(3), pair.end(3), CODE)


_WORDS = (
    rb"(?:pass|pwd|secret|token|key|cred|psk|otp|jwt|bearer|session|pin|hash|cookie|code|phrase)"
)
_SIGN = rb"(?:\$\d|\?|%s|:\w)"

RULES = (
    LineRule(
        "bound-pairs",
        "Bound values beside their columns",
        (rb"\[\\{0,3}\"\w{0,60}" + _WORDS,),
        _pairs,
    ),
)
PASSAGES = (
    PassageRule(
        "bound-parameters",
        "Bound parameters of a statement",
        (
            rb"insert\b[^()]{1,200}\([^()]*"
            + _WORDS
            + rb"[^()]*\)\s{0,20}values?\s{0,20}\([^()]*"
            + _SIGN,
            _WORDS + rb"[\w`\"\]]{0,40}\s?(?:=|<>|LIKE|IN \(|is)\s?" + _SIGN,
        ),
        _begin,
    ),
)
