"""What setup's preflight looks at: the machine, and what was handed in.

Owns the record. Refuses to judge.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from agent.preflight.subject import Subject


@dataclass(frozen=True, kw_only=True)
class SetupSubject(Subject):
    """`source` is the manifest's folder, with the payload beside it."""

    source: Path
    wheelhouse: Path | None = None
    offline: bool = False

    @cached_property
    def staged(self) -> Path | None:
        """The release that an image brought along; None where the manifest came from elsewhere."""
        if self.source != self.layout.etc:
            return None
        found = self.layout.releases.glob(f"{self.manifest.appliance.version}-*")
        return next((path for path in sorted(found) if path.suffix != ".part"), None)

    @property
    def at_hand(self) -> bool:
        return self.installed or self.offline or self.staged is not None
