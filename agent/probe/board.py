"""The deadline that parent and child share: one word of memory, one writer.

Owns the word's layout. A single aligned 64-bit store can't be read half-written, so no lock is
needed, the parent renews its word without waking the child, and a parent that stops renewing,
for whatever reason, is noticed by the child at the next probe.

The word holds the deadline (milliseconds of `ticks`) and the number of the snapshot it is for: a
renewed deadline never makes fresh a snapshot that the child has not received.
"""

from __future__ import annotations

import mmap

_NUMBER_BITS = 20
NUMBERS = 1 << _NUMBER_BITS
_LATEST = 1e10  # seconds, some 300 years of uptime; what is left of the word holds 557


class Board:
    """Made before the fork, so that both sides map the same page."""

    __slots__ = ("_page", "word")

    def __init__(self) -> None:
        self._page = mmap.mmap(-1, mmap.PAGESIZE)  # shared and anonymous
        self.word = memoryview(self._page).cast("Q")[:1]

    def post(self, number: int, deadline: float) -> None:
        """Say that snapshot `number` holds until `deadline` (of `ticks`)."""
        moment = int(min(max(deadline, 0.0), _LATEST) * 1000)
        self.word[0] = moment << _NUMBER_BITS | number % NUMBERS


def ahead(number: int, have: int) -> bool:
    """Whether snapshot `number` was published after snapshot `have`; numbers wrap around."""
    return 0 < (number - have) % NUMBERS < NUMBERS // 2


def read(word: int) -> tuple[int, float]:
    """Snapshot number and deadline out of a word; (0, 0.0) before the first post."""
    return word % NUMBERS, (word >> _NUMBER_BITS) / 1000
