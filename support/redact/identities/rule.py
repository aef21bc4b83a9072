"""What finds names of one kind: addresses, hosts, people.

Owns the record. Refuses to say what a name is replaced by; each kind has a file of its own.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

Teaches = Literal["", "host", "seen-host", "user", "seen-user"]

Name = tuple[int, int, bytes]
"""From where to where in the block, and the pseudonym."""

Finder = Callable[[bytes, Sequence[int]], Iterable[Name]]


@dataclass(frozen=True, slots=True)
class IdentityRule:
    """`find` is given a block and, ascending, where its triggers' matches begin in it.

    What it finds must not depend on which of several overlapping matches it is given: Hyperscan
    reports all, `re` the first of each run. `teaches`: what it finds while names are learned is
    then known everywhere; of a `seen-host` or `seen-user` only what can't be a word. `line`: its
    triggers begin
    where a line does, and it is given any place in that line.
    """

    code: str
    triggers: tuple[bytes, ...]
    find: Callable[[bytes, Sequence[int]], Iterable[Name]]
    teaches: Teaches = ""
    line: bool = False


def line_rule(code: str, trigger: bytes, find: Finder, teaches: Teaches = "") -> IdentityRule:
    """One that is asked about whole lines, and only about those that the trigger truly hits.

    So `find` may be wider than the trigger, and still finds the same whoever looked for that.
    """
    hit = re.compile(trigger, re.IGNORECASE | re.MULTILINE).search

    def asked(block: bytes, offsets: Sequence[int]) -> Iterable[Name]:
        spans = line_spans(block, offsets)
        return find(block, [start for start, end in spans if hit(block, start, end)])

    return IdentityRule(code, (trigger,), asked, teaches, line=True)


def line_starts(block: bytes, offsets: Sequence[int]) -> Iterator[int]:
    """Where the lines of these ascending offsets begin, each once."""
    last = -1
    for offset in offsets:
        start = block.rfind(b"\n", 0, offset) + 1
        if start != last:
            last = start
            yield start


def line_spans(block: bytes, offsets: Sequence[int]) -> Iterator[tuple[int, int]]:
    """The lines of these ascending offsets, each once, without what ends them."""
    past = -1
    for offset in offsets:
        if offset < past:
            continue
        start = block.rfind(b"\n", 0, offset) + 1
        end = block.find(b"\n", offset)
        past = len(block) if end < 0 else end
        yield start, past
        past += 1
