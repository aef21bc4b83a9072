"""What tells the redactor where to look: every trigger of every rule, found in a block at once.

Owns the records of triggers and hits, and the choice between the two engines: Hyperscan where its
wheel is, else `re`. Both find the same places, so what is written is the same to the byte. Refuses
to judge: a hit is only a reason to ask the rule.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal, Protocol

Choice = Literal["auto", "hyperscan", "plain"]


@dataclass(frozen=True, slots=True)
class Trigger:
    """One expression of the rule number `owner`.

    `starts`: the rule wants to know where each match begins; else any offset in its line will do.
    """

    pattern: bytes
    owner: int
    starts: bool = False


Hits = list[list[int]]
"""For each owner where its triggers hit, ascending, perhaps more than once a line."""


class Engine(Protocol):
    """Finds the triggers in a block of whole lines."""

    @property
    def name(self) -> str: ...

    def scan(self, block: bytes) -> Hits: ...


def open_engine(
    triggers: Sequence[Trigger], owners: int, choice: Choice = "auto", store: Path | None = None
) -> Engine:
    """The engine of that name; `auto` is the fastest there is.

    `store` is a folder of ours, closed to others, in which what was compiled may be kept. Raises
    ValueError for a trigger that is no expression, ImportError where Hyperscan is asked for and
    is not there.
    """
    if choice == "plain" or (choice == "auto" and not has_hyperscan()):
        from support.redact.plain import Plain

        return Plain(triggers, owners)
    from support.redact.hyper import Hyper

    return Hyper(triggers, owners, store)


@cache
def has_hyperscan() -> bool:
    """Whether its wheel is here and works: it exists for x86-64 and ARM64 alone, wants SSSE3, which
    the plainest processor that a hypervisor shows has not, and a C++ library."""
    try:
        import hyperscan
    except ImportError:
        return False
    try:
        hyperscan.Database().compile(expressions=[b"a"], ids=[0], elements=1, flags=0)
    except hyperscan.HyperscanError:
        return False
    return True
