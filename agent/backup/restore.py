"""A restore as a change: a backup's data becomes a new generation, and one flip puts it in use.

Owns choosing and judging the backup, and fetching it before anything is stopped. What was active
stays as it is, so a restore that fails changes nothing, and one that went well can be rolled back.
Refuses a backup of another appliance, one that the running release can't read, and one that is not
to the last byte what was made.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from agent.backup import archives, database_back, fetched, secrets_back
from agent.backup.create import alone
from agent.backup.record import DATA, SYSTEM, BackupRecord, Kept, checked_id
from agent.backup.repository import open_repository
from agent.change.change import Change, Draft, Target
from agent.change.request import RestoreRequest
from agent.data import clone as cloning
from agent.deployment import PART, Deployment, Deployments
from agent.errors import MachineError, RefusedError, UsageError
from agent.host import files, trees
from agent.host.failures import HostFailure
from agent.migrations.run import brought_by, migrate
from agent.progress import Progress
from agent.release.record import ReleaseRecord
from agent.release.staged import record_of
from agent.remedies.remedy import Scene

_MARGIN = 64 << 20  # bytes that stay free


@dataclass(frozen=True, slots=True)
class Fetched:
    """What lies ready. `behind`: the running release has migrations that this data has not."""

    folder: Path
    record: BackupRecord
    behind: bool
    release: Path


def prepare_restore(scene: Scene, request: RestoreRequest, progress: Progress) -> Change:
    """Fetch and judge; nothing is stopped yet. CaretakerError, HostFailure."""
    deployments = Deployments(scene.layout, scene.host.clock)
    active = deployments.active()
    if active is None:
        raise MachineError(
            "not-set-up",
            "a backup is restored on a machine that is set up",
            hint=f"/opt/{scene.layout.app}/setup.sh",
        )
    with alone(scene):
        numbers = {each.deployment.number for each in deployments.listed()}
        secrets_back.forget_others(scene.layout, numbers)
        folder = _staging(deployments, active)
        try:
            record = _fetch(scene, request, active, folder, progress)
            behind = judge(scene, active, record)
            _finish(scene, folder, record)
            ready = Fetched(folder, record, behind, scene.layout.releases / active.release)
            url = database_back.external(scene, active, record, folder, progress)
        except BaseException:
            _drop(folder)
            raise
    manifest = deployments.manifest(active.number) or files.read_bytes(scene.layout.manifest)
    return Change(
        kind="restore",
        title=f"restore backup {record.id} of {record.app} {record.version}",
        target=Target(
            version=active.version,
            digest=active.digest,
            release=active.release,
            manifest=manifest,
            epoch=active.epoch,
            sequence=active.sequence,
            database_url=url,
        ),
        make=lambda draft: _make(draft, ready),
    )


def find_backup(scene: Scene, name: str) -> Kept:
    """One by its id, or `latest`. UsageError where there is none."""
    listed = open_repository(scene).listed()
    if name == "latest" and listed:
        return listed[-1]
    wanted = "" if name == "latest" else checked_id(name)
    for each in listed:
        if each.id == wanted:
            return each
    raise UsageError(
        "backup-unknown",
        f"there is no backup {name}" if wanted else "there is no backup yet",
        hint="caretaker backup list" if listed else "caretaker backup create",
    )


def judge(scene: Scene, active: Deployment, record: BackupRecord) -> bool:
    """Whether its data must be migrated first. RefusedError where it can't be used at all."""
    app = scene.manifest.appliance.name
    if record.app != app:
        raise RefusedError(
            "backup-failed",
            f"backup {record.id} is of {record.app}, and this machine runs {app}",
            hint="caretaker backup list",
        )
    release = record_of(scene.layout.releases / active.release)
    reads = release.epoch.reads if release else (active.epoch,)
    if record.epoch not in reads:
        raise _unreadable(scene, active, record, f"it writes data of epoch {record.epoch}")
    known = {mark.number for mark in brought_by(active, scene.layout)}
    newer = sorted(set(record.migrations) - known)
    if newer:
        raise _unreadable(scene, active, record, f"its data has been through migration {newer[-1]}")
    return bool(known - set(record.migrations))


