"""Which collectors the words on the command line mean, with the vendor's own word on it.

Owns that. Refuses anything heavy: a plan is shown in half a second.
"""

from __future__ import annotations

from collections.abc import Sequence

from agent.manifest.model import Manifest
from support.bundle.order import Choice, choice
from support.collectors.collector import Collector

SIZE, TIME = 100 << 20, 240.0  # where no manifest says; bytes of the file, seconds


def chosen(
    manifest: Manifest | None,
    collectors: Sequence[Collector],
    only: Sequence[str],
    skip: Sequence[str],
    also: Sequence[str],
) -> Choice:
    """By name. UsageError."""
    left_out = [*skip]
    if manifest is not None and not only:
        left_out += manifest.support.skip
    return choice(collectors, only=only, skip=left_out, also=also)
