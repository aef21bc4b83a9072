"""What the tests of upgrades share: an appliance that runs 1.0, and bundles its vendor signed.

Preflight has tests of its own, and a scripted machine of 67 checks: here it finds nothing, or what
the test says.
"""

import shutil
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from agent.change.change import Change
from agent.change.course import carry_out
from agent.change.request import RollbackRequest, UpgradeRequest
from agent.deployment import Deployment, Deployments
from agent.host.facts import FileSystem
from agent.layout import Layout
from agent.manifest.reader import parse
from agent.preflight import upgrade as preflight
from agent.progress import Silent
from agent.release import source
from agent.remedies.remedy import Scene
from agent.upgrade import upgrade
from agent.upgrade.rollback import prepare_rollback
from agent.upgrade.upgrade import prepare_upgrade
from agent.values import values_for
from bench.bundles.vendor import CREATED, NOW, Vendor, appliance, write_release
from tests.scripted_host import GIB, ScriptedClock, scripted_host
from tests.unit.change_world import Machine
from tests.unit.checks_world import ScriptedServices

ROOMY = FileSystem(40 * GIB, 20 * GIB, 1 << 20, 1 << 19, read_only=False)


def manifest_text(version: str, more: str = "") -> str:
    return f'[appliance]\nname = "shop"\ntitle = "Shop"\nversion = "{version}"\n{more}'


class Gatekeeper(Machine):
    """A machine whose manifest in place is that of the deployment, whatever it says."""

    def settle(self, scene: Scene) -> None:
        self._say("settle")
        active = Deployments(self.layout, scene.host.clock).active()
        assert active is not None
        text = Deployments(self.layout, scene.host.clock).manifest(active.number)
        self.layout.manifest.write_bytes(text or b"")


@dataclass
class Shop:
    scene: Scene
    vendor: Vendor
    machine: Gatekeeper

    @property
    def layout(self) -> Layout:
        return self.scene.layout

    @property
    def clock(self) -> ScriptedClock:
        clock = self.scene.host.clock
        assert isinstance(clock, ScriptedClock)
        return clock

    @property
    def deployments(self) -> Deployments:
        return Deployments(self.layout, self.clock)

    @property
    def active(self) -> Deployment:
        found = self.deployments.active()
        assert found is not None
        return found

    def bundle(
        self, version: str, *, more: str = "", toml: str = "", migrations: bool = False
    ) -> Path:
        """A signed release. `more` goes into its manifest, `toml` into release.toml."""
        where = self.vendor.folder / f"source-{version}"
        shutil.rmtree(where, ignore_errors=True)
        write_release(where, toml=toml, text=version)
        (where / "appliance.toml").write_text(manifest_text(version, more))
        if not migrations:
            shutil.rmtree(where / "migrations")
        return self.vendor.bundle(source.read(where, version, CREATED))

    def request(self, bundle: Path, **more: object) -> UpgradeRequest:
        return UpgradeRequest(bundle=str(bundle), **more)  # type: ignore[arg-type]  # by name

    def upgrade(self, bundle: Path, **more: object) -> Change:
        """Prepared and carried out."""
        change = prepare_upgrade(self.now(), self.request(bundle, **more), Silent())
        carry_out(self.now(), change, means=self.machine)
        return change

    def back(self, **more: object) -> Change:
        request = RollbackRequest(**more)  # type: ignore[arg-type]  # by name
        change = prepare_rollback(self.now(), request, Silent())
        carry_out(self.now(), change, means=self.machine)
        return change

    def now(self) -> Scene:
        """The scene of the manifest in place."""
        manifest = parse(self.layout.manifest.read_text())
        return replace(self.scene, manifest=manifest, values=values_for(manifest, self.layout))


def shop(root: Path, vendor: Vendor, monkeypatch: pytest.MonkeyPatch) -> Shop:
    """1.0 as setup leaves it, with a row of data."""
    layout = appliance(root, vendor.keys)
    layout.state.mkdir(parents=True)
    layout.run.mkdir(parents=True)
    layout.manifest.write_text(manifest_text("1.0"))
    host = scripted_host(root)
    host.clock.now = NOW
    host.facts.disk = ROOMY
    payload = root / "payload"
    payload.mkdir()
    (payload / "server").write_text("1.0")
    deployments = Deployments(layout, host.clock)
    deployments.deploy(deployments.stage(payload, "1.0"), payload, "1.0")
    (layout.data / "rows").write_text("v1.0")
    host.clock.now = max(NOW, newest(layout) + 1)
    manifest = parse(manifest_text("1.0"))
    scene = Scene(host, manifest, layout, values_for(manifest, layout), ScriptedServices())
    machine = Gatekeeper(layout)
    machine.running = machine.on_disk()
    monkeypatch.setattr(preflight, "look", lambda *_, **__: [])
    monkeypatch.setattr(upgrade, "migrate", lambda *_, **__: [])
    return Shop(scene, vendor, machine)


def newest(layout: Layout) -> float:
    """When the data last changed, by the kernel's clock, which no test sets."""
    return max(path.lstat().st_ctime for path in layout.generations.rglob("*"))
