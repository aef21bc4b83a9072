"""Which collectors the words on the command line mean, with the vendor's own word on it.

Owns that. Refuses anything heavy: a plan is shown in half a second.
"""

from __future__ import annotations

from collections.abc import Sequence

from agent.errors import UsageError
from agent.manifest.model import Manifest
from support.bundle.order import Choice, choice
from support.collectors.collector import Collector
from support.collectors.selection import choose

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
        # A word of the vendor's about a collector that this machine does not have is no error.
        left_out += [name for name in manifest.support.skip if _is_known(name, collectors)]
    return choice(collectors, only=only, skip=left_out, also=also)


def _is_known(name: str, collectors: Sequence[Collector]) -> bool:
    try:
        choose(collectors, skip=[name])
    except UsageError:
        return False
    return True
