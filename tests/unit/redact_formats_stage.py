"""What the tests of the formats share: a file in, the redacted file out."""

import re
from collections.abc import Iterable

from support.redact.formats import FORMATS
from support.redact.rule import FormatRule
from support.redact.span import Span, mark


def claimed(name: str, data: bytes) -> tuple[FormatRule | None, list[Span]]:
    """The first format that takes the file, and what it found: as the engine asks them."""
    for rule in FORMATS:
        if rule.claims(name, data[:4096]):
            try:
                return rule, list(rule.find(data))
            except ValueError:
                continue
    return None, []


def cut(data: bytes, spans: Iterable[Span]) -> bytes:
    """The file with each span's mark in its place; spans that overlap fail."""
    parts, behind = [], 0
    for span in spans:
        assert behind <= span.start < span.end <= len(data), span
        parts += [data[behind : span.start], span.instead or mark(span.rule)]
        behind = span.end
    return b"".join([*parts, data[behind:]])


def redacted(name: str, text: str) -> str:
    """Redacted, with every mark written as `###`; a second time changes nothing."""
    data = text.encode()
    rule, spans = claimed(name, data)
    once = cut(data, spans)
    _, more = claimed(name, once)
    assert cut(once, more) == once
    code = rule.code if rule else "none"
    return once.decode().replace(mark(code).decode(), "###")


def told(text: str) -> tuple[str, str]:
    """A text whose secrets stand in `⟦⟧`: as it is in the file, and as it is to become."""
    return re.sub("[⟦⟧]", "", text), re.sub("⟦.*?⟧", "###", text, flags=re.DOTALL)
