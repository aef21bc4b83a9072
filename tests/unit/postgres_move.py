"""A move as the course of changes carries it out, with nothing to stop or start."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from unittest.mock import patch

import psycopg

from agent.change.change import Outcome
from agent.change.course import carry_out
from agent.change.means import Judged
from agent.change.request import MoveRequest
from agent.change.sweep import sweep
from agent.database import live as living
from agent.database import move
from agent.database.fence import settle_fences
from agent.database.reach import Place
from agent.database.temporary import PORT, running
from agent.deployment import Deployment, Deployments
from agent.manifest.model import Manifest
from agent.progress import Progress, Silent
from agent.remedies.remedy import Scene
from tests.unit.postgres_place import MANIFEST, OWNER, initdb, open_folder, scene_at


@dataclass
class NothingRuns:
    """Means by which nothing is stopped; it settles what belongs to the database."""

    good: bool = True
    problems: list[str] = field(default_factory=list)

    def scene_of(self, scene: Scene, manifest: Manifest) -> Scene:
        return replace(scene, manifest=manifest)

    def keep_away(self, scene: Scene, reason: str) -> None:
        pass

    def let_come(self, scene: Scene) -> None:
        pass

    def stop(self, scene: Scene) -> None:
        pass

    def settle(self, scene: Scene) -> None:
        self.problems += settle_fences(scene)

    def start(self, scene: Scene) -> None:
        pass

    def judge(self, scene: Scene, progress: Progress) -> Judged:
        return Judged(good=self.good, first_good=scene.host.clock.monotonic(), why="it is not well")

    def last_words(self, scene: Scene) -> dict[str, str]:
        return {}


def cluster_of(folder: Path, *statements: str) -> Path:
    """A cluster in `folder` with the application's database, filled; made once, then copied."""
    place = folder / "data/postgres"
    initdb(place)
    with running(scene_at(folder), place, copied=False, durable=False) as server:
        with psycopg.connect(
            server.conninfo(name="postgres", superuser=True), autocommit=True
        ) as session:
            session.execute("CREATE ROLE shop LOGIN")
            session.execute("CREATE DATABASE shop OWNER shop")
        with psycopg.connect(server.conninfo(superuser=True), autocommit=True) as session:
            session.execute("SET ROLE shop")
            for each in statements:
                session.execute(each.encode())
    return place


@contextmanager
def appliance(cluster: Path) -> Iterator[Scene]:
    """One with a copy of that as its bundled database, deployed as number 1, and a file."""
    with open_folder() as folder:
        scene = scene_at(folder)
        layout = scene.layout
        release = layout.releases / "1-abc"
        release.mkdir(parents=True)
        (layout.active / "release").unlink()
        (layout.active / "release").symlink_to(release)
        layout.manifest.parent.mkdir(parents=True)
        layout.manifest.write_text(MANIFEST)
        deployments = Deployments(layout, scene.host.clock)
        first = Deployment(1, "1", "abc", "", "1-abc", 1, 1.0)
        deployments.write(first, manifest=MANIFEST.encode())
        data = layout.generations / "1"
        if OWNER:
            shutil.chown(data, "postgres", "postgres")
        (data / "upload.txt").write_text("kept")
        copied = ["cp", "-a", "--reflink=auto", str(cluster), str(data / "postgres")]
        subprocess.run(copied, check=True)
        yield scene


def moved(
    scene: Scene, to: str, *, means: NothingRuns | None = None, progress: Progress | None = None
) -> Outcome:
    """Move it. The live database is the bundled one, run for the moment of the look."""
    with _looked_at(scene):
        change = move.prepare_move(scene, MoveRequest(to=to), progress or Silent())
    return carry_out(scene, change, means=means or NothingRuns(), progress=progress)


@contextmanager
def _looked_at(scene: Scene) -> Iterator[None]:
    """While it is looked at, the bundled server runs, on a socket of the test's."""
    if living.url_in_use(scene.layout):
        yield
        return

    @contextmanager
    def live(_: Scene) -> Iterator[psycopg.Connection[tuple[object, ...]]]:
        with (
            running(scene, copied=False, durable=False) as server,
            psycopg.connect(server.conninfo(), autocommit=True) as session,
        ):
            yield session

    with patch.object(move, "live", live):
        yield


def swept(scene: Scene) -> list[Path]:
    """What recovery takes away after a kill."""
    deployments = Deployments(scene.layout, scene.host.clock)
    active = deployments.active()
    assert active is not None
    return sweep(deployments, active, None)


@contextmanager
def bundled(scene: Scene) -> Iterator[Place]:
    """The bundled server of the active deployment, and the place of its database."""
    with running(scene, copied=False, durable=False) as server:
        facts = {"host": str(server.socket), "port": str(PORT), "user": "postgres"}
        yield Place({**facts, "dbname": server.name})
