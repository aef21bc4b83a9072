"""What a backup is made of, gathered: the data as of one moment, and what belongs to it.

Owns the choice: a snapshot where the file system has them, read at leisure; shared blocks while the
application holds still; else the data in place, databases by their own ways. And the folder
`.backup` beside the generations, in which all that is gathered stands as long as it takes. Refuses
to know where it is sent.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec

from agent.backup import dump, hold, system
from agent.backup.frozen import Frozen
from agent.backup.record import DUMP, RECORD, BackupRecord, How
from agent.backup.stores import copy_store, paths_of, settle_store
from agent.data import clone as cloning
from agent.deployment import Deployment, Deployments
from agent.errors import BusyError, MachineError
from agent.host import clone as clones
from agent.host import files, lock, steady, trees, users
from agent.host.failures import LockHeld
from agent.host.steady import Survey
from agent.progress import Progress
from agent.remedies.remedy import Scene

WORK = ".backup"
_BESIDE = ("-wal", "-shm", "-journal")  # sqlite.org/tempfiles.html


@dataclass(frozen=True, slots=True)
class Picture:
    """What is sent. `home` holds both `data` and `more`; `skip` are paths below `data`.

    `live`: it may change while it is read. `loose`: inodes are new each time, so only size and time
    tell whether a file changed since the last backup.
    """

    scene: Scene
    home: Path
    data: Path
    more: Path
    skip: frozenset[str]
    record: BackupRecord
    survey: Survey
    frozen: Frozen | None
    live: bool
    loose: bool = False

    @property
    def over(self) -> Path:
        """Files of the data that are read here instead, below the same paths."""
        return self.more / "over"

    def moved(self) -> list[str]:
        """Files that are no longer what they were when it was begun."""
        if not self.live:
            return []
        now = steady.survey(self.data, self.skip)
        return steady.changed(self.survey.stamps, now.stamps)

    def lapsed(self) -> bool:
        """Whether it was to be held all the time, and was not."""
        return self.frozen is not None and not hold.still(self.scene, self.frozen)

    def put_aside(self, paths: list[str]) -> Picture:
        """The same, with these files copied until each held still. Raises FileFailure."""
        unsteady = set(self.record.unsteady)
        taken = []
        for path in paths:
            target = self.over / path
            files.ensure_folder(target.parent, mode=0o700)
            try:
                if not steady.copy(self.data, path, target):
                    unsteady.add(path)
            except FileNotFoundError:
                continue
            taken.append(path)
        record = msgspec.structs.replace(
            self.record,
            aside=(*self.record.aside, *taken),
            unsteady=tuple(sorted(unsteady)),
        )
        return replace(self, skip=self.skip | set(paths), record=record).written()

    def written(self) -> Picture:
        """The same, with its record in place, as far as it can be known by now."""
        held = self.record.held and not self.live  # A copy stays what it was when it was made.
        if self.frozen is not None:
            held = hold.still(self.scene, self.frozen)
        record = msgspec.structs.replace(self.record, held=held)
        text = msgspec.json.format(msgspec.json.encode(record), indent=2) + b"\n"
        files.replace(self.more / RECORD, text, mode=0o600)
        return replace(self, record=record)


@contextmanager
def taken(scene: Scene, backup_id: str, progress: Progress) -> Iterator[Picture]:
    """The picture, while the block lasts. BusyError, MachineError, HostFailure.

    The application is held, where it can be, until a copy stands or else until the block ends.
    """
    work = scene.layout.data_home / WORK
    clean(work)
    with ExitStack() as holding:
        try:
            with _nothing_else(scene):
                active = _active(scene)
                files.ensure_folder(work, mode=0o711)  # SQLite runs in it as the stores' owner.
                for each in (work / "more", work / "more/over"):
                    files.ensure_folder(each, mode=0o700)
                progress.step("hold", "make the application hold still")
                frozen = holding.enter_context(hold.held(scene))
                picture = _begin(scene, active, backup_id, work, frozen, progress)
            if not picture.live:
                # Known before it is let go: that is when its last byte was read.
                picture = picture.written()
                picture = replace(picture, frozen=None)
                holding.close()
            progress.step("gather", "gather databases, settings and secrets")
            yield _gathered(picture, active)
        finally:
            holding.close()
            clean(work)


def clean(work: Path) -> None:
    """Take away what is gathered, or what a killed run left of it. FileFailure."""
    cloning.remove(work / "data")
    cloning.remove(work / "data.part")
    trees.remove(work)


@contextmanager
def _nothing_else(scene: Scene) -> Iterator[None]:
    """No change of deployments just now: it would be half of each. BusyError."""
    try:
        with lock.exclusive(scene.layout.setup_lock, purpose="a backup"):
            yield
    except LockHeld as failure:
        raise BusyError(
            "lock-held", f"a change is under way: {failure}", hint="caretaker backup create"
        ) from failure


def _active(scene: Scene) -> Deployment:
    active = Deployments(scene.layout, scene.host.clock).active()
    if active is None:
        raise MachineError(
            "not-set-up",
            "there is no deployment yet, so nothing to back up",
            hint=f"/opt/{scene.layout.app}/setup.sh",
        )
    return active


def _begin(
    scene: Scene,
    active: Deployment,
    backup_id: str,
    work: Path,
    frozen: Frozen | None,
    progress: Progress,
) -> Picture:
    source = scene.layout.generations / str(active.generation)
    how = _how(source, work, held=frozen is not None)
    data = source
    if how != "live":
        data = work / "data"
        cloning.clone(source, data, progress=progress, clock=scene.host.clock)
    skip = frozenset(_plain(path) for path in scene.manifest.backup.exclude)
    record = BackupRecord(
        id=backup_id,
        app=scene.manifest.appliance.name,
        version=active.version,
        digest=active.digest,
        release=active.release,
        epoch=active.epoch,
        sequence=active.sequence,
        deployment=active.number,
        created=scene.host.clock.wall(),
        machine=scene.host.facts.machine_id().hex(),
        host=scene.host.network.host_name(),
        how=how,
        home=str(data.relative_to(scene.layout.data_home)),
        left_out=tuple(sorted(skip)),
    )
    return Picture(
        scene=scene, home=scene.layout.data_home, data=data, more=work / "more",
        skip=skip, record=record, survey=Survey(), frozen=frozen, live=how == "live",
        loose=how == "reflink",
    )  # fmt: skip


def _how(source: Path, work: Path, *, held: bool) -> How:
    try:
        found = clones.method(source, work)
    except OSError:
        return "live"
    if found == "snapshot":
        return "snapshot"
    # File after file, so it is of one moment only while nobody writes.
    return "reflink" if found == "reflink" and held else "live"


def _plain(path: str) -> str:
    """`{data}/cache/` and `cache` name the same."""
    return path.removeprefix("{data}").strip("/")


def _gathered(picture: Picture, active: Deployment) -> Picture:
    """Databases, settings and secrets beside the data, and the record of it all."""
    picture = _databases(picture, active)
    survey = steady.survey(picture.data, picture.skip)
    sums, secrets, certificates = system.gather(picture.scene, active, picture.more)
    record = msgspec.structs.replace(
        picture.record,
        owners={str(uid): users.name_of(uid) for uid in sorted(survey.uids)},
        groups={str(gid): users.group_of(gid) for gid in sorted(survey.gids)},
        files=len(survey.stamps),
        # Copies of databases lie there, which may be nearly all that there is.
        size=survey.size + steady.survey(picture.more).size,
        secrets=secrets,
        certificates=certificates,
        migrations=system.applied(picture.scene, active),
        sums=sums,
    )
    return replace(picture, survey=survey, record=record).written()


def _databases(picture: Picture, active: Deployment) -> Picture:
    scene, skip, aside = picture.scene, set(picture.skip), []
    stores = paths_of(scene)
    for path in stores:
        if not picture.live:
            settle_store(scene, picture.data, path)
            continue
        target = picture.over / path
        files.ensure_folder(target.parent, mode=0o700)
        if copy_store(scene, picture.data, path, target, picture.more.parent / "desk"):
            aside.append(path)
            skip |= {path, *(path + each for each in _BESIDE)}
    kind = dump.wanted(scene, active, picture.record.how)
    if kind:
        dump.write(scene, active, picture.more / DUMP)
    skip |= dump.left_out(scene, picture.record.how, kind)
    record = msgspec.structs.replace(
        picture.record, stores=tuple(stores), aside=tuple(aside), dump=kind
    )
    return replace(picture, skip=frozenset(skip), record=record)
