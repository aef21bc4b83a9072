"""A trace: something the build leaves on the disk that no customer's machine may begin with.

Owns the record. Refuses to know how it is taken away.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

How = Literal["remove", "hollow", "empty"]


@dataclass(frozen=True, slots=True)
class Trace:
    """`pattern` is a glob from the root. `remove` it whole, `hollow` a folder, `empty` files of
    their content (in a folder: every file below)."""

    pattern: str
    how: How
    why: str
