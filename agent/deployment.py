"""Deployments: a release and a generation of data, named together by one link.

Owns the folders of the design's section 9 and the flip of `active`, the one commit point. Whatever
`active` does not reference is left-over of an interrupted run and may be removed. Refuses to stop
or start anything: callers do, before data is cloned and after the flip.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import msgspec

from agent.errors import MachineError
from agent.host import files, trees
from agent.host.clock import Clock
from agent.layout import Layout
from agent.state import StateFile

RECORD = "deployment.json"


class Deployment(msgspec.Struct, frozen=True):
    """What one deployment joins. `created` is seconds since 1970.

    `digest` names the release's bytes, `stamp` the payload folder it was staged from.
    """

    number: int
    version: str
    digest: str
    stamp: str
    release: str
    generation: int
    created: float
    previous: int | None = None


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
        folder = self.layout.active
        release = Path(files.link_target(folder / "release")).name
        generation = Path(files.link_target(folder / "state")).name
        number = Path(files.link_target(folder)).name
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

    def deploy(self, release: Path, payload: Path, version: str) -> Deployment:
        """Join the staged release with data and flip. Raises FileFailure; then the old one stands.

        The first deployment begins with empty data; a later one with a clone of the active
        data, so that going back finds the data as the old code left it.
        """
        before = self.active()
        number = self._next_number()
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
        folder = self.layout.deployments / str(number)
        files.ensure_folder(self.layout.deployments)
        files.ensure_folder(folder)
        files.replace_link(folder / "release", str(release))
        files.replace_link(folder / "state", f"../../generations/{number}")
        StateFile(folder / RECORD, Deployment).save(deployment)
        self.flip(number)
        return deployment

    def flip(self, number: int) -> None:
        """Make a deployment the active one: one rename and an fsync. Raises FileFailure."""
        files.replace_link(self.layout.active, f"deployments/{number}")
        link = self.layout.active / "release"
        if not self.layout.current.is_symlink():
            files.replace_link(self.layout.current, str(link))

    def _prepare_data(self, number: int, before: Deployment | None) -> None:
        files.ensure_folder(self.layout.generations)
        target = self.layout.generations / str(number)
        if before is None and any(trees.walk(target) if target.is_dir() else ()):
            # A first run that was interrupted leaves it empty. This is somebody's data.
            message = f"{target} holds data, and {self.layout.active} names no deployment"
            raise MachineError("state-corrupt", message, hint=f"ls -l {self.layout.data_home}")
        trees.remove(target)  # Left by an interrupted run; `active` never named it.
        if before is None:
            files.ensure_folder(target, mode=0o750, owner=self.owner)
        else:
            trees.clone(self.layout.generations / str(before.generation), target)

    def _next_number(self) -> int:
        active = self.active()
        return active.number + 1 if active else 1
