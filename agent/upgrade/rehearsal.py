"""The rehearsal of an upgrade: the candidate on a throw-away copy, while the old version serves.

Owns the stage: a copy of the live data, the release's migrations on it, and the candidate's
services in namespaces of their own, on the same ports and unseen. They reach no network, no
service of the machine and no data but the copy. Refuses to leave anything: all of it goes at the
end, and what a killed one left goes with the next or with recovery.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import msgspec
from msgspec import Struct

from agent.change.change import Draft
from agent.change.run import alone
from agent.database.place import RECORD as DATABASE_RECORD
from agent.deployment import Deployment, Deployments
from agent.errors import CaretakerError, MachineError, RefusedError
from agent.host import cell, files, trees
from agent.host.accounts import is_root
from agent.host.cell import Cell, Ended
from agent.host.failures import HostFailure
from agent.host.users import find
from agent.manifest.reader import parse
from agent.migrations.run import Ran, migrate
from agent.progress import Progress
from agent.release.staged import manifest_of
from agent.remedies.remedy import Scene
from agent.upgrade.rehearsal_copy import copy_live
from agent.upgrade.rehearsal_inside import Failure, Played, run_folder
from agent.upgrade.rehearsal_scene import Candidate, cast, values_on_stage

# No deployment has this number, and recovery takes away what is called so.
STAGE = "0.part"
_PROBE = 30.0  # seconds
_LONGER = 120.0  # seconds that the stage gets above its own limit


class Rehearsed(Struct, frozen=True, kw_only=True):
    """How it went. Seconds each; `downtime` is what an upgrade would take: clone, migrate, start.

    `started`: services were run; where not, `left_out` says why. `left_out` names what was no part
    of it, `failures` what kept the candidate from being good, `evidence` the services' last lines.
    """

    good: bool
    version: str
    started: bool
    how: str
    copying: float
    migrating: float
    starting: float | None
    downtime: float | None
    migrations: tuple[Ran, ...] = ()
    failures: tuple[Failure, ...] = ()
    evidence: dict[str, str] = {}
    left_out: tuple[str, ...] = ()


def rehearse(scene: Scene, release: Path, *, progress: Progress) -> Rehearsed:
    """Rehearse an upgrade to a staged release. The machine is as before, whatever happens.

    Holds the lock of changes as long. RolledBackError `migration-failed`; RefusedError where it
    can't be rehearsed here; BusyError, MachineError, ManifestError.
    """
    with alone(scene.layout, scene.host.clock):
        stage = scene.layout.generations / STAGE
        active = _accept(scene)
        try:
            clean(stage)
            files.ensure_folder(stage, mode=0o711)
            return _rehearse(scene, release, stage, active, progress)
        except (HostFailure, OSError) as failure:
            raise MachineError(
                "change-failed", f"the rehearsal broke off: {failure}", hint="df -h; dmesg | tail"
            ) from failure
        finally:
            clean(stage)


def clean(stage: Path) -> None:
    """Take the stage away. FileFailure."""
    for name in ("data", "data.part"):
        trees.remove(stage / name)
    trees.remove(stage)


def _accept(scene: Scene) -> Deployment:
    active = Deployments(scene.layout, scene.host.clock).active()
    if active is None:
        raise MachineError(
            "not-set-up", "nothing is deployed here yet", hint=f"/opt/{scene.layout.app}/setup.sh"
        )
    if (scene.layout.active / DATABASE_RECORD).exists():
        raise RefusedError(
            "refused",
            "the database is on another server, which a rehearsal can neither copy nor reach",
            hint="caretaker upgrade FILE --plan  # and rehearse on a machine with a bundled one",
        )
    return active


def _rehearse(
    scene: Scene, release: Path, stage: Path, active: Deployment, progress: Progress
) -> Rehearsed:
    clock, text = scene.host.clock, manifest_of(release)
    if text is None:
        raise MachineError(
            "release-unknown", f"{release} is no release from a bundle", hint="caretaker releases"
        )
    whole = parse(text.decode())
    manifest, left_out = cast(whole, scene.layout)
    data = stage / "data"
    progress.step("copy", "copy the data while the application runs")
    source = Deployments(scene.layout, clock).generation(active)
    began = clock.monotonic()
    how, gone = copy_live(scene, source, data, stage / "desk", progress)
    copied = clock.monotonic()
    if how != "snapshot":
        left_out = (*left_out, f"one moment: files were copied while they changed, {gone} vanished")
    values = values_on_stage(
        manifest, scene.layout, release=release, data=data, run=run_folder(scene.layout.app)
    )
    candidate = replace(scene, manifest=whole, values=values)
    draft = Draft(candidate, active.number + 1, active, source, data, progress)
    ran = migrate(draft, release, progress=progress)
    migrated = clock.monotonic()
    found = Rehearsed(
        good=True,
        version=whole.appliance.version,
        started=False,
        how=how,
        copying=copied - began,
        migrating=migrated - copied,
        starting=None,
        downtime=None,
        migrations=tuple(ran),
        left_out=(*left_out, "networks outside: none can be reached from the stage"),
    )
    return _played(found, candidate, release, stage, progress)


def _played(
    found: Rehearsed, candidate: Scene, release: Path, stage: Path, progress: Progress
) -> Rehearsed:
    """The same, with how the candidate's services did."""
    title = f"start {found.version} unseen, and look at it"
    progress.step("play", title)
    why = _impossible(candidate, stage)
    if why:
        return _unplayed(found, f"the services: {why}; only the migrations were rehearsed")
    played = _play(candidate, release, stage, progress)
    if played.first_good is None:
        return _with(found, played, None)
    return _with(found, played, found.copying + found.migrating + played.first_good)


