"""Text that was decoded out of a line, read by the rules of plain text.

Owns small texts held whole. Refuses to decode: `journal` and `encoded` do.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator

from support.redact.rule import PassageRule
from support.redact.secrets import texts
from support.redact.span import Span, mark

Follow = Callable[[bytes], Iterable[Span] | None]
Going = list[tuple[PassageRule, Follow]]

# As the engine does it: a passage's rule is asked only where its trigger hits.
_BEGINS = tuple(
    (rule, re.compile(b"|".join(b"(?:%b)" % one for one in rule.triggers), re.IGNORECASE))
    for rule in texts.PASSAGES
)


def redacted(text: bytes) -> bytes | None:
    """The text without its secrets, or None where there are none."""
    spans = list(_spans(text))
    if not spans:
        return None
    pieces: list[bytes] = []
    past = 0
    for span in sorted(spans, key=lambda one: (one.start, -one.end)):
        if span.start >= past:
            pieces += (text[past : span.start], span.instead or mark(span.rule))
        past = max(past, span.end)
    return b"".join((*pieces, text[past:]))


def holds_secret(text: bytes) -> bool:
    return next(_spans(text), None) is not None


def _spans(text: bytes) -> Iterator[Span]:
    at = 0
    going: Going = []
    for line in text.split(b"\n"):
        going, spans = _passages(line, going)
        for span in (*spans, *(span for rule in texts.LINES for span in rule.find(line))):
            yield span._replace(start=span.start + at, end=span.end + at)
        at += len(line) + 1


def _passages(line: bytes, going: Going) -> tuple[Going, list[Span]]:
    busy = {rule.code for rule, _ in going}
    still: Going = []
    found: list[Span] = []
    begun = [
        (rule, follow)
        for rule, trigger in _BEGINS
        if rule.code not in busy and trigger.search(line) and (follow := rule.begin(line))
    ]
    for rule, follow in (*going, *begun):
        spans = follow(line)
        if spans is not None:
            still.append((rule, follow))
            found += spans
    return still, found
