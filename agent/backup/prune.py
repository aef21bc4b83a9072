"""Removing backups that the policy does not keep.

Owns doing it, and saying beforehand what would go. Which ones is `keep`'s to say. Refuses while the
list can't be read.
"""

from __future__ import annotations

from agent.backup.create import alone, noted
from agent.backup.keep import spare
from agent.backup.record import Kept
from agent.backup.repository import open_repository
from agent.progress import Progress, Silent
from agent.remedies.remedy import Scene


def would_go(scene: Scene) -> list[Kept]:
    """What `prune` would remove now."""
    listed = open_repository(scene).listed()
    zone = scene.host.clock.zone(environment=scene.layout.embedded)
    return spare(listed, scene.manifest.backup, zone)


def prune(scene: Scene, *, by: str, progress: Progress | None = None) -> list[Kept]:
    """Remove them, and what killed runs left. CaretakerError, once the ledger knows."""
    with noted(scene, "backup-prune", by=by) as note, alone(scene):
        gone = would_go(scene)
        open_repository(scene).forget(gone, progress or Silent())
        note.why = f"{len(gone)} older than the manifest keeps" if gone else "nothing was to go"
        note.detail = {"removed": len(gone)}
    return gone
