"""Seeded bugs: what people get wrong, patched into the worker, and each of them must be found.

Owns the list. A harness that finds nothing wrong with these would find nothing wrong with us.
"""

import os
import sqlite3
import stat
from collections.abc import Callable
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

from agent.change import act, back, course, pending, proof, recovery, sweep
from agent.deployment import Deployments
from agent.host import clone, files, lock, sync, trees
from agent.host.failures import FileFailure
from agent.state import StateFile
from bench.crash import appliance, changes, world


@dataclass(frozen=True)
class Bug:
    """`operation` is where it shows, `plant` patches it in for the life of the process."""

    name: str
    plant: Callable[[], None]
    operation: str = "upgrade"


def plant(name: str) -> None:
    next(bug for bug in BUGS if bug.name == name).plant()


def _patch(target: Any, name: str, replacement: Any) -> Any:
    """The original. Never undone: the worker ends with its job."""
    original = getattr(target, name)
    mock.patch.object(target, name, replacement).start()
    return original


def _no_sync(wanted: Callable[[int], bool]) -> None:
    real = os.fsync

    def fsync(fd: int) -> None:
        if not wanted(os.fstat(fd).st_mode):
            real(fd)

    _patch(os, "fsync", fsync)


def _no_file_sync() -> None:
    _no_sync(stat.S_ISREG)


def _no_folder_sync() -> None:
    _no_sync(stat.S_ISDIR)


def _no_data_sync() -> None:
    _patch(sync, "file_system", lambda _path: None)
    _no_sync(lambda _mode: True)


def _unlink_and_link() -> None:
    def replace_link(path: Path, target: str) -> None:
        path.unlink(missing_ok=True)
        path.symlink_to(target)
        files.sync_folder(path.parent)

    _patch(files, "replace_link", replace_link)


def _in_place() -> None:
    def replace(path: Path, content: bytes, *, mode: int = 0o644, **_rest: Any) -> None:
        try:
            with path.open("wb") as stream:
                stream.write(content)
                stream.flush()
                os.fsync(stream.fileno())
            path.chmod(mode)
        except OSError as error:
            raise FileFailure(path, "write", str(error)) from error

    _patch(files, "replace", replace)


def _rename_before_sync() -> None:
    def replace(path: Path, content: bytes, *, mode: int = 0o644, **_rest: Any) -> None:
        aside = path.with_name(f".{path.name}.part")
        try:
            with aside.open("wb") as stream:
                stream.write(content)
            aside.chmod(mode)
            aside.rename(path)
            files.sync_folder(path.parent)
        except OSError as error:
            raise FileFailure(path, "write", str(error)) from error

    _patch(files, "replace", replace)


def _mark_after_the_flip_back() -> None:
    def turn_back(act: Any, found: Any, why: str) -> Any:
        act.means.stop(act.scene_at(found.number))
        act.deployments.flip(found.before)
        act.deployments.abandon(found.number)
        return pending.go_on(act.scene.layout, found, "returning", why=why)

    _patch(back, "turn_back", turn_back)
    _patch(back, "mark", lambda *_all: None)


def _sweeps_the_previous() -> None:
    def swept(deployments: Any, active: Any, _pending: Any) -> list[Path]:
        home = deployments.layout.generations
        for folder in list(home.iterdir()):
            if folder.name != str(active.generation):
                trees.remove(folder)
        return []

    _patch(course, "sweep", swept)
    _patch(recovery, "sweep", swept)


def _recovery_by_assumption() -> None:
    def go(self: Any, found: Any) -> Any:
        if found.phase == "preparing":
            self.act.deployments.flip(found.number)
        return self._flipped(found, act.Times(0.0))

    _patch(recovery._Recovery, "go", go)


def _no_note_of_what_is_meant() -> None:
    real = pending.begin

    def begin(layout: Any, *rest: Any) -> Any:
        with mock.patch.object(StateFile, "save"):
            return real(layout, *rest)

    _patch(pending, "begin", begin)


