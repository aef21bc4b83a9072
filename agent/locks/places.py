"""Where files put aside are kept.

Owns the choice: the first of these on the lock's own file system, since a rename can't leave it.
Root's alone, so that the application can't bring one back by itself.
"""

from __future__ import annotations

from pathlib import Path

from agent.host.quarantine import BESIDE
from agent.layout import Layout
from agent.manifest.model import Manifest
from agent.manifest.placeholders import Values, expand

KEPT = 30 * 86400.0  # seconds


def quarantines(layout: Layout) -> tuple[Path, ...]:
    """In the order in which they are tried; after them a folder beside the lock."""
    return layout.quarantine, layout.run_quarantine, layout.state_quarantine


def all_quarantines(layout: Layout, manifest: Manifest, values: Values) -> tuple[Path, ...]:
    """Every folder in which something may be kept. Raises ManifestError."""
    beside = [Path(expand(lock.path, values)).parent / BESIDE for lock in manifest.locks.values()]
    return tuple(dict.fromkeys([*quarantines(layout), *beside]))
