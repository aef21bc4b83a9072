"""Examples of secrets in text: `⟦…⟧` marks what is to go, `‡` breaks what a scanner would take."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from support.redact.engine_merge import LINE, PASSAGE, Found, merged
from support.redact.rule import PassageRule
from support.redact.secrets import LINE_RULES, PASSAGE_RULES
from support.redact.span import Span, mark

Going = tuple[PassageRule, Callable[[bytes], Iterable[Span] | None]]

MARKED = re.compile(r"⟦.*?⟧", re.DOTALL)
ANY_MARK = re.compile(rb"REDACTED-[a-z-]+")


def _trigger(triggers: Iterable[bytes]) -> re.Pattern[bytes]:
    return re.compile(b"|".join(b"(?:%b)" % one for one in triggers), re.IGNORECASE)


LINE_TRIGGERS = tuple((rule, _trigger(rule.triggers)) for rule in LINE_RULES)
PASSAGE_TRIGGERS = tuple((rule, _trigger(rule.triggers)) for rule in PASSAGE_RULES)


def plain(example: str) -> bytes:
    """What stands in the file."""
    return re.sub("[⟦⟧‡]", "", example).encode()


def expected(example: str) -> bytes:
    return re.sub("‡", "", MARKED.sub("¤", example)).encode()


def found_in(line: bytes) -> list[Found]:
    """What the line rules find; a trigger that misses what its rule finds is an error."""
    found = []
    for rule, trigger in LINE_TRIGGERS:
        spans = list(rule.find(line))
        if spans and trigger.search(line) is None:
            raise AssertionError(f"no trigger of {rule.code} hits {line!r}")
        found += [_placed(span, LINE) for span in spans]
    return found


def _placed(span: Span, rank: int) -> Found:
    return Found(span.start, span.end, rank, span.rule, span.instead or mark(span.rule))


def redact(text: bytes) -> bytes:
    """As the engine does it, without its blocks."""
    going: list[Going] = []
    return b"\n".join(_line(line, going) for line in text.split(b"\n"))


def _line(line: bytes, going: list[Going]) -> bytes:
    found = found_in(line)
    busy = {rule.code for rule, _ in going}
    begun = [
        (rule, follow)
        for rule, trigger in PASSAGE_TRIGGERS
        if trigger.search(line) and rule.code not in busy and (follow := rule.begin(line))
    ]
    asked = [(rule, follow, follow(line)) for rule, follow in (*going, *begun)]
    # A passage that ended in this line may begin anew in it.
    ended = [rule for rule, _, spans in asked if spans is None]
    for rule, trigger in PASSAGE_TRIGGERS:
        if rule in ended and rule.code in busy and trigger.search(line):
            follow = rule.begin(line)
            if follow:
                asked.append((rule, follow, follow(line)))
    going[:] = [(rule, follow) for rule, follow, spans in asked if spans is not None]
    for _, _, spans in asked:
        found += [_placed(span, PASSAGE) for span in spans or ()]
    pieces, past = [], 0
    for start, end, _, _, instead in merged(found):
        pieces += [line[past:start], instead]
        past = end
    return b"".join((*pieces, line[past:]))


def check(example: str) -> None:
    """The marked goes, the rest stays, and once more changes nothing."""
    result = redact(plain(example))
    assert ANY_MARK.sub("¤".encode(), result) == expected(example)
    assert redact(result) == result


def examples(block: str) -> list[str]:
    """One example a line."""
    return [line for line in block.strip("\n").split("\n") if line.strip()]