def _migrates_the_live_data() -> None:
    def make(draft: Any) -> None:
        appliance.migrate(draft.source)
        clone.clone(draft.source, draft.data, lambda _part, _done: None)

    _patch(changes, "_make", make)


def _keeps_drafts(migration: Callable[[Path], None]) -> None:
    """What an interrupted run made is gone on with, as engines that migrate in place must."""

    def make(draft: Any) -> None:
        try:
            draft.data.mkdir(exist_ok=True)
            for path in sorted(draft.source.rglob("*")):
                there = draft.data / path.relative_to(draft.source)
                if not there.exists() and not there.is_symlink():
                    _copy_one(path, there)
            migration(draft.data)
        except (OSError, sqlite3.Error) as error:
            raise FileFailure(draft.data, "make", str(error)) from error

    _patch(changes, "_make", make)
    _patch(sweep, "_there", lambda _home: [])
    _patch(Deployments, "next_number", lambda self: self.active().number + 1)


def _goes_on_with_half_a_clone() -> None:
    _keeps_drafts(appliance.migrate)


def _sql_without_a_transaction() -> None:
    def migrate(folder: Path) -> None:
        with closing(sqlite3.connect(folder / "index.db", isolation_level=None)) as db:
            db.execute("ALTER TABLE entry ADD COLUMN year INTEGER")
            db.execute("UPDATE entry SET year = ?", (appliance.YEAR,))
            db.execute("PRAGMA user_version = 2")
        appliance.migrate_files(folder)

    _keeps_drafts(migrate)


def _version_outside_the_transaction() -> None:
    def migrate(folder: Path) -> None:
        with closing(sqlite3.connect(folder / "index.db", isolation_level=None)) as db:
            if db.execute("PRAGMA user_version").fetchone()[0] == 1:
                db.execute("PRAGMA user_version = 2")
                db.execute("ALTER TABLE entry ADD COLUMN year INTEGER")
                db.execute("UPDATE entry SET year = ?", (appliance.YEAR,))
        appliance.migrate_files(folder)

    _keeps_drafts(migrate)


def _copy_one(path: Path, there: Path) -> None:
    if path.is_symlink():
        there.symlink_to(path.readlink())
    elif path.is_dir():
        there.mkdir(exist_ok=True)
    else:
        there.write_bytes(path.read_bytes())


def _copies_without_looking() -> None:
    """One write a file, whatever it says that it wrote."""

    def make(draft: Any) -> None:
        try:
            draft.data.mkdir()
            for path in sorted(draft.source.rglob("*")):
                there = draft.data / path.relative_to(draft.source)
                if path.is_file() and not path.is_symlink():
                    fd = os.open(there, os.O_WRONLY | os.O_CREAT)
                    os.write(fd, path.read_bytes())
                    os.close(fd)
                else:
                    _copy_one(path, there)
        except OSError as error:
            raise FileFailure(draft.data, "copy", str(error)) from error
        appliance.migrate(draft.data)

    _patch(changes, "_make", make)


def _ignores_a_full_disk() -> None:
    def make(draft: Any) -> None:
        draft.data.mkdir()
        for path in sorted(draft.source.rglob("*")):
            with suppress(OSError):
                _copy_one(path, draft.data / path.relative_to(draft.source))
        appliance.migrate(draft.data)

    _patch(changes, "_make", make)


def _checks_before_the_lock() -> None:
    """The active version is read, then the lock is waited for, and what was read is believed."""

    @contextmanager
    def exclusive(path: Path, **_rest: Any) -> Any:
        path.touch()
        yield

    _patch(lock, "exclusive", exclusive)


def _flips_too_early() -> None:
    real = Deployments.write

    def write(self: Any, deployment: Any, **rest: Any) -> None:
        self.flip(deployment.number)
        real(self, deployment, **rest)

    _patch(Deployments, "write", write)


def _settles_before_the_flip() -> None:
    def keep_away(self: Any, scene: Any, _reason: str) -> None:
        files.replace(scene.layout.manifest, appliance.manifest(2))

    _patch(world.Machine, "keep_away", keep_away)
    _patch(world.Machine, "settle", lambda _self, _scene: None)


