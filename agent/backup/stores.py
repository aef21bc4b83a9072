"""The manifest's SQLite stores in a backup: each whole, as of one moment.

Owns which they are, and running SQLite over them as their owner. Refuses to open one as root: what
SQLite makes beside it would be root's too.
"""

from __future__ import annotations

import os
import stat
import sys
from pathlib import Path

import msgspec

from agent.errors import MachineError
from agent.host import files, permissions, sqlite_image, steady, trees, users
from agent.host.accounts import is_root
from agent.host.failures import FileFailure
from agent.remedies.remedy import Scene

_TIMEOUT = 3600.0


class _Told(msgspec.Struct):
    problem: str


def paths_of(scene: Scene) -> list[str]:
    """Where the declared stores are, below the data. Those elsewhere are none of its state."""
    prefix = "{data}/"
    paths = [store.path for store in scene.manifest.stores.values()]
    return sorted({each.removeprefix(prefix) for each in paths if each.startswith(prefix)})


def settle_store(scene: Scene, data: Path, path: str) -> None:
    """Bring what its log holds into a store that nobody else has open. MachineError."""
    facts = _facts(data, path)
    if facts is not None:
        _run(scene, facts, str(data / path))


def copy_store(scene: Scene, data: Path, path: str, target: Path, desk: Path) -> bool:
    """A copy of a store in use, with owner and mode; False where there is none. MachineError.

    Its owner writes it in `desk`, a folder made for that, from where only a plain file of that
    owner's is taken.
    """
    facts = _facts(data, path)
    if facts is None:
        return False
    _refuse_full(scene, target, facts.st_size)
    trees.remove(desk)
    files.ensure_folder(desk, mode=0o700, owner=_owner(facts))
    try:
        _run(scene, facts, str(data / path), str(desk / "copy"))
        _take(desk / "copy", target, facts)
    finally:
        trees.remove(desk)
    return True


def _facts(data: Path, path: str) -> os.stat_result | None:
    """What the store is, reached through no link. MachineError."""
    try:
        fd = steady.open_below(data, path)
    except FileNotFoundError:
        return None
    except FileFailure as failure:
        raise MachineError(
            "backup-failed", str(failure), hint="caretaker manifest explain stores"
        ) from failure
    try:
        return os.fstat(fd)
    finally:
        os.close(fd)


def _owner(facts: os.stat_result) -> tuple[int, int] | None:
    return (facts.st_uid, facts.st_gid) if is_root() else None


def _refuse_full(scene: Scene, target: Path, size: int) -> None:
    room = scene.host.facts.file_system(target.parent)
    if room.free < size * 11 // 10:
        raise MachineError(
            "disk-short",
            f"a copy of a database of {size >> 20} MB needs more room than {target.parent} has",
            hint=f"df -h {target.parent}",
        )


def _run(scene: Scene, facts: os.stat_result, *words: str) -> None:
    owner = users.name_of(facts.st_uid) if is_root() else ""
    if is_root() and not scene.layout.embedded and (facts.st_uid == 0 or not owner):
        # Without a name it would be run as who we are.
        raise MachineError(
            "backup-failed",
            f"the store {words[0]} belongs to {owner or f'nobody, uid {facts.st_uid}'}, and is not"
            " opened as root",
            hint=f"chown {scene.manifest.appliance.name}: {words[0]}",
        )
    argv = [sys.executable, "-I", "-S", sqlite_image.__file__, *words]
    done = scene.host.run(argv, timeout=_TIMEOUT, user=owner)
    problem = done.reason if not done.ok else ""
    if done.ok:
        try:
            problem = msgspec.json.decode(done.stdout, type=_Told).problem
        except msgspec.MsgspecError:
            problem = "SQLite gave no answer"
    if problem:
        raise MachineError(
            "backup-failed",
            f"the store {words[0]} could not be read whole: {problem}",
            hint=f"sqlite3 {words[0]} 'pragma integrity_check'",
        )


def _take(copy: Path, target: Path, facts: os.stat_result) -> None:
    found = permissions.read(copy)
    if found is None or not found.is_file or found.owner[0] != facts.st_uid:
        raise MachineError(
            "backup-failed",
            f"somebody put another file in place of the copy {copy}",
            hint="caretaker backup create",
        )
    permissions.restore(copy, stat.S_IMODE(facts.st_mode), _owner(facts))
    files.rename(copy, target)
