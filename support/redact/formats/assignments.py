"""Lines of `key = value`, as environment files, INI, properties and units write them.

Owns where a value begins and ends: quotes, over lines too, comments behind it, lines continued
with a backslash or by indenting. Refuses to know sections' meaning beyond their name.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from support.redact.formats.judge import Leaf, below, hides, hides_below, masks
from support.redact.secrets.names import NEVER, SURE, weight
from support.redact.span import Span

_LINE = re.compile(
    rb"[ \t]*+(?:[#;!].*|//.*|(?i:rem)\b.*|\[(?P<section>[^\]\r\n]*)\].*|"
    rb"(?:(?:export|set|setenv|declare|local|readonly|typeset|env|ENV|ARG)[ \t]+(?:-\w+[ \t]+)?|"
    rb"\$env:)?(?P<key>\"[^\"\r\n]{1,120}\"|"
    rb"[A-Za-z_$@/*][^\s=:#\"'<>(){}]{0,120}(?:[ \t][\w.-]{1,40}){0,3}?)"
    rb"[ \t]*+(?P<sign>\??[:+]?=>?|:)[ \t]*+(?P<value>[^\r\n]*)|[^\r\n]*)"
)
_QUOTED = (
    re.compile(rb'"((?>[^"\\]*(?:\\.[^"\\]*)*))"', re.DOTALL),
    # A shell writes a quote inside of quotes as `'a'\\''b'`.
    re.compile(rb"'((?>[^']*(?:'\\''[^']*)*))'", re.DOTALL),
)
# The look-behind makes it look at a run of blanks once: else a long one takes quadratic time.
_COMMENT = re.compile(rb"(?<![ \t])[ \t]++(?:[#;](?=[ \t]|[A-Z][a-z])|//[ \t])")
_INDENTED = re.compile(rb"[ \t]+([^\s#;][^\r\n]*)\r?(?:\n|\Z)")
_WORD = re.compile(
    rb"(?:\"([A-Za-z_]\w*)=((?:[^\"\\]|\\.)*)\"|'([A-Za-z_]\w*)=([^']*)'|"
    rb"(?<![\w-])([A-Za-z_]\w*)=(\"[^\"]*\"|'[^']*'|[^\s\"'\\]+))"
)
_ENVIRONMENTS = frozenset((b"environment", b"env", b"defaultenvironment"))
_LONGEST = 64 * 1024


class Style(NamedTuple):
    """How a dialect differs. `colons`: `key: value` counts. `multiline`: a quote may span lines.

    `indented`: values may stand on the lines below. `comments`: one may follow a value.
    `ends`: what may stand behind a value without quotes and is none of it.
    """

    code: str
    colons: bool = True
    multiline: bool = True
    indented: bool = False
    comments: bool = True
    ends: bytes = b""


def spans(data: bytes, style: Style) -> Iterator[Span]:
    """What goes from these lines."""
    above, at = NEVER, 0
    while at < len(data):
        line = _LINE.match(data, at)
        if line is None:
            return
        at = _next(data, line.end())
        if line["section"] is not None:
            above = _above(line["section"])
        elif line["key"] and (style.colons or line["sign"] != b":"):
            found, behind = _assigned(data, line, above, style)
            yield from found
            at = max(at, behind)


def _above(section: bytes) -> int:
    """What a section's name says of all keys in it; only a name that is whole counts."""
    if section.lower() == b"tokens":
        return SURE
    return below(section) if re.fullmatch(rb"[\w-]+", section) else NEVER


def _line_end(data: bytes, at: int) -> int:
    found = data.find(b"\n", at)
    return len(data) if found < 0 else found


def _next(data: bytes, at: int) -> int:
    return _line_end(data, at) + 1


