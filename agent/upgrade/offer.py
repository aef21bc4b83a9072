"""A release that is offered: opened, verified, and looked at beside what runs here.

Owns everything an upgrade must know before it begins, which plan and act share. Writes nothing.
Refuses to unpack anything.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from agent.change.request import UpgradeRequest
from agent.data.forecast import Forecast, forecast
from agent.database.generation import may_copy
from agent.deployment import Deployment, Deployments
from agent.errors import CaretakerError, MachineError, RefusedError
from agent.host import files
from agent.manifest.model import Manifest
from agent.manifest.reader import parse
from agent.migrations.run import pending
from agent.preflight import upgrade as preflight
from agent.release.bundle import Bundle, open_bundle
from agent.release.judging import judge
from agent.release.record import MigrationRecord, ReleaseRecord
from agent.release.staged import record_of
from agent.remedies.remedy import Scene
from agent.upgrade import answers
from agent.upgrade.plan import Refusal, refusal_of


@dataclass(frozen=True, slots=True)
class Offer:
    """A verified bundle, as long as it is open, and the deployment that it would follow."""

    scene: Scene
    request: UpgradeRequest
    bundle: Bundle
    manifest: Manifest
    active: Deployment

    @property
    def record(self) -> ReleaseRecord:
        return self.bundle.record

    @property
    def deployments(self) -> Deployments:
        return Deployments(self.scene.layout, self.scene.host.clock)

    @property
    def title(self) -> str:
        appliance = self.manifest.appliance
        name = appliance.title or appliance.name
        return f"upgrade {name} {self.active.version} to {self.record.version}"

    def runs_already(self) -> bool:
        """Whether this very release is active, with this very manifest. FileFailure."""
        active, record = self.active, self.record
        if (active.version, active.digest) != (record.version, record.digest):
            return False
        text = self.deployments.manifest(active.number)
        if text is None:
            text = files.read_bytes(self.scene.layout.manifest)
        return text == self.bundle.manifest

    def is_staged(self) -> bool:
        """Whether its files lie below releases/ already. MachineError."""
        return record_of(self.scene.layout.releases / self.record.folder) == self.record

    def data(self) -> Forecast:
        """What cloning the data will take. MachineError."""
        source = self.deployments.generation(self.active)
        return forecast(source, self.scene.layout.generations)

    def migrations(self) -> tuple[MigrationRecord, ...]:
        """Those to run. RefusedError, MachineError."""
        return pending(self.record, self.active, self.scene.layout)


@contextmanager
def opened(scene: Scene, request: UpgradeRequest) -> Iterator[Offer]:
    """Verify the bundle and hold it open. CaretakerError."""
    layout, clock = scene.layout, scene.host.clock
    active = Deployments(layout, clock).active()
    if active is None:
        raise MachineError(
            "not-set-up", "nothing is deployed here yet", hint=f"/opt/{layout.app}/setup.sh"
        )
    path = Path(request.bundle)
    with open_bundle(path, layout, clock, older=request.older, expired=request.expired) as bundle:
        manifest = parse(bundle.manifest.decode(), file=f"{path.name}: appliance.toml")
        if manifest.appliance.name != layout.app:
            raise RefusedError(
                "bundle-refused",
                f"its manifest is of {manifest.appliance.name}, and this appliance is {layout.app}",
                hint="take the bundle of this appliance",
            )
        yield Offer(scene, request, bundle, manifest, active)


def refusals(offer: Offer) -> tuple[list[Refusal], list[str]]:
    """Why it can't begin, and what is worth a look. What it may not follow comes first."""
    found: list[Refusal] = []
    why = judge(offer.record, offer.active, older=offer.request.older)
    if why is not None:
        return [refusal_of(why)], []
    for look in (_answered, _migrations):
        try:
            look(offer)
        except CaretakerError as error:
            found.append(refusal_of(error))
    asked = offer.request
    told = preflight.lines(
        preflight.look(offer.scene, offer.record, offer.manifest,
                       answers=asked.answers, older=asked.older)
    )  # fmt: skip
    for line in told:
        # Room is told with its numbers by the plan itself.
        known = line.code == "room" or (found and line.code == "release-settings")
        if line.status == "fail" and not known:
            text = f"{line.title}: {line.summary}"
            found.append(Refusal("preflight-failed", text, line.cure))
    return found, [f"{each.title}: {each.summary}" for each in told if each.status == "warn"]


def _answered(offer: Offer) -> None:
    answers.held(offer.manifest, offer.scene.layout, offer.request.answers)
    missing = answers.unanswered(offer.manifest, offer.scene.layout, offer.request.answers)
    for name, setting in missing.items():
        raise RefusedError(
            "settings-value",
            f"{offer.record.version} asks: {setting.title}",
            hint=f"caretaker upgrade {offer.request.bundle} --set {name}=ANSWER",
        )


def _migrations(offer: Offer) -> None:
    """A migration of a database elsewhere works on a copy there, to have one to go back to."""
    url = offer.deployments.database_url(offer.active.number)
    wanted = [each for each in offer.migrations() if "database" in each.stores]
    if url and wanted and not may_copy(url):
        raise MachineError(
            "database-failed",
            f"{wanted[0].folder} changes the database, and its role may make no copy of it there"
            " to go back to",
            hint="ALTER ROLE … CREATEDB, on that server; or: caretaker database move --to bundled",
        )
