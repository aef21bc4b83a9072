"""What the tests of changes share: an appliance in two versions, and a machine that can be killed.

The machine remembers what runs and which code and data it was started with, so that a test can ask
afterwards whether the two belong together. `faults` strikes at the n-th call that changes a file.
"""

import itertools
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from agent.change.change import Change, Draft, Target
from agent.change.course import carry_out
from agent.change.means import Judged
from agent.change.pending import pending_file
from agent.deployment import Deployments
from agent.host import files
from agent.host.clock import Clock
from agent.layout import Layout
from agent.manifest.model import Manifest
from agent.manifest.reader import parse
from agent.progress import Progress
from agent.remedies.remedy import Scene
from agent.values import values_for
from tests.scripted_host import ScriptedClock, scripted_host
from tests.unit.checks_world import ScriptedServices

# Calls that change a file: each is a place to be killed at, or to be refused by the disk.
CALLS = ("open", "mkdir", "rmdir", "rename", "unlink", "symlink", "fsync", "fchmod", "ftruncate")


class Killed(BaseException):
    """SIGKILL, as far as one process can play it: nothing but `finally` runs after it."""


class Ticking(ScriptedClock):
    """Each reading is later than the one before, so that entries have an order."""

    def wall(self) -> float:
        self.advance(0.001)
        return super().wall()


def text_of(version: str) -> bytes:
    return f'[appliance]\nname = "shop"\nversion = "{version}"\n'.encode()


@dataclass
class Machine:
    """Means that keep in memory what a real machine keeps in processes: a kill spares it.

    `bad`: versions that never get healthy. `reached` is told each step, and may raise.
    """

    layout: Layout
    bad: set[str] = field(default_factory=set)
    running: tuple[str, str] | None = None  # release and generation, as its processes see them
    drained: bool = False
    said: list[str] = field(default_factory=list)
    reached: Callable[[str], None] = lambda step: None

    def scene_of(self, scene: Scene, manifest: Manifest) -> Scene:
        return replace(scene, manifest=manifest, values=values_for(manifest, scene.layout))

    def keep_away(self, scene: Scene, reason: str) -> None:
        self._say("keep_away")
        self.drained = True

    def let_come(self, scene: Scene) -> None:
        self._say("let_come")
        self.drained = False

    def stop(self, scene: Scene) -> None:
        self._say("stop")
        self.running = None

    def settle(self, scene: Scene) -> None:
        self._say("settle")
        active = Deployments(self.layout, Clock()).active()
        assert active is not None
        assert scene.manifest.appliance.version == active.version
        files.replace(self.layout.manifest, text_of(scene.manifest.appliance.version))

    def start(self, scene: Scene) -> None:
        self._say("start")
        self.running = self.on_disk()

    def judge(self, scene: Scene, progress: Progress) -> Judged:
        self._say("judge")
        version = scene.manifest.appliance.version
        assert self.running == self.on_disk()
        if version in self.bad:
            return Judged(good=False, why="web: refuses connections")
        self.let_come(scene)
        return Judged(good=True, first_good=scene.host.clock.monotonic())

    def last_words(self, scene: Scene) -> dict[str, str]:
        return {"web": "panic"}

    def on_disk(self) -> tuple[str, str]:
        """What a service that starts now would run, and on which data."""
        release = os.path.realpath(self.layout.current)
        return os.path.basename(release), os.path.basename(os.path.realpath(self.layout.data))

    def _say(self, step: str) -> None:
        self.reached(step)
        self.said.append(step)


