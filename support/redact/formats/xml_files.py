"""XML: secrets in elements, in attributes, and in pairs of a name and a value.

Owns the tags. Refuses entities, doctypes and whatever else could make a file larger than it is.
Takes linear time and never recurses.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from support.redact.formats.escapes import ENTITIES, Unescaped
from support.redact.formats.inner import found_in
from support.redact.formats.judge import Leaf, hides, is_secret_key, is_worth, masks, tidy
from support.redact.rule import FormatRule
from support.redact.span import Span

CODE = "xml"
_NAMED = re.compile(
    r"(?i)\.(?:xml|config|plist|pom|wsdl|xsd|jelly|csproj|props|targets|rdf|xmp|mobileconfig|nuspec"
    r"|xml\.(?:bak|old|orig|\d+))\Z"
)
# `<VirtualHost *:443>` of Apache begins like a tag, but has no attribute.
_HEAD = re.compile(
    rb"(?:\xef\xbb\xbf)?\s*<(?:\?xml\b|!--|[A-Za-z_][\w:.-]*\s*(?:[\w:.-]+\s*=\s*[\"']|/?>))"
)
_HTML = re.compile(rb"(?i)<!doctype html|<html[\s>]")
_TOKEN = re.compile(
    rb"<!--.*?(?:-->|\Z)|<!\[CDATA\[(.*?)(?:\]\]>|\Z)|<\?.*?(?:\?>|\Z)|</([\w:.-]+)\s*>|"
    rb"<([A-Za-z_][\w:.-]*)((?:[^<>\"']|\"[^\"<]*\"|'[^'<]*')*)>|<|([^<]+)",
    re.DOTALL,
)
_ATTRIBUTE = re.compile(rb"(?<![\w:.-])([\w:.-]{1,200})\s{0,99}=\s{0,99}(?:\"([^\"]*)\"|'([^']*)')")
_NAME_ATTRIBUTES = (b"name", b"key", b"id", b"property", b"option", b"variable", b"field")
_VALUE_ATTRIBUTES = (b"value", b"val", b"default", b"defaultvalue", b"content", b"initialvalue")
_NAME_ELEMENT = re.compile(rb"(?i)(?:\A|[-_.:]|param|env|entry|property)(?:name|key)\Z")
_VALUE_ELEMENT = re.compile(
    rb"(?i)(?:\A|[-_.:]|param|env|entry|property)(?:value|string|text|data)\Z"
)
# What Maven and Jenkins write for a secret that their own master key encrypts.
_ENCRYPTED = re.compile(rb"\{(?:AQAAA[\w+/]*|[\w+/]{22,})={0,2}\}")
_CONNECTION = re.compile(
    rb"(?i)(?:\A|[;\s])(?:password|pwd|accountkey|sharedaccesskey|accesskey|user password)"
    rb"\s{0,9}=\s{0,9}(?:&quot;|')?([^;\"'&]+)"
)


@dataclass(slots=True)
class _Element:
    name: bytes
    says: bytes = b""
    named: bytes = b""
    text: Leaf | None = None
    parent: bool = False


def claims(name: str, head: bytes) -> bool:
    if not _HEAD.match(head) or _HTML.search(head[:1024]):
        return False
    return bool(_NAMED.search(name)) or b"<?xml" in head[:64] or b"</" in head


def find(data: bytes) -> Iterable[Span]:
    """Raises ValueError where it does not begin like XML."""
    if not _HEAD.match(data[:4096]):
        raise ValueError("no XML")
    return tidy(_spans(data))


def _spans(data: bytes) -> Iterator[Span]:
    stack = [_Element(b"")]
    for token in _TOKEN.finditer(data):
        kind = token.lastindex or 0
        if kind in (1, 5):
            text = token[kind].strip()
            if text and stack[-1].text is None:
                start = token.start(kind) + token[kind].find(text)
                stack[-1].text = Leaf(text, start, start + len(text))
        elif kind == 2:
            name = _local(token[2])
            if any(one.name == name for one in stack[-3:]):
                while len(stack) > 1:
                    done = stack.pop()
                    yield from _closed(stack[-1], done)
                    if done.name == name:
                        break
        elif kind == 4:
            element = _Element(_local(token[3]))
            stack[-1].parent = True
            yield from _attributes(token, element)
            if not token[4].endswith(b"/"):
                stack.append(element)


def _local(name: bytes) -> bytes:
    return name.rpartition(b":")[2]


def _closed(parent: _Element, done: _Element) -> Iterator[Span]:
    """An element's text, judged by its own name, its `name` attribute or the name beside it."""
    if done.text is None or done.parent:
        return
    leaf = done.text
    if _NAME_ELEMENT.search(done.name) and not is_secret_key(done.name):
        parent.named = leaf.text
        return
    beside, parent.named = parent.named, b""
    pair = (beside or parent.says) if _VALUE_ELEMENT.search(done.name) else b""
    # Windows' unattend.xml: `<Password><Value>x</Value></Password>`
    above = parent.name if done.name.lower() == b"value" else b""
    names = (done.name, done.says, pair, above)
    if _ENCRYPTED.fullmatch(leaf.text) or any(hides(name, leaf.text) for name in names if name):
        yield masks(leaf, CODE)
    else:
        yield from _within(leaf)


def _attributes(token: re.Match[bytes], element: _Element) -> Iterator[Span]:
    values: list[Leaf] = []
    for found in _ATTRIBUTE.finditer(token[4]):
        group = 2 if found[2] is not None else 3
        start, end = (token.start(4) + place for place in found.span(group))
        leaf, name = Leaf(found[group], start, end), _local(found[1])
        if name.lower() in _NAME_ATTRIBUTES and not element.says:
            element.says = leaf.text
        if name.lower() in _VALUE_ATTRIBUTES:
            values.append(leaf)
        elif hides(name, leaf.text):
            yield masks(leaf, CODE)
        else:
            yield from _within(leaf)
    for leaf in values:
        if hides(element.says or element.name, leaf.text):
            yield masks(leaf, CODE)
        else:
            yield from _within(leaf)


def _within(leaf: Leaf) -> Iterator[Span]:
    """`Server=db;User Id=app;Password=x;` in a value, and what the line rules find there."""
    if b"=" in leaf.text:
        for match in _CONNECTION.finditer(leaf.text):
            if is_worth(match[1]):
                yield Span(leaf.start + match.start(1), leaf.start + match.end(1), CODE)
    said = Unescaped(leaf.text, leaf.start, ENTITIES)
    yield from found_in(leaf._replace(text=said.text), lambda: said)


RULE = FormatRule(CODE, "secrets in elements and attributes of XML", claims, find)
