"""A process with something to do with a file, as a value. Owns its words."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Holder:
    """Who, and what it has to do with it: "has /x open"."""

    pid: int
    name: str
    how: str

    def __str__(self) -> str:
        if (
            self.pid <= 0
        ):  # The kernel does not say who: an open file of several, another namespace.
            return f"somebody {self.how}"
        return f"process {self.pid}{f' ({self.name})' if self.name else ''} {self.how}"
