"""An upgrade: planned, and prepared as far as that can be done while the old version serves.

Owns the way from a bundle's path to a Change: verified, looked at, staged, answers kept; and how
the new data comes about: a clone, brought to what the release wants. Refuses to stop anything:
`agent.change.course` does.
"""

from __future__ import annotations

import contextlib
from pathlib import Path

from msgspec.structs import replace

from agent.change.change import Change, Draft, Target
from agent.change.request import UpgradeRequest
from agent.change.run import alone
from agent.data.clone import clone
from agent.data.forecast import Forecast
from agent.database import temporary
from agent.database.generation import clone_external, next_url
from agent.database.place import address
from agent.errors import CaretakerError, RefusedError
from agent.host import sync
from agent.host.failures import FileFailure
from agent.ledger import Ledger
from agent.migrations.run import migrate
from agent.migrations.stores import DATABASE, kinds_of
from agent.progress import Progress
from agent.remedies.remedy import Scene
from agent.upgrade import answers, offer, rates, room, steps
from agent.upgrade.offer import Offer
from agent.upgrade.plan import Plan, Step, looking, refuse


def plan_upgrade(scene: Scene, request: UpgradeRequest) -> Plan:
    """What would happen. Writes nothing. Raises CaretakerError where the bundle is refused, or
    nothing can be said for another reason; what else stands in the way is in the plan."""
    with looking(), offer.opened(scene, request) as offered:
        return _plan(offered)


def prepare_upgrade(scene: Scene, request: UpgradeRequest, progress: Progress) -> Change:
    """Verify, look, stage; the old version serves meanwhile. CaretakerError, HostFailure."""
    progress.step("verify", f"verify {Path(request.bundle).name}")
    with offer.opened(scene, request) as offered:
        progress.step("preflight", "look whether it can begin")
        plan = _plan(offered)
        if plan.nothing:
            raise RefusedError(
                "refused", f"{plan.version} runs here already", hint="caretaker releases"
            )
        refuse(plan)
        release = _staged(offered, progress)
        target = _target(offered, release)
        _make_ready(offered)
        return Change(
            kind="upgrade",
            title=offered.title,
            target=target,
            make=lambda draft: make_data(
                draft, release, expected=plan.data, url=target.database_url
            ),
        )


def stage_only(scene: Scene, request: UpgradeRequest, progress: Progress) -> Path:
    """Verify and unpack, and no more: for a rehearsal. CaretakerError.

    Also its answers are kept, since the candidate asks for them.
    """
    progress.step("verify", f"verify {Path(request.bundle).name}")
    with alone(scene.layout, scene.host.clock), offer.opened(scene, request) as offered:
        refuse(_plan(offered))
        return _staged(offered, progress)


def _make_ready(offered: Offer) -> None:
    """What need not wait until the services are stopped, and then takes the less. FileFailure."""
    if offered.record.migrations and DATABASE in kinds_of(offered.manifest):
        temporary.make_ready()
    # A clone shares only what is on the disk, and is flushed as a whole.
    sync.file_system(offered.scene.layout.generations)


def _staged(offered: Offer, progress: Progress) -> Path:
    layout = offered.scene.layout
    held = answers.held(offered.manifest, layout, offered.request.answers)
    progress.step("stage", f"unpack {offered.record.version} beside what runs")
    release = offered.bundle.stage(layout.releases, progress)
    answers.keep(offered.manifest, layout, held)
    return release


def make_data(draft: Draft, release: Path, *, expected: int = 0, url: str = "") -> None:
    """The new generation: a clone, then the release's migrations. CaretakerError, HostFailure.

    `url` is of the new generation's database, where that is on another server.
    """
    clock, progress = draft.scene.host.clock, draft.progress
    begun = clock.monotonic()
    cloned = clone(draft.source, draft.data, progress=progress, clock=clock, expected=expected)
    draft.told["how"] = cloned.how
    progress.note(f"data cloned by {cloned.how} in {cloned.seconds:.2f} s")
    if cloned.left_out:
        progress.note(f"{cloned.left_out} sockets and files that vanished were left out")
    if url:
        clone_external(draft, url)
    for ran in migrate(draft, release, progress=progress, database_url=url):
        Ledger(draft.scene.layout.ledger, clock).write(
            "upgrade migration", target=f"{ran.number:04d}-{ran.name}", seconds=ran.seconds,
            detail={**ran.checks},
        )  # fmt: skip
    with contextlib.suppress(FileFailure):  # Only the next plan would have known by it.
        rates.keep(draft.scene.layout, cloned, clock.monotonic() - begun)


def _target(offered: Offer, release: Path) -> Target:
    record = offered.record
    return Target(
        version=record.version,
        digest=record.digest,
        release=release.name,
        manifest=offered.bundle.manifest,
        epoch=record.epoch.writes,
        sequence=record.sequence,
        database_url=next_url(offered.scene),
    )


def _plan(offered: Offer) -> Plan:
    """Raises MachineError where the data can't be looked at."""
    scene, record, active = offered.scene, offered.record, offered.active
    plan = Plan(
        kind="upgrade",
        title=offered.title,
        before=active.version,
        version=record.version,
        number=offered.deployments.next_number(),
        back=active.number,
        grace=float(offered.manifest.upgrade.grace),
        notes=record.notes,
        advisories=tuple(f"{a.id} ({a.severity}): {a.summary}" for a in record.advisories),
    )
    if offered.runs_already():
        return replace(plan, nothing=True)
    data = offered.data()
    release = 0 if offered.is_staged() else room.of_release(record)
    rooms = room.rooms(scene.layout, scene.host.facts, release, record, data)
    found, warnings = offer.refusals(offered)
    found += room.refusals(rooms)
    if data.unread:
        warnings.append(f"{data.unread} folders of the data can't be read by you: run it as root")
    migrations = _folders(offered)
    return replace(
        plan,
        steps=_steps(offered, release, data, migrations),
        how=data.how,
        data=data.size,
        rooms=rooms,
        migrations=migrations,
        downtime=_downtime(offered, data),
        warnings=tuple(warnings),
        refusals=tuple(found),
    )


def _folders(offered: Offer) -> tuple[str, ...]:
    try:
        return tuple(each.folder for each in offered.migrations())
    except CaretakerError:
        return ()  # It is among the refusals.


def _steps(
    offered: Offer, release: int, data: Forecast, migrations: tuple[str, ...]
) -> tuple[Step, ...]:
    url = offered.deployments.database_url(offered.active.number)
    return steps.of_upgrade(
        offered.active.version,
        offered.record.version,
        release=release,
        data=data,
        migrations=migrations,
        clone_seconds=rates.clone_seconds(offered.scene.layout, data),
        proof=offered.manifest.upgrade,
        database=address(url) if url else "",
    )


def _downtime(offered: Offer, data: Forecast) -> float | None:
    """Without what migrations take: each runs here for the first time."""
    clone_time = rates.clone_seconds(offered.scene.layout, data)
    rest = rates.rest_seconds(offered.scene.layout)
    return clone_time + rest if clone_time is not None and rest is not None else None
