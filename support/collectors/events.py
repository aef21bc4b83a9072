"""What a running collector tells: a file begins, bytes of it, it ended; and the collector ended.

Owns the words. `running.run` yields them in this order: (Opened, Block*, Closed)*, Ended. Refuses
to be written to a disk: blocks are raw.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

Ending = Literal["done", "failed", "timeout", "killed", "skipped"]


@dataclass(frozen=True, slots=True)
class Opened:
    """A file of the bundle begins. `name` is safe: relative, no `..`, unique in the bundle."""

    name: str
    origin: str
    modified: float | None = None


@dataclass(frozen=True, slots=True)
class Block:
    """Its next bytes: whole lines, but of a line that is longer than a block, and at the end."""

    data: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Closed:
    """It ended. `left_out` bytes are not in what was kept; `why` is empty where all is well.

    `withheld`: nothing of it may go on, since it is binary; then there was no block of it. A file
    that turns out binary later is cut before that, and `why` says so.
    """

    seconds: float
    left_out: int = 0
    exit_code: int | None = None
    withheld: bool = False
    why: str = ""


@dataclass(frozen=True, slots=True)
class Ended:
    """The collector ended; always the last event, whatever happened."""

    how: Ending
    seconds: float
    why: str = ""


Event = Opened | Block | Closed | Ended