def _unplayed(found: Rehearsed, why: str) -> Rehearsed:
    return msgspec.structs.replace(found, left_out=(why, *found.left_out))


def _with(found: Rehearsed, played: Played, downtime: float | None) -> Rehearsed:
    return msgspec.structs.replace(
        found,
        good=played.good,
        started=True,
        starting=played.first_good,
        downtime=downtime,
        failures=played.failures,
        evidence=played.evidence,
    )


def _impossible(scene: Scene, stage: Path) -> str:
    """Why services can't be started unseen; empty where they can."""
    if is_root() and not scene.layout.embedded and find(scene.layout.app) is None:
        return f"there is no user {scene.layout.app} here"
    own = Cell(writable=(stage,), must=True, own_run=True)
    ended = cell.run(["true"], own, timeout=_PROBE, folder=stage)
    return "" if ended.status == 0 else f"the machine has {ended.reason}"


def _play(candidate: Scene, release: Path, stage: Path, progress: Progress) -> Played:
    layout = candidate.layout
    root = _set(candidate, release, stage)
    told = Candidate(
        manifest=(manifest_of(release) or b"").decode(),
        root=str(layout.root),
        release=str(release),
        data=str(stage / "data"),
        stage=str(root),
    )

    def heard(line: str) -> None:
        done, _, total = line.partition(" ")
        if done.isdecimal() and total.isdecimal():
            progress.advance(int(done), int(total), "items")

    own = Cell(writable=(stage,), kept=(layout.root,) if layout.embedded else (),
               shut=(layout.generations,), must=True, own_run=True)  # fmt: skip
    ended = cell.run(
        [sys.executable, "-I", "-m", "agent.upgrade.rehearsal_inside"],
        own,
        timeout=candidate.manifest.upgrade.within + _LONGER,
        folder=stage,
        stdin=msgspec.json.encode(told),
        heard=heard,
    )
    return _result(ended)


def _result(ended: Ended) -> Played:
    try:
        if ended.status == 0 and not ended.timed_out and not ended.trouble:
            return msgspec.json.decode(ended.stdout, type=Played)
    except msgspec.DecodeError:
        pass
    lines = ended.evidence.decode(errors="replace").strip().splitlines()
    last = lines[-1] if lines else ""
    return Played(good=False, failures=(Failure("the stage", f"{ended.reason}: {last}"),))


def _set(scene: Scene, release: Path, stage: Path) -> Path:
    """A root of its own for the supervisor: where it finds the data and keeps its logs."""
    root = stage / "root"
    layout = replace(scene.layout, root=root)
    for folder in (layout.deployments / "1", layout.run, layout.logs):
        files.ensure_folder(folder)
    files.replace_link(layout.deployments / "1/state", str(stage / "data"))
    files.replace_link(layout.deployments / "1/release", str(release))
    files.replace_link(layout.active, "deployments/1")
    return root


def story(found: Rehearsed) -> CaretakerError | None:
    """Why an upgrade should not follow; None where nothing speaks against it."""
    if found.good:
        return None
    reasons = "; ".join(f"{each.name}: {each.summary}" for each in found.failures[:3])
    return RefusedError(
        "refused",
        f"{found.version} did not get healthy in the rehearsal: {reasons}; nothing was changed",
        hint="hand this to the vendor; the appliance runs on as it was",
    )
