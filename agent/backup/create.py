"""Making a backup: one at a time, told in the ledger, however it ended.

Owns the order: what a killed run left goes first, then the picture is taken and sent. Refuses to
decide when (housekeeping) and what is kept (`prune`).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from msgspec import Struct

from agent.backup import hold
from agent.backup.picture import taken
from agent.backup.record import BackupRecord, new_id
from agent.backup.repository import open_repository
from agent.errors import BusyError, CaretakerError, MachineError
from agent.health.words import amount
from agent.host import chance, files, lock
from agent.host.failures import HostFailure, LockHeld
from agent.ledger import Ledger
from agent.progress import Progress
from agent.remedies.remedy import Scene


class Made(Struct, frozen=True, kw_only=True):
    """What was made. `added` is bytes that the repository grew by."""

    record: BackupRecord
    repository: str
    added: int
    seconds: float

    @property
    def told(self) -> str:
        """One line for people."""
        how = {"snapshot": "by snapshot", "reflink": "by shared blocks", "live": "in place"}
        words = [
            amount(self.record.size),
            how[self.record.how],
            *(["held still"] if self.record.held else []),
            f"{amount(self.added)} added in {self.seconds:.1f} s",
        ]
        changed = len(self.record.unsteady)
        loose = f"; {changed} files changed under every try" if changed else ""
        return ", ".join(words) + loose


def create(scene: Scene, progress: Progress, *, by: str) -> Made:
    """Make a backup now. CaretakerError and HostFailure, once the ledger knows."""
    clock = scene.host.clock
    began = clock.monotonic()
    with noted(scene, "backup", by=by) as note, alone(scene):
        hold.recover(scene)
        name = new_id(clock.wall(), chance.some(3))
        note.target = name
        repository = open_repository(scene)
        repository.begin()
        with taken(scene, name, progress) as picture:
            record, added = repository.put(picture, progress)
        made = Made(
            record=record,
            repository=repository.where.shown,
            added=added,
            seconds=clock.monotonic() - began,
        )
        note.why = made.told
        note.detail = {"size": record.size, "added": added, "how": record.how, "held": record.held}
    return made


class Note(Struct, kw_only=True):
    """What the ledger will be told."""

    target: str = ""
    why: str = ""
    detail: dict[str, str | int | float | bool | None] = {}


@contextmanager
def noted(scene: Scene, act: str, *, by: str) -> Iterator[Note]:
    """An entry in the ledger for the block; of a failure too."""
    clock = scene.host.clock
    note, began, outcome = Note(target=scene.manifest.appliance.name), clock.monotonic(), "failed"
    try:
        yield note
        outcome = "done"
    except CaretakerError as error:
        note.why = error.message
        raise
    except HostFailure as failure:
        note.why = str(failure)
        raise MachineError(
            "backup-failed", str(failure), hint=f"caretaker ledger  # and again: {act}"
        ) from failure
    finally:
        Ledger(scene.layout.ledger, clock).write(
            act, target=note.target, outcome=outcome, why=note.why or "it broke off", actor=by,
            seconds=clock.monotonic() - began, detail=note.detail,
        )  # fmt: skip


@contextmanager
def alone(scene: Scene) -> Iterator[None]:
    """Nobody else makes, removes or fetches backups here meanwhile. BusyError."""
    files.ensure_folder(scene.layout.state)
    try:
        with lock.exclusive(scene.layout.state / "backup.lock", purpose="backup"):
            yield
    except LockHeld as failure:
        raise BusyError(
            "lock-held", f"a backup is under way: {failure}", hint="caretaker backup list"
        ) from failure
