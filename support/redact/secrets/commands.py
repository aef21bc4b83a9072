"""Secrets on command lines: in histories, `ps`, sudo's log, units, crontabs, exec arrays, audit.

Owns the reading of words as a shell writes them, and the flags whose names say what they carry.
The table of programs is `flags`; what is piped into a program is `piped`.
"""

from __future__ import annotations

import re
from array import array
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from support.redact.rule import LineRule
from support.redact.secrets import extent
from support.redact.secrets.flags import (
    APART,
    COLON,
    COMMA,
    GLUED,
    PASS,
    PERCENT,
    POSITIONS,
    PROGRAMS,
    SLASH,
    Program,
)
from support.redact.secrets.names import SURE, weight
from support.redact.secrets.values import plausible, stands_for
from support.redact.span import MARK, Span

CODE = "command"

# One word: parts in quotes, escapes, and what is neither. Each part begins with another byte, so
# there is one way to read a line.
_WORD = re.compile(
    rb"(?:\\\\?\"(?:[^\"\\]|\\(?!\"))*\\\\?\"|\$?'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"|\\.|[^\s'\"\\]|['\"\\])+"
)
_QUOTES = re.compile(rb"(?:\\?\"|\$?'|\")")
_BREAKS = frozenset((b"|", b"||", b"&&", b";", b"&", b"|&", b">", b">>", b"<", b"2>&1"))
_SHELL_VALUE = re.compile(rb"\$\{?\w+\}?|\$\(.*|`.*|<.*")
_FRAME = b"[](),"
_QUOTE = re.compile(rb"\\{0,3}[\"']")
_LONGEST = 8192
_BEHIND = re.compile(rb"\\{0,7}[\"']")
_CLOSING = (b'"', b"'", b"\\")


class Word(NamedTuple):
    """`[start, end)` without the quotes around all of it."""

    start: int
    end: int


_ITEM = re.compile(rb"(\\{0,7}[\"'])(.*?)(?<!\\)\1|\ba\d{1,3}=([0-9A-Za-z]+)")


def words(line: bytes, start: int, end: int) -> Iterator[Word]:
    """The words of one command, to its end; of an exec array or an audit record, its strings."""
    if line[start : start + 1] in _CLOSING:
        behind = _BEHIND.match(line, start)
        yield from _listed(line, behind.end() if behind else start, end)
        return
    for match in _WORD.finditer(line, start, end):
        text = match.group()
        if text in _BREAKS:
            return
        stops = len(text) > 1 and text.endswith((b";", b"|")) and text[-2:-1] not in b"\"'\\"
        yield _unframed(line, match.start(), match.end() - stops)
        if stops:
            return


def _listed(line: bytes, start: int, end: int) -> Iterator[Word]:
    for item in _ITEM.finditer(line, start, end):
        group = 2 if item.group(1) else 3
        yield Word(item.start(group), item.end(group))


def _unframed(line: bytes, start: int, end: int) -> Word:
    """Without what an exec array, a repr or the audit log puts around a word."""
    text = line[start:end]
    lead = text.lstrip(_FRAME)
    if len(lead) < len(text) and lead[:1] in (b'"', b"'"):
        start = end - len(lead)
    tail = line[start:end].rstrip(_FRAME)
    if tail[-1:] in (b'"', b"'"):
        end = start + len(tail)
    return _unquoted(line, start, end)


def _unquoted(line: bytes, start: int, end: int) -> Word:
    opened = _QUOTES.match(line, start, end)
    if opened:
        sign = opened.group().lstrip(b"$")
        inner = end - len(sign)
        if inner >= opened.end() and line[inner:end] == sign:
            return Word(opened.end(), inner)
        if line.find(sign[-1:], opened.end(), end) < 0:
            return Word(opened.end(), end)
    return Word(start, end)


class Quotes:
    """The quotes of a line, looked up once, so that many commands in it cost no more than few."""

    def __init__(self, line: bytes) -> None:
        self._line = line
        self._places = array("L")
        self._odd = bytearray()  # Bit 0: an odd number of `"` up to here; bit 1: of `'`.
        odd = 0
        for match in _QUOTE.finditer(line):
            odd ^= _BITS[match.group()[-1:]]
            self._places.append(match.start())
            self._odd.append(odd)

    def region(self, start: int, end: int) -> int:
        """Where a command that begins at `start` ends at the latest: with the string it is in."""
        line, most = self._line, min(len(self._line), end + _LONGEST)
        if line[end : end + 1] in _CLOSING:  # ["mysql", "-px"], a0="mysql"
            return most
        last = bisect_left(self._places, start) - 1
        for place in range(last, max(-1, last - 6), -1):
            quote = _QUOTE.match(line, self._places[place])
            if quote and self._odd[last] & _BITS[quote.group()[-1:]]:
                sign = quote.group()
                close = extent.closing(line[:most], end, sign[-1:], len(sign) - 1)
                return close if close >= 0 else most
        return most


_BITS = {b'"': 1, b"'": 2}


_KNOWN = re.compile(
    rb"(?<![\w.-])(?:"
    + b"|".join(rb"(%b)" % program.names for program in PROGRAMS)
    + rb")(?:\.exe)?(?=[\"'\\]?[,\s])"
)


# What a program's name ends with, and what its arguments begin with.
_FLAGGED = re.compile(rb"[\s\"',=][-/A]|/\S")


def _programs(line: bytes) -> Iterable[Span]:
    found = [*_KNOWN.finditer(line)] if _FLAGGED.search(line) else []
    if not found:
        return
    quotes = Quotes(line)
    begun = [len(line)] * len(PROGRAMS)
    ends = []
    # A program's arguments end where it is called again: so no line takes quadratic time.
    for match in reversed(found):
        which = (match.lastindex or 1) - 1
        ends.append(begun[which])
        begun[which] = match.start()
    for match, limit in zip(found, reversed(ends), strict=True):
        program = PROGRAMS[(match.lastindex or 1) - 1]
        end = min(limit, quotes.region(match.start(), match.end()))
        if program.must and not re.search(program.must, line[match.end() : end]):
            continue
        yield from _arguments(line, program, match.end(), end)


def _arguments(line: bytes, program: Program, start: int, end: int) -> Iterator[Span]:
    waiting = -1
    for word in words(line, start, end):
        text = line[word.start : word.end]
        if waiting >= 0:
            if text[:1] != b"-" or waiting != COLON:
                yield from _secret(line, word.start, word.end, waiting)
            waiting = -1
            continue
        for flag, kind in program.flags.items():
            if kind != GLUED and (text == flag or _bundles(text, flag, kind)):
                waiting = kind
                break
            if not text.startswith(flag) or text == flag or kind == APART:
                continue
            after = word.start + len(flag)
            if flag[:2] == b"--" or len(flag) > 2:
                if text[len(flag) : len(flag) + 1] == b"=":
                    yield from _secret(line, after + 1, word.end, kind)
                    break
                if kind != GLUED:
                    continue
            yield from _secret(line, after, word.end, kind)
            break


def _bundles(text: bytes, flag: bytes, kind: int) -> bool:
    """`curl -sSu user:x`: the last of several letters takes the value."""
    bundled = kind == COLON and len(flag) == 2 and text[-1:] == flag[-1:]
    return bundled and _BUNDLE.fullmatch(text) is not None


_BUNDLE = re.compile(rb"-[A-Za-z]{2,8}")


def _written(flag: bytes, kind: int) -> bytes:
    """What a trigger looks for."""
    if kind == COLON and len(flag) == 2:
        return b"-[A-Za-z]{0,8}" + flag[1:]
    return re.escape(flag)


def _secret(line: bytes, start: int, end: int, kind: int) -> Iterator[Span]:
    place = _unquoted(line, start, end)
    text = line[place.start : place.end]
    begin = _skip(text, kind)
    if begin < 0:
        return
    place = _unquoted(line, place.start + begin, place.end)
    value = line[place.start : place.end]
    if kind == SLASH:
        value = value.split(b"@")[0]
    if not value or MARK in value or _SHELL_VALUE.fullmatch(value) or stands_for(value):
        return
    yield Span(place.start, place.start + len(value), CODE)


_SIGNS = {COLON: b":", PERCENT: b"%", COMMA: b",", SLASH: b"/"}
_PASS = re.compile(rb"(?:pass|password|file|env|fd|stdin|pass1|hexkey|key):?")


def _skip(text: bytes, kind: int) -> int:
    """How much of a value is not secret, or -1 where none is."""
    if kind == PASS:
        found = _PASS.match(text)
        if not found:
            return 0
        return found.end() if found.group().startswith((b"pass", b"hexkey", b"key")) else -1
    sign = _SIGNS.get(kind)
    if sign is None:
        return 0
    place = text.find(sign)
    if kind == SLASH and (text[:1] in b"/-." or b"=" in text[: max(place, 0)]):
        return -1
    return place + 1 if place >= 0 and not text.startswith((b"http:", b"https:")) else -1


_ONE = rb"('[^']*'|\"[^\"]*\"|[^\s'\"|;&<>-][^\s'\"|;&<>]*)"
_POSITIONED = tuple(
    re.compile(rb"(?<![\w.-])(?:" + names + rb")(?:\.exe)?" + shape.replace(b"{W}", _ONE))
    for names, _, shape in POSITIONS
)


_PLACED = re.compile(
    rb"(?<![\w.-])(?:" + b"|".join(sorted({names for names, _, _ in POSITIONS})) + rb")(?:\.exe)? "
)


def _positions(line: bytes) -> Iterable[Span]:
    if b" " not in line or not _PLACED.search(line):
        return
    for shape in _POSITIONED:
        for match in shape.finditer(line):
            place = _unquoted(line, match.start(1), match.end(1))
            value = line[place.start : place.end]
            if plausible(value) and not _SHELL_VALUE.fullmatch(value):
                yield Span(place.start, place.end, CODE)


# `--password x`, `-storepass x`: also of programs that nobody listed.
_LONG = re.compile(
    rb"(?<![\w.-])--?([A-Za-z][\w.-]{2,60})"
    rb"(?:[\"']?[ \t]{1,4}|(\\{0,7}[\"'],[ \t]{0,4}|[\"'] a\d{1,3}=))(?=[^\s-]|-[^\s-]{5})"
)
_USES = re.compile(rb"(?i)\bus(?:e|es|ing)\b.{0,16}\Z")
_METAVAR = re.compile(
    rb"[A-Z][A-Z_-]{2,}[,.;:\])]?|[a-z]+[,.;:]?|\[\w.*|<.*|[a-z-]+=?\.\.\.|`.*|PASS\w*"
)


def _long(line: bytes) -> Iterable[Span]:
    quotes = Quotes(line)
    for flag in _LONG.finditer(line):
        if weight(flag.group(1)) != SURE:
            continue
        listed = flag.group(2) is not None
        end = len(line) if listed else quotes.region(flag.start(), flag.start())
        limit = max(min(end, flag.end() + _LONGEST), flag.end())
        read = _listed if listed else words
        word = next(read(line, flag.end(), limit), None)
        if word is None:
            continue
        value = line[word.start : word.end]
        if value[:1] in b"-|>" and len(value) < 5:
            continue
        if (
            plausible(value)
            and not _SHELL_VALUE.fullmatch(value)
            and not _is_help(line, flag, word)
        ):
            yield Span(word.start, word.end, CODE)


def _is_help(line: bytes, flag: re.Match[bytes], word: Word) -> bool:
    """`--password PASSWORD  the password to use`: a page of help names what is to stand there."""
    value = line[word.start : word.end]
    if not _METAVAR.fullmatch(value):
        return False
    lead = line[max(0, flag.start() - 64) : flag.start()].strip()
    return (
        value.isupper() or not lead or lead.endswith((b",", b"|", b"[")) or bool(_USES.search(lead))
    )


_SAYS_SO = (
    rb"-[\w.-]{0,50}(?:pass|pwd|secret|token|credential|key|psk|otp|jwt|bearer|pw|cred|senha|kennwort"
    rb"|mnemonic|sessid|sessionid|code|phrase|cookie|share)[\w.-]{0,30}"
    rb"(?:[\"']?[ \t]|\\{0,7}[\"'],)"
)
_ENDS = rb"(?:\.exe)?[\"'\\]?[,\s]"

RULES = (
    LineRule(
        CODE,
        "Secrets in flags of known programs",
        tuple(
            rb"\b(?:%b)%b(?:.*[\s\"'=,])?(?:%b)"
            % (
                program.names,
                _ENDS,
                b"|".join(_written(*flag) for flag in program.flags.items() if flag[0])
                or rb"\S+/\S",
            )
            for program in PROGRAMS
        ),
        _programs,
    ),
    LineRule(
        "command-place",
        "Secrets in known places of a command",
        tuple(rb"\b(?:%b)(?:\.exe)?%b" % (names, behind) for names, behind, _ in POSITIONS),
        _positions,
    ),
    LineRule(
        "flag",
        "Secrets after flags that say so",
        (_SAYS_SO,),
        _long,
    ),
)