def _unreadable(scene: Scene, active: Deployment, record: BackupRecord, why: str) -> RefusedError:
    staged = scene.layout.releases / record.release
    able: ReleaseRecord | None = record_of(staged) if staged.is_dir() else None
    here = f"; release {record.version} is here" if able else ""
    return RefusedError(
        "backup-failed",
        f"backup {record.id} is of version {record.version}, which {active.version} can't read: "
        f"{why}{here}",
        hint="caretaker releases  # then roll back to it, and restore"
        if able
        else f"caretaker upgrade RELEASE-{record.version}  # then restore again",
    )


def _staging(deployments: Deployments, active: Deployment) -> Path:
    """A folder that an interrupted change's recovery takes away as well (`agent.change.sweep`).

    Under a number that is taken, so that it is none that was ever seen.
    """
    generations = deployments.layout.generations
    for left in sorted(generations.glob(f"*{PART}{PART}{PART}")):
        _drop(left)
    return generations / f"{active.number}{PART}{PART}{PART}"


def _fetch(
    scene: Scene, request: RestoreRequest, active: Deployment, folder: Path, progress: Progress
) -> BackupRecord:
    if request.source:
        progress.step("fetch", f"read {request.source}")
        return archives.fetch_file(
            Path(request.source), folder, scene, progress, unsealed=request.unsealed
        )
    kept = find_backup(scene, request.backup or "latest")
    repository = open_repository(scene)
    record = repository.record(kept)
    judge(scene, active, record)  # Before a gigabyte comes over the network.
    _refuse_full(scene, folder.parent, record.size)
    progress.step("fetch", f"fetch backup {kept.id}")
    if repository.kind != archives.KIND:
        files.ensure_folder(folder, mode=0o700)
        # So that it is a subvolume where there are such; what is restored goes into it.
        files.ensure_folder((folder / record.home).parent, mode=0o700)
        cloning.make_empty(folder / record.home, owner=None, mode=0o700)
    repository.fetch(kept, folder, progress)
    return record


def _refuse_full(scene: Scene, home: Path, size: int) -> None:
    free = scene.host.facts.file_system(home).free
    if free < size + _MARGIN:
        raise MachineError(
            "disk-short",
            f"the backup takes {size >> 20} MB, and {home} has {free >> 20} MB free",
            hint="caretaker housekeeping run purge generations releases",
        )


def _finish(scene: Scene, folder: Path, record: BackupRecord) -> None:
    """Held to its record, with the owners of this machine. RefusedError, HostFailure."""
    fetched.hold_to(folder, record)
    if not (folder / DATA).is_dir():
        raise RefusedError(
            "backup-failed", f"backup {record.id} holds no data", hint="caretaker backup list"
        )
    fetched.give_owners(folder, record, scene.manifest.appliance.name)


def _make(draft: Draft, ready: Fetched) -> None:
    """Put it in the draft's place; the services are stopped by now."""
    scene, record = draft.scene, ready.record
    files.rename(ready.folder / DATA, draft.data)
    named = tuple(name for name in record.secrets if name in scene.manifest.secrets)
    secrets = secrets_back.read(ready.folder / SYSTEM / "secrets", named)
    if record.dump == "bundled":
        database_back.bundled(draft, ready.folder, secrets)
    if ready.behind:
        migrate(draft, ready.release, progress=draft.progress, had=record.migrations)
    current = secrets_back.now(scene.layout, scene.manifest)
    if secrets and any(current.get(name) != value for name, value in secrets.items()):
        # Also the other way: whoever goes back to the old data needs the secrets of then.
        secrets_back.note(scene.layout, scene.manifest, draft.before.number, current)
        secrets_back.note(scene.layout, scene.manifest, draft.number, secrets)
        draft.progress.note(f"secrets come from the backup: {', '.join(sorted(secrets))}")
    draft.told["how"] = "restore"
    _drop(ready.folder)


def _drop(folder: Path) -> None:
    try:
        cloning.remove(folder / DATA)
        trees.remove(folder)
    except (HostFailure, OSError):
        return  # The next restore, or recovery, takes it away.
