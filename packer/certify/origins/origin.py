"""An origin: who vouches for a file, or for which reason it stands there.

Owns the record. `sum` means that its bytes were compared with what the origin says of them;
`named` that its place is expected and its bytes are not known.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Proof = Literal["sum", "made", "named"]


@dataclass(frozen=True, slots=True)
class Origin:
    """`made`: worked out from files that have an origin (bytecode, a link of a package)."""

    proof: Proof
    words: str