def _two_pointers() -> None:
    real = Deployments.flip

    def flip(self: Any, number: int) -> None:
        release = files.link_target(self.folder(number) / "release")
        files.replace_link(self.layout.current, release)
        real(self, number)

    _patch(Deployments, "flip", flip)


def _leaves_the_old_one_stopped() -> None:
    _patch(course, "_start_again", lambda _act: "")


def _uses_numbers_again() -> None:
    _patch(Deployments, "next_number", lambda self: self.active().number + 1)


def _rollback_throws_away_first() -> None:
    real = changes._rollback

    def rollback(root: Path) -> Any:
        change = real(root)
        trees.remove(appliance.layout_of(root).generations / "2")
        return change

    _patch(changes, "_rollback", rollback)


def _stages_in_place() -> None:
    def stage(source: Path, target: Path) -> None:
        target.mkdir(exist_ok=True)
        for path in sorted(source.rglob("*")):
            _copy_one(path, target / path.relative_to(source))
            if path.is_file():
                (target / path.relative_to(source)).chmod(path.stat().st_mode)
        sync.file_system(target)

    _patch(trees, "stage", stage)


def _draft_under_its_own_name() -> None:
    """Nothing tells a half made generation from a whole one, and recovery spares all that stand."""
    _patch(course, "PART", "")
    _patch(files, "rename", lambda old, new: None if old == new else old.rename(new))
    _patch(recovery, "sweep", lambda *_all: [])


def _forgets_its_asides() -> None:
    _patch(recovery, "asides", lambda _layout: None)


def _no_recovery() -> None:
    _patch(changes, "recover", lambda *_all, **_rest: None)


def _commits_before_the_proof() -> None:
    """It counts as good before anybody looked, so who finds it half done keeps it."""
    real = proof._judged

    def judged(act: Any, found: Any) -> Any:
        pending.go_on(act.scene.layout, found, "committing")
        return real(act, found)

    _patch(proof, "_judged", judged)


BUGS: tuple[Bug, ...] = (
    Bug("no fsync of files", _no_file_sync),
    Bug("no fsync of folders", _no_folder_sync),
    Bug("no sync of the new data", _no_data_sync),
    Bug("unlink and symlink instead of rename", _unlink_and_link),
    Bug("records written in place", _in_place),
    Bug("rename before fsync", _rename_before_sync),
    Bug(
        "marked as gone back from after the flip back",
        _mark_after_the_flip_back,
        "upgrade that fails",
    ),
    Bug("cleaning deletes the previous generation", _sweeps_the_previous),
    Bug("recovery by assumption", _recovery_by_assumption),
    Bug("what is meant is not written down", _no_note_of_what_is_meant),
    Bug("migrates the live data", _migrates_the_live_data),
    Bug("goes on with half a clone", _goes_on_with_half_a_clone),
    Bug("SQL without a transaction", _sql_without_a_transaction),
    Bug("version set outside the transaction", _version_outside_the_transaction),
    Bug("copies without looking what was written", _copies_without_looking),
    Bug("ignores a full disk", _ignores_a_full_disk),
    Bug("no lock held from the check on", _checks_before_the_lock),
    Bug("flips before the deployment is there", _flips_too_early),
    Bug("manifest settled before the flip", _settles_before_the_flip),
    Bug("two pointers, for code and for data", _two_pointers),
    Bug("the old version is left stopped", _leaves_the_old_one_stopped),
    Bug("numbers are used again", _uses_numbers_again, "upgrade after it failed"),
    Bug("rollback throws the newer data away first", _rollback_throws_away_first, "rollback"),
    Bug("release staged in place", _stages_in_place, "install"),
    Bug("draft under its final name", _draft_under_its_own_name),
    Bug("files written aside are forgotten", _forgets_its_asides),
    Bug("no recovery", _no_recovery),
    Bug("committed before the proof", _commits_before_the_proof, "upgrade that fails"),
)
