"""From what was asked for to the change that does it.

Owns which owner prepares which request. Refuses to prepare any: verifying, staging and looking
ahead are theirs, and happen before anything is stopped. Each owner is loaded when it is called,
since none needs another one's libraries.
"""

from __future__ import annotations

from agent.change.change import Change
from agent.change.request import (
    MoveRequest,
    Request,
    RestoreRequest,
    RollbackRequest,
    UpgradeRequest,
)
from agent.progress import Progress
from agent.remedies.remedy import Scene


def prepare(scene: Scene, request: Request, progress: Progress) -> Change:
    """The change that was asked for. Raises CaretakerError and HostFailure; then nothing was
    stopped."""
    match request:
        case UpgradeRequest():
            from agent.upgrade.upgrade import prepare_upgrade

            return prepare_upgrade(scene, request, progress)
        case RollbackRequest():
            from agent.upgrade.rollback import prepare_rollback

            return prepare_rollback(scene, request, progress)
        case RestoreRequest():
            from agent.backup.restore import prepare_restore

            return prepare_restore(scene, request, progress)
        case MoveRequest():
            from agent.database.move import prepare_move

            return prepare_move(scene, request, progress)
