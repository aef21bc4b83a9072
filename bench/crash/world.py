"""The machine's other half, faked: services that run what `active` names, and who may reach them.

Owns what survives a killed change but no power cut: which version runs. Each start looks at code
and data as the application would, so a mixture that is mended later still shows.
"""

import os
from dataclasses import replace
from pathlib import Path

import msgspec

from agent.change.means import Judged
from agent.host import files
from agent.manifest.model import Manifest
from agent.progress import Progress
from agent.remedies.remedy import Scene
from agent.values import values_for
from bench.crash import appliance


class World(msgspec.Struct, kw_only=True):
    """`running` is the version that runs, 0 if none; `mixed` each start that went wrong."""

    running: int = 0
    away: bool = False
    mixed: list[str] = []


def world_of(root: Path) -> Path:
    """Beside the root, so that its own calls do not count."""
    return root.parent / "world.json"


def load(root: Path) -> World:
    try:
        return msgspec.json.decode(world_of(root).read_bytes(), type=World)
    except FileNotFoundError:
        return World()


def save(root: Path, world: World) -> None:
    aside = world_of(root).with_suffix(".new")
    aside.write_bytes(msgspec.json.encode(world))
    os.replace(aside, world_of(root))


class Machine:
    """`Means` over the fake world. `sick` is a version that never gets healthy."""

    def __init__(self, root: Path, *, sick: int = 0) -> None:
        self._root, self._sick = root, sick

    def scene_of(self, scene: Scene, manifest: Manifest) -> Scene:
        return replace(scene, manifest=manifest, values=values_for(manifest, scene.layout))

    def keep_away(self, scene: Scene, reason: str) -> None:
        self._change(away=True)

    def let_come(self, scene: Scene) -> None:
        self._change(away=False)

    def stop(self, scene: Scene) -> None:
        self._change(running=0)

    def settle(self, scene: Scene) -> None:
        text = (scene.layout.active / "appliance.toml").read_bytes()
        if not scene.layout.manifest.exists() or scene.layout.manifest.read_bytes() != text:
            files.replace(scene.layout.manifest, text)

    def start(self, scene: Scene) -> None:
        layout = appliance.layout_of(self._root)
        world = load(self._root)
        try:
            code = int((layout.current / "VERSION").read_text())
        except (OSError, ValueError) as error:
            code = 0
            world.mixed.append(f"started without code: {error}")
        data, wrong = appliance.faults_of(layout.data)
        if code != data or wrong:
            world.mixed.append(f"started code {code} on data {data} {wrong}")
        world.running = code
        save(self._root, world)

    def judge(self, scene: Scene, progress: Progress) -> Judged:
        running = load(self._root).running
        if running == 0 or running == self._sick:
            return Judged(good=False, why=f"version {running} does not get healthy")
        self.let_come(scene)
        return Judged(good=True, first_good=scene.host.clock.monotonic())

    def last_words(self, scene: Scene) -> dict[str, str]:
        return {}

    def _change(self, **facts: object) -> None:
        world = load(self._root)
        for name, value in facts.items():
            setattr(world, name, value)
        save(self._root, world)
