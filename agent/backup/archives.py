"""Backups in a folder of files that tar and zstd can read, where there is no restic.

Owns the folder: `ID.tar.zst`, and beside it `ID.json` for lists, which is written last and makes it
count. Each is a full one, sealed with the backups' password and not encrypted. Refuses remote
places.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from agent.backup import export, place
from agent.backup.fetched import read_record
from agent.backup.picture import Picture
from agent.backup.record import DATA, DUMP, RECORD, SYSTEM, BackupRecord, Kept, is_id
from agent.errors import MachineError, RefusedError
from agent.host import archive_read, archive_write, files, leftovers, open_new, steady
from agent.host.archive_read import Found
from agent.host.archive_write import Archive
from agent.host.failures import FileFailure
from agent.progress import Progress
from agent.remedies.remedy import Scene
from agent.state import StateFile

KIND = "archives"
_ENDING = ".tar.zst"
_MARK = "caretaker-backups"


@dataclass
class Archives:
    """One folder."""

    scene: Scene
    where: place.Place
    kind: str = field(default=KIND, init=False)

    def begin(self) -> None:
        place.ensure_password(self.scene.layout)
        if not self._is_there():
            files.ensure_folder(self.where.folder, mode=0o700)
            files.replace(self.where.folder / _MARK, b"Caretaker's backups\n")
        place.know(self.scene.layout, self.where, KIND)

    def put(self, picture: Picture, progress: Progress) -> tuple[BackupRecord, int]:
        progress.step("send", f"write it to {self.where.shown}")
        target = self._archive(picture.record.id)
        done, total = 0, picture.record.size

        def told(count: int) -> None:
            nonlocal done
            done += count
            progress.advance(min(done, total), total, "bytes")

        key = place.key(self.scene.layout)
        with archive_write.writing(target, key=key, told=told) as archive:
            export.begin(archive, picture.record)
            moved = archive.add_tree(picture.data, DATA, picture.skip)
            if moved:
                progress.note(f"{len(moved)} files changed while they were read; read again")
                picture = picture.put_aside(moved)
            picture = picture.written()
            _add_more(archive, picture)
        stored = target.stat().st_size
        self._note(picture.record.id).save(_kept(picture.record, target, stored))
        return picture.record, stored

    def listed(self) -> list[Kept]:
        if not self._is_there():
            return []
        found = []
        for path in sorted(self.where.folder.glob("*.json")):
            name = path.name.removesuffix(".json")
            if is_id(name) and self._archive(name).is_file():
                kept = self._note(name).load(aside=False)
                if kept is not None and kept.id == name:
                    found.append(kept)
        return sorted(found, key=lambda each: each.created)

    def record(self, kept: Kept) -> BackupRecord:
        return read(Path(kept.place), self.scene)

    def fetch(self, kept: Kept, into: Path, progress: Progress) -> None:
        fetch_file(Path(kept.place), into, self.scene, progress, unsealed=False)

    def export(self, kept: Kept, target: Path, progress: Progress) -> None:
        open_new.copy(Path(kept.place), target, mode=0o600)

    def forget(self, backups: Sequence[Kept], progress: Progress) -> None:
        for each in backups:
            files.remove(self._note(each.id).path)
            files.remove(self._archive(each.id))
        whole = {each.id for each in self.listed()}
        for path in sorted(self.where.folder.glob(f"*{_ENDING}")):
            name = path.name.removesuffix(_ENDING)
            if is_id(name) and name not in whole:
                files.remove(path)  # Its writer was killed before it counted.
        for path in leftovers.find(self.where.folder):
            files.remove(path)

    def check(self, progress: Progress, *, full: bool) -> list[str]:
        progress.step("read", "read the backups back")
        listed = self.listed()
        problems = []
        for each in listed if full else listed[-1:]:
            try:
                read(Path(each.place), self.scene)
            except (RefusedError, MachineError, FileFailure) as error:
                problems.append(f"{each.id}: {error}")
        return problems

    def _is_there(self) -> bool:
        """MachineError where it was once: then its disk is not mounted."""
        found = (self.where.folder / _MARK).is_file()
        if self.where.known and not found:
            raise place.lost(self.where)
        return found

    def _archive(self, name: str) -> Path:
        return self.where.folder / f"{name}{_ENDING}"

    def _note(self, name: str) -> StateFile[Kept]:
        return StateFile(self.where.folder / f"{name}.json", Kept, mode=0o600)


def read(path: Path, scene: Scene) -> BackupRecord:
    """Read all of a file; its record. RefusedError unless it is whole and sealed by us."""
    found = archive_read.read(path, keep=frozenset([RECORD]), limit=1 << 62)
    return _believed(path, found, scene, unsealed=False)


def fetch_file(
    path: Path, into: Path, scene: Scene, progress: Progress, *, unsealed: bool
) -> BackupRecord:
    """Unpack a file into a new folder, and believe it only then. RefusedError, FileFailure.

    `unsealed`: the person vouches for a file that was sealed with another password.
    """
    room = scene.host.facts.file_system(into.parent).free
    done = 0

    def told(count: int) -> None:
        nonlocal done
        done += count
        progress.advance(done, 0, "bytes")

    found = archive_read.read(path, keep=frozenset([RECORD]), into=into, limit=room, told=told)
    return _believed(path, found, scene, unsealed=unsealed)


def _believed(path: Path, found: Found, scene: Scene, *, unsealed: bool) -> BackupRecord:
    if not found.whole:
        raise RefusedError(
            "backup-failed",
            f"{path} is not what it says of itself: a file was changed, added or taken away",
            hint="caretaker backup list  # take another one",
        )
    if not found.sealed_with(place.key(scene.layout)) and not unsealed:
        raise RefusedError(
            "backup-failed",
            f"{path} was not sealed with this machine's password for backups, or changed since",
            hint="caretaker backup connect REPOSITORY --password-file FILE  # or --unsealed",
        )
    return read_record(found.kept.get(RECORD, b""))


def _add_more(archive: Archive, picture: Picture) -> None:
    """What was gathered, in the places it has in the file."""
    for path in picture.record.aside:
        fd = steady.open_below(picture.over, path)
        try:
            archive.add_file(fd, f"{DATA}/{path}")
        finally:
            os.close(fd)
    if (picture.more / SYSTEM).is_dir():
        archive.add_tree(picture.more / SYSTEM, SYSTEM, frozenset())
    for name in (DUMP, RECORD):
        if (picture.more / name).is_file():
            fd = steady.open_below(picture.more, name)
            try:
                archive.add_file(fd, name)
            finally:
                os.close(fd)


def _kept(record: BackupRecord, target: Path, stored: int) -> Kept:
    return Kept(
        id=record.id, created=record.created, version=record.version, epoch=record.epoch,
        host=record.host, place=str(target), size=record.size, stored=stored,
    )  # fmt: skip
