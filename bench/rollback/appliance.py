"""An appliance on a given disk, with data but without services: what is timed is our own part.

Owns a deployment, its bundle-less successor, and the means of a machine where nothing runs.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from agent.change.change import Change, Draft, Target
from agent.change.means import Judged
from agent.deployment import Deployment, Deployments
from agent.host import files
from agent.host.machine import Host
from agent.layout import Layout
from agent.manifest.model import Manifest
from agent.manifest.reader import parse
from agent.progress import Progress
from agent.remedies.remedy import Scene
from agent.services.protocol import ServiceState
from agent.upgrade.upgrade import make_data
from agent.values import values_for

_TEXT = '[appliance]\nname = "shop"\nversion = "{}"\n'


class NoServices:
    """Nothing to start and nothing to stop."""

    def names(self) -> tuple[str, ...]:
        return ()

    def state(self, name: str) -> ServiceState:
        raise KeyError(name)

    def states(self) -> dict[str, ServiceState]:
        return {}

    def pids(self, name: str) -> list[int]:
        return []

    def start(self, name: str) -> None: ...

    def stop(self, name: str) -> None: ...

    def restart(self, name: str) -> None: ...

    def reload(self, name: str) -> None: ...


class Still:
    """Means of a machine on which nothing runs, and all is well at once."""

    def scene_of(self, scene: Scene, manifest: Manifest) -> Scene:
        return replace(scene, manifest=manifest, values=values_for(manifest, scene.layout))

    def keep_away(self, scene: Scene, reason: str) -> None: ...

    def let_come(self, scene: Scene) -> None: ...

    def stop(self, scene: Scene) -> None: ...

    def settle(self, scene: Scene) -> None:
        text = _TEXT.format(scene.manifest.appliance.version).encode()
        files.replace(scene.layout.manifest, text)

    def start(self, scene: Scene) -> None: ...

    def judge(self, scene: Scene, progress: Progress) -> Judged:
        return Judged(good=True, first_good=scene.host.clock.monotonic())

    def last_words(self, scene: Scene) -> dict[str, str]:
        return {}


@dataclass(frozen=True)
class Appliance:
    scene: Scene

    @property
    def layout(self) -> Layout:
        return self.scene.layout

    @property
    def deployments(self) -> Deployments:
        return Deployments(self.layout, self.scene.host.clock)

    @property
    def active(self) -> Deployment:
        found = self.deployments.active()
        assert found is not None
        return found

    def to(self, version: str) -> Change:
        """An upgrade to a release that lies there, without migrations."""
        release = self.layout.releases / f"{version}-{'b' * 12}"
        release.mkdir(parents=True, exist_ok=True)
        target = Target(
            version=version,
            digest="b" * 64,
            release=release.name,
            manifest=_TEXT.format(version).encode(),
        )

        def make(draft: Draft) -> None:
            make_data(draft, release)

        return Change("upgrade", f"upgrade to {version}", target, make)


def appliance(root: Path) -> Appliance:
    """1.0, with an empty generation on the disk at `root`."""
    layout = Layout(root, "shop")
    for folder in (layout.etc, layout.state, layout.run):
        folder.mkdir(parents=True)
    layout.manifest.write_text(_TEXT.format("1.0"))
    payload = root / "payload"
    payload.mkdir()
    (payload / "server").write_text("1.0")
    host = Host(root=root)
    deployments = Deployments(layout, host.clock)
    deployments.deploy(deployments.stage(payload, "1.0"), payload, "1.0")
    manifest = parse(_TEXT.format("1.0"))
    return Appliance(Scene(host, manifest, layout, values_for(manifest, layout), NoServices()))
