"""Progress of long work, as whoever does it tells it.

Owns the words: a step begins, so much of it is done, something is worth a line. Refuses to show
them: a terminal, a plain log and a file that another process follows each do so their own way.
"""

from __future__ import annotations

from typing import Literal, Protocol

Unit = Literal["bytes", "rows", "files", "items", "seconds"]


class Progress(Protocol):
    """Told from one thread. `total` is 0 where nobody knows it."""

    def step(self, code: str, title: str) -> None:
        """Another step begins, and the one before has ended well."""
        ...

    def advance(self, done: int, total: int, unit: Unit) -> None: ...

    def note(self, text: str) -> None:
        """A line that stays: a measurement, a decision, a warning. No secrets."""
        ...


class Silent:
    """For callers whom nobody watches."""

    def step(self, code: str, title: str) -> None:
        pass

    def advance(self, done: int, total: int, unit: Unit) -> None:
        pass

    def note(self, text: str) -> None:
        pass
