"""What a place for backups can do, whichever kind it is.

Owns the contract, and choosing the kind: what is there decides, else restic where it is installed.
Refuses to know either kind's inside.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from agent.backup import archives, place, restic
from agent.backup.picture import Picture
from agent.backup.record import BackupRecord, Kept
from agent.errors import MachineError
from agent.host import streaming
from agent.progress import Progress
from agent.remedies.remedy import Scene


class Repository(Protocol):
    """All raise CaretakerError and HostFailure, and may be killed at any point and run again."""

    kind: str
    where: place.Place

    def begin(self) -> None:
        """Make it, where there is none yet and it is known that there was none."""
        ...

    def put(self, picture: Picture, progress: Progress) -> tuple[BackupRecord, int]:
        """Send a picture; its record as it stands in the backup, and the bytes that were added."""
        ...

    def listed(self) -> list[Kept]:
        """Every whole backup of this appliance, oldest first."""
        ...

    def record(self, kept: Kept) -> BackupRecord: ...

    def fetch(self, kept: Kept, into: Path, progress: Progress) -> None:
        """Put it into a new folder: data/, system/, database.dump, backup.json; all verified."""
        ...

    def export(self, kept: Kept, target: Path, progress: Progress) -> None:
        """One file that tar and zstd can read."""
        ...

    def forget(self, backups: Sequence[Kept], progress: Progress) -> None:
        """Remove these, and what killed runs left."""
        ...

    def check(self, progress: Progress, *, full: bool) -> list[str]:
        """What is wrong with it. `full` reads every byte back, else a part of them."""
        ...


def open_repository(scene: Scene) -> Repository:
    """The place that is chosen. MachineError, RefusedError."""
    where = place.place_of(scene.manifest.backup, scene.layout)
    if not where.remote:
        place.safe_folder(where.folder)
    kind = _kind(where)
    if kind == restic.KIND:
        if not streaming.is_installed("restic"):
            raise MachineError(
                "command-missing",
                f"{where.shown} is restic's, and restic is not installed",
                hint="sudo apt-get install restic",
            )
        return restic.Restic(scene, where)
    return archives.Archives(scene, where)


def _kind(where: place.Place) -> str:
    if where.remote:
        return restic.KIND
    folder = where.folder
    if (folder / "config").is_file() and (folder / "keys").is_dir():
        return restic.KIND
    if where.known:
        return where.known
    if any(folder.glob("*.tar.zst")):
        return archives.KIND
    return restic.KIND if streaming.is_installed("restic") else archives.KIND
