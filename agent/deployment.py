"""Deployments: a release and a generation of data, named together by one link.

Owns the folders of the design's section 9, their marks, and the flip of `active`, the one commit
point. Refuses to stop or start anything, and to remove what `active` does not reference: callers
do (`agent.change.recovery`, housekeeping).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import msgspec

from agent.data import clone as generations
from agent.database.place import RECORD as DATABASE
from agent.database.place import Place
from agent.errors import MachineError
from agent.host import files, trees
from agent.host.clock import Clock
from agent.host.failures import FileFailure
from agent.layout import Layout
from agent.progress import Silent
from agent.state import StateFile

RECORD = "deployment.json"
MANIFEST = "appliance.toml"
PART = ".part"

Standing = Literal["active", "previous", "earlier", "abandoned", "incomplete"]


class Deployment(msgspec.Struct, frozen=True):
    """What one deployment joins. Times are seconds since 1970.

    `digest` names the release's bytes, `stamp` the payload folder it was staged from. `committed`
    is when it had proved itself: None until then, 0.0 for those of setup's, which had nothing to go
    back to, and of records from before there were marks. `abandoned` is when it was gone back from:
    its data is kept for whoever wants something out of it.
    """

    number: int
    version: str
    digest: str
    stamp: str
    release: str
    generation: int
    created: float
    previous: int | None = None
    epoch: int = 1
    sequence: int = 0
    kind: str = "setup"
    committed: float | None = 0.0
    abandoned: float | None = None


@dataclass(frozen=True, slots=True)
class Listed:
    """A deployment as it stands among the others."""

    deployment: Deployment
    standing: Standing


@dataclass(frozen=True, slots=True)
class Deployments:
    """The deployments of one appliance. `owner` is (uid, gid) of its data."""

    layout: Layout
    clock: Clock
    owner: tuple[int, int] | None = None

    def active(self) -> Deployment | None:
        """The deployment that `active` names; None before the first. Raises MachineError.

        Its record only repeats the links, so where it is spoilt they tell: to take a spoilt one
        for no deployment would make the next one begin with empty data.
        """
        if not self.layout.active.is_symlink():
            return None
        return self.record().load(aside=False) or self.by_links()

    def record(self) -> StateFile[Deployment]:
        """Of the active deployment."""
        return StateFile(self.layout.active / RECORD, Deployment)

    def by_links(self) -> Deployment:
        """What the links alone say of the active deployment. Raises MachineError."""
        return self._by_links(self.layout.active, Path(files.link_target(self.layout.active)).name)

    def find(self, number: int) -> Deployment | None:
        """One deployment; None where none of that number is whole. Raises FileFailure."""
        folder = self.folder(number)
        found = StateFile(folder / RECORD, Deployment).load(aside=False)
        if found is not None and found.number == number:
            return found
        try:
            return self._by_links(folder, str(number))
        except MachineError:
            return None

    def listed(self) -> list[Listed]:
        """Every deployment, the newest first. Raises MachineError and FileFailure."""
        active = self.active()
        before = self.before(active) if active else None
        found = []
        for number in sorted(_numbers(self.layout.deployments), reverse=True):
            each = self.find(number)
            if each is None:
                nothing = Deployment(number, "", "", "", "", number, 0.0, committed=None)
                found.append(Listed(nothing, "incomplete"))
            else:
                found.append(Listed(each, self._standing(each, active, before)))
        return found

    def before(self, active: Deployment) -> int | None:
        """The number that a rollback goes to. A record rebuilt from links does not name it."""
        if active.previous is not None:
            return active.previous
        older = [n for n in _numbers(self.layout.deployments) if n < active.number]
        good = [n for n in older if (each := self.find(n)) is not None and each.abandoned is None]
        return max(good, default=None)

    def folder(self, number: int) -> Path:
        return self.layout.deployments / str(number)

    def generation(self, deployment: Deployment) -> Path:
        """The folder of its data."""
        return self.layout.generations / str(deployment.generation)

    def manifest(self, number: int) -> bytes | None:
        """The text of the manifest that goes with it; None where it has none. FileFailure."""
        try:
            return files.read_bytes(self.folder(number) / MANIFEST)
        except FileNotFoundError:
            return None

    def keep_manifest(self, number: int, text: bytes) -> bool:
        """Put a manifest into a deployment; True if it was another. Raises FileFailure."""
        if self.manifest(number) == text:
            return False
        files.replace(self.folder(number) / MANIFEST, text)
        return True

    def database_url(self, number: int) -> str:
        """Where its external database is; empty while it has none of that kind. FileFailure."""
        file = self._database(number)
        place = file.load(aside=False)
        if place is None and file.broken():
            raise FileFailure(file.path, "read", "it holds no sense")
        return place.url if place else ""

    def any_elsewhere(self) -> bool:
        """Whether the database of any deployment is on another server."""
        numbers = _numbers(self.layout.deployments)
        return any((self.folder(number) / DATABASE).exists() for number in numbers)

    def serves(self, payload: Path, version: str) -> bool:
        """Whether the active deployment runs just this payload; content is read only if needed."""
        active = self.active()
        if active is None or active.version != version:
            return False
        if not (self.layout.current / ".").exists() or not (self.layout.data / ".").exists():
            return False
        return active.stamp == trees.stamp(payload) or active.digest == trees.digest(payload)

    def stage(self, payload: Path, version: str) -> Path:
        """Copy the payload into `releases/`, once for the same bytes. Raises FileFailure."""
        digest = trees.digest(payload)
        target = self.layout.releases / f"{version}-{digest[:12]}"
        files.ensure_folder(self.layout.releases)
        if not target.is_dir():
            trees.stage(payload, target)
        return target

    def deploy(
        self,
        release: Path,
        payload: Path,
        version: str,
        manifest: bytes = b"",
        database_url: str = "",
    ) -> Deployment:
        """Join the staged release with data and flip. Raises FileFailure; then the old one stands.

        The first deployment begins with empty data; a later one with a clone of the active
        data, so that going back finds the data as the old code left it.
        """
        before = self.active()
        number = self.next_number() if before else 1
        self._prepare_data(number, before)
        deployment = Deployment(
            number=number,
            version=version,
            digest=trees.digest(payload),
            stamp=trees.stamp(payload),
            release=release.name,
            generation=number,
            created=self.clock.wall(),
            previous=before.number if before else None,
        )
        self.write(deployment, manifest=manifest, database_url=database_url)
        self.flip(number)
        return deployment

    def write(self, deployment: Deployment, *, manifest: bytes, database_url: str = "") -> None:
        """Make its folder, whole or not at all, and durably. FileFailure.

        What an interrupted run left under its number goes first; `active` never named it.
        """
        folder = self.folder(deployment.number)
        part = folder.with_name(f"{folder.name}{PART}")
        files.ensure_folder(self.layout.deployments)
        trees.remove(part)
        files.ensure_folder(part)
        release = self.layout.releases / deployment.release
        files.replace_link(part / "release", str(release))
        files.replace_link(part / "state", f"../../generations/{deployment.generation}")
        if manifest:
            files.replace(part / MANIFEST, manifest)
        if database_url:
            StateFile(part / DATABASE, Place, mode=0o600).save(Place(database_url))
        StateFile(part / RECORD, Deployment).save(deployment)
        trees.remove(folder)
        files.rename(part, folder)

    def flip(self, number: int) -> None:
        """Make a deployment the active one: one rename and an fsync. Raises FileFailure."""
        files.replace_link(self.layout.active, f"deployments/{number}")
        link = self.layout.active / "release"
        if not self.layout.current.is_symlink():
            files.replace_link(self.layout.current, str(link))

    def commit(self, number: int) -> None:
        """Mark it as one that has proved itself. MachineError and FileFailure."""
        self._mark(number, committed=self.clock.wall(), abandoned=None)

    def abandon(self, number: int) -> None:
        """Mark it as one that was gone back from. MachineError and FileFailure."""
        found = self._whole(number)
        if found.abandoned is None:
            self._mark(number, committed=found.committed, abandoned=self.clock.wall())

    def next_number(self) -> int:
        """One more than any number ever seen here, of what was left half made too."""
        seen = _numbers(self.layout.deployments, parts=True)
        return 1 + max(seen | _numbers(self.layout.generations, parts=True), default=0)

    def _mark(self, number: int, *, committed: float | None, abandoned: float | None) -> None:
        marked = msgspec.structs.replace(
            self._whole(number), committed=committed, abandoned=abandoned
        )
        StateFile(self.folder(number) / RECORD, Deployment).save(marked)

    def _whole(self, number: int) -> Deployment:
        found = self.find(number)
        if found is None:
            message = f"deployment {number} is not whole"
            hint = f"ls -l {self.folder(number)}/"
            raise MachineError("state-corrupt", message, hint=hint)
        return found

    def _by_links(self, folder: Path, number: str) -> Deployment:
        release = Path(files.link_target(folder / "release")).name
        generation = Path(files.link_target(folder / "state")).name
        version, _, digest = release.rpartition("-")
        if not (generation.isdecimal() and number.isdecimal() and release):
            message = f"{folder} leads to no whole deployment (release, data)"
            raise MachineError("state-corrupt", message, hint=f"ls -l {folder}/")
        return Deployment(
            number=int(number),
            version=version or release,
            digest=digest,
            stamp="",
            release=release,
            generation=int(generation),
            created=self.clock.wall(),
        )

    def _standing(
        self, each: Deployment, active: Deployment | None, before: int | None
    ) -> Standing:
        if active is not None and each.number == active.number:
            return "active"
        if each.abandoned is not None:
            return "abandoned"
        if each.committed is None or not self.generation(each).is_dir():
            return "incomplete"
        return "previous" if each.number == before else "earlier"

    def _database(self, number: int) -> StateFile[Place]:
        return StateFile(self.folder(number) / DATABASE, Place, mode=0o600)

    def _prepare_data(self, number: int, before: Deployment | None) -> None:
        files.ensure_folder(self.layout.generations)
        target = self.layout.generations / str(number)
        if before is None:
            self._nobodys_data()
        trees.remove(target)  # Left by an interrupted run; `active` never named it.
        if before is None:
            generations.make_empty(target, owner=self.owner)
        else:
            generations.clone(self.generation(before), target, progress=Silent(), clock=self.clock)

    def _nobodys_data(self) -> None:
        """A first run that was interrupted leaves a generation empty; a full one is somebody's."""
        for number in sorted(_numbers(self.layout.generations)):
            folder = self.layout.generations / str(number)
            if any(trees.walk(folder)):
                message = f"{folder} holds data, and {self.layout.active} names no deployment"
                raise MachineError("state-corrupt", message, hint=f"ls -l {self.layout.data_home}")


def _numbers(folder: Path, *, parts: bool = False) -> set[int]:
    """Numbers of the folders there; `parts`: of those being made as well."""
    try:
        names = [path.name for path in folder.iterdir() if path.is_dir() and not path.is_symlink()]
    except FileNotFoundError:
        return set()
    stems = [name.partition(".")[0] if parts else name for name in names]
    return {int(stem) for stem in stems if stem.isascii() and stem.isdecimal()}
