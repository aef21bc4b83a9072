"""What finds names of one kind: addresses, hosts, people.

Owns the record. Refuses to say what a name is replaced by; each kind has a file of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

Name = tuple[int, int, bytes]
"""From where to where in the block, and the pseudonym."""


@dataclass(frozen=True, slots=True)
class IdentityRule:
    """`find` is given a block and, ascending, where its triggers' matches begin in it.

    What it finds must not depend on which of several overlapping matches it is given: Hyperscan
    reports all, `re` the first of each run.
    """

    code: str
    triggers: tuple[bytes, ...]
    find: Callable[[bytes, Sequence[int]], Iterable[Name]]