@dataclass
class World:
    """Version 1.0 deployed with a row in its data, 1.1 staged."""

    scene: Scene
    machine: Machine
    deployments: Deployments

    def change(self, *, make: Callable[[Draft], None] | None = None, **more: Any) -> Change:
        """To 1.1, which writes `v1.1` into the data."""
        return Change(
            more.pop("kind", "upgrade"),
            "upgrade Shop 1.0 to 1.1",
            Target(
                **{
                    "version": "1.1", "digest": "b" * 64, "release": "1.1-bbbbbbbbbbbb",
                    "manifest": text_of("1.1"), **more,
                }
            ),
            make or migrated,
        )  # fmt: skip

    def back(self, number: int = 1) -> Change:
        """To a deployment that is there."""
        found = self.deployments.find(number)
        assert found is not None
        manifest = self.deployments.manifest(number) or b""
        target = Target(
            version=found.version, digest=found.digest, release=found.release,
            manifest=manifest, number=number,
        )  # fmt: skip
        return Change("rollback", f"back to {found.version}", target, None)

    def carry_out(self, change: Change | None = None) -> Any:
        return carry_out(self.scene, change or self.change(), means=self.machine)

    def pending(self) -> Any:
        return pending_file(self.scene.layout).load(aside=False)

    def complaints(self) -> list[str]:
        """What is not as it must be when nothing is under way."""
        layout, found = self.scene.layout, []
        active = self.deployments.active()
        assert active is not None
        if self.machine.running != self.machine.on_disk():
            found.append(f"runs {self.machine.running}, active is {self.machine.on_disk()}")
        if self.machine.on_disk() != (active.release, str(active.generation)):
            found.append(f"the links lead to {self.machine.on_disk()}, not to {active}")
        if layout.manifest.read_bytes() != text_of(active.version):
            found.append("the manifest in place is of another version")
        wanted = {"1.0": "v1.0", "1.1": "v1.1"}[active.version]
        if (layout.data / "rows").read_text() != wanted:
            found.append(f"{active.version} has data of another")
        if (layout.generations / "1/rows").read_text() != "v1.0":
            found.append("the old data was changed")
        found += [f"litter: {path}" for path in litter(layout)]
        pending = self.pending()
        if pending is not None and pending.under_way:
            found.append(f"still {pending.phase}")
        if self.machine.drained:
            found.append("traffic is still sent away")
        return found


def migrated(draft: Draft) -> None:
    files.ensure_folder(draft.data, mode=0o750)
    old = (draft.source / "rows").read_bytes()
    assert old == b"v1.0"
    files.replace(draft.data / "rows", b"v1.1")


def litter(layout: Layout) -> Iterator[Path]:
    """What neither `active` nor an earlier or abandoned deployment has a use for."""
    deployments = Deployments(layout, Clock())
    listed = deployments.listed()
    named = {each.deployment.number for each in listed if each.standing != "incomplete"}
    for home in (layout.deployments, layout.generations, layout.releases):
        for path in home.iterdir():
            numbered = home != layout.releases
            if path.name.endswith(".part") or (numbered and int(path.name) not in named):
                yield path


def world(root: Path) -> World:
    layout = Layout(root, "shop")
    manifest = parse(text_of("1.0").decode())
    for folder in (layout.state, layout.etc, layout.run, layout.releases / "1.1-bbbbbbbbbbbb"):
        folder.mkdir(parents=True, exist_ok=True)
    host = replace(scripted_host(root), clock=Ticking())
    layout.manifest.write_bytes(text_of("1.0"))
    payload = root / "payload"
    payload.mkdir()
    (payload / "server").write_text("1.0")
    (layout.releases / "1.1-bbbbbbbbbbbb/server").write_text("1.1")
    deployments = Deployments(layout, host.clock)
    deployments.deploy(deployments.stage(payload, "1.0"), payload, "1.0")
    (layout.data / "rows").write_text("v1.0")
    scene = Scene(host, manifest, layout, values_for(manifest, layout), ScriptedServices())
    machine = Machine(layout)
    machine.running = machine.on_disk()
    return World(scene, machine, deployments)


@contextmanager
def faults(strike: Callable[[int, str], None]) -> Iterator[list[str]]:
    """Tell `strike` of each call that changes a file, before it happens; it may raise."""
    seen: list[str] = []
    count = itertools.count(1)
    real = {name: getattr(os, name) for name in CALLS}

    def wrapped(name: str) -> Callable[..., Any]:
        def call(*args: Any, **more: Any) -> Any:
            if name != "open" or args[1] & (os.O_WRONLY | os.O_RDWR | os.O_CREAT):
                seen.append(f"{name} {args[0]}")
                strike(next(count), name)
            return real[name](*args, **more)

        return call

    for name in CALLS:
        setattr(os, name, wrapped(name))
    try:
        yield seen
    finally:
        for name in CALLS:
            setattr(os, name, real[name])


def kill_at(number: int) -> Callable[[int, str], None]:
    def strike(count: int, name: str) -> None:
        if count == number:
            raise Killed(name)

    return strike


def refuse_at(number: int, errno: int) -> Callable[[int, str], None]:
    def strike(count: int, name: str) -> None:
        if count == number:
            raise OSError(errno, os.strerror(errno))

    return strike
