"""What setup's preflight looks at: the machine, and what was handed in.

Owns the record. Refuses to judge.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from agent.preflight.subject import Subject


@dataclass(frozen=True, kw_only=True)
class SetupSubject(Subject):
    """`source` is the manifest's folder, with the payload beside it."""

    source: Path
    wheelhouse: Path | None = None
    offline: bool = False