def _assigned(
    data: bytes, line: re.Match[bytes], above: int, style: Style
) -> tuple[list[Span], int]:
    """The spans of one assignment, and where the next line begins."""
    key = line["key"].strip(b'"')
    if key.lower() in _ENVIRONMENTS:
        return _environment(data, line, style)
    leaf = _quoted(data, line, style) or _plain(data, line, style)
    if not leaf.text and style.indented and weight(key) == SURE:
        return _block(data, _next(data, line.end()), style)
    if key.lower() == b"setcredential":
        name, _, value = leaf.text.partition(b":")
        if weight(name) != NEVER and value:
            return [masks(Leaf(value, leaf.end - len(value), leaf.end), style.code)], leaf.end
    elif key.endswith(b"Credential") and b" " not in key:
        return [], 0  # LoadCredential=name:path and its kin of systemd
    elif hides(key, leaf.text) or hides_below(above, key, leaf.text):
        return [masks(leaf, style.code)], _next(data, leaf.end)
    # A benign value may be continued, or look so: what follows it is looked at as any line.
    return [], _next(data, leaf.end) if b"\n" in leaf.text and leaf.end > line.end() + 1 else 0


def _quoted(data: bytes, line: re.Match[bytes], style: Style) -> Leaf | None:
    start = line.start("value")
    sign = data[start : start + 1]
    if sign not in (b'"', b"'"):
        return None
    limit = min(len(data), start + _LONGEST) if style.multiline else line.end()
    whole = _QUOTED[sign == b"'"].match(data, start, limit)
    if whole is None:
        return None
    rest = data[whole.end() : min(_line_end(data, whole.end()), whole.end() + 4096)].strip()
    # Only a comment or the end of a list follows, else this was no closing quote.
    if rest and rest[:1] not in b"#;,)}]" and not rest.startswith((b"//", b"\\")):
        return None
    return Leaf(whole[1], *whole.span(1))


def _plain(data: bytes, line: re.Match[bytes], style: Style) -> Leaf:
    start, stop = line.span("value")
    more = _continued(data, start, stop)
    comment = _COMMENT.search(data, start, stop) if style.comments and more == stop else None
    stop = comment.start() if comment else more
    if style.comments and data[start : start + 2] in (b"# ", b"; "):
        stop = start
    text = data[start:stop].rstrip().rstrip(style.ends)
    if len(text) > 5 and text[:3] == text[-3:] == b'"' * 3:
        return Leaf(text[3:-3], start + 3, start + len(text) - 3)
    if len(text) > 1 and text[:1] == text[-1:] and text[:1] in b"\"'":
        return Leaf(text[1:-1], start + 1, start + len(text) - 1)
    return Leaf(text, start, start + len(text))


def _continued(data: bytes, start: int, stop: int) -> int:
    """Where a value ends whose lines end with a backslash each but the last."""
    while stop - start < _LONGEST:
        tail = data[max(start, stop - 64) : stop]
        if (len(tail) - len(tail.rstrip(b"\\"))) % 2 == 0:
            break
        if _line_end(data, stop) + 1 >= len(data):
            break
        start = _next(data, stop)
        end = _line_end(data, start)
        stop = end - (data[end - 1 : end] == b"\r")
    return stop


def _block(data: bytes, at: int, style: Style) -> tuple[list[Span], int]:
    """Values below the key, each on an indented line of its own."""
    found: list[Span] = []
    line = _INDENTED.match(data, at)
    while line and not re.match(rb"[\w.-]{1,80}[ \t]*+[=:]", line[1]):
        text = line[1].rstrip()
        if hides_below(SURE, b"", text):
            found.append(Span(line.start(1), line.start(1) + len(text), style.code))
        at = line.end()
        line = _INDENTED.match(data, at)
    return found, at


def _environment(data: bytes, line: re.Match[bytes], style: Style) -> tuple[list[Span], int]:
    """`Environment="A=b" 'C=d e'` of a unit: each word is an assignment."""
    start, stop = line.span("value")
    stop = _continued(data, start, stop)
    found: list[Span] = []
    for word in _WORD.finditer(data, start, stop):
        at = 1 if word[1] else 3 if word[3] else 5
        value = word[at + 1]
        inner = len(value) > 1 and value[:1] in b"\"'"
        if hides(word[at], value.strip(b"\"'")):
            first, last = word.span(at + 1)
            found.append(Span(first + inner, last - inner, style.code))
    return found, _next(data, stop)
