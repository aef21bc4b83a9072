"""How people's names are found within a line: the phrase, and what is done with it.

Owns the record and the search, in the whole of each line that a trigger hits. Refuses to know any
phrase; `user_phrases` and `user_commands` have them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from support.redact.identities.rule import IdentityRule, Name, Teaches, line_rule, line_spans
from support.redact.identities.users import Users

Find = Callable[[bytes, Sequence[int]], Iterator[Name]]

X = rb"([A-Za-z_][A-Za-z0-9_.-]{0,63})"
Q = rb"\\?[\"'`<\[]?"
_MEMBER = re.compile(rb"(?<![\w@%+.-])[a-z_][\w.-]*(?![\w%:])", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Phrase:
    """`expression` is searched in the line; each of its groups is a name, or several with commas.

    `wary`: any word may stand here.
    """

    trigger: bytes
    expression: re.Pattern[bytes]
    teaches: Teaches
    wary: bool


def phrase(
    trigger: bytes, expression: bytes, teaches: Teaches = "seen-user", *, wary: bool = True
) -> Phrase:
    return Phrase(trigger, re.compile(expression, re.IGNORECASE | re.MULTILINE), teaches, wary)


def rules_of(
    users: Users, phrases: Sequence[Phrase], lists: Sequence[Phrase] = ()
) -> Iterator[IdentityRule]:
    """Of `lists` the group is a list of names."""
    for each in phrases:
        yield _rule(each, _found(each, users))
    for each in lists:
        yield _rule(each, _members(each, users))


def _rule(each: Phrase, find: Find) -> IdentityRule:
    return line_rule("user", each.trigger, find, each.teaches)


def _found(each: Phrase, users: Users) -> Find:
    return searched(each.expression, users.wary if each.wary else users.pseudonym)


def searched(
    expression: re.Pattern[bytes], judged: Callable[[bytes], bytes], *, loose: bytes = b".-"
) -> Find:
    """A rule's `find`: what a group matches, without `loose` signs at its end, where `judged` has
    a pseudonym for it."""
    groups = range(1, expression.groups + 1)

    def find(block: bytes, starts: Sequence[int]) -> Iterator[Name]:
        for low, high in line_spans(block, starts):
            for match in expression.finditer(block, low, high):
                for group in groups:
                    start, end = match.span(group)
                    while end > start and block[end - 1] in loose:
                        end -= 1
                    instead = judged(block[start:end]) if end > start else b""
                    if instead:
                        yield start, end, instead

    return find


def _members(each: Phrase, users: Users) -> Find:
    def find(block: bytes, starts: Sequence[int]) -> Iterator[Name]:
        for low, high in line_spans(block, starts):
            for match in each.expression.finditer(block, low, high):
                for member in _MEMBER.finditer(block, *match.span(1)):
                    instead = users.wary(member.group())
                    if instead:
                        yield *member.span(), instead

    return find
