"""The data of an application that runs, copied so that a rehearsal can begin with it.

Owns the choice: a snapshot is of one moment and PostgreSQL recovers from it as from a power cut;
else files are copied one after the other, SQLite by its backup API and PostgreSQL by its own
pg_basebackup. Refuses to hold the application still: a rehearsal must not be noticed.
"""

from __future__ import annotations

from pathlib import Path

from agent.backup.stores import copy_store, paths_of
from agent.database.programs import data_folder, programs_for, runner_of
from agent.errors import MachineError
from agent.host import clone as cloning
from agent.host import files, steady, trees
from agent.host.clone import How
from agent.manifest.placeholders import expand
from agent.progress import Progress
from agent.remedies.remedy import Scene

_BESIDE = ("-wal", "-shm", "-journal")  # sqlite.org/tempfiles.html
_TIMEOUT = 3600.0  # seconds


def copy_live(
    scene: Scene, source: Path, target: Path, desk: Path, progress: Progress
) -> tuple[How, int]:
    """How it was done, and how many files vanished meanwhile.

    `desk` is for what is copied in between, in a folder of root's. CaretakerError, HostFailure.
    """
    how = cloning.method(source, target.parent)
    stores, servers = paths_of(scene), _server(scene, source)
    leave_out: list[str] = []
    if how != "snapshot":
        leave_out = [*stores, *(path + each for path in stores for each in _BESIDE), *servers]
    how, copied = cloning.clone(
        source,
        target,
        lambda part, done: progress.advance(done, 0, "bytes"),
        leave_out=leave_out,
    )
    if how == "snapshot":
        return how, copied.gone
    # The copy is the application's by now, and it runs: whatever is made for it is made beside it,
    # and put in its place through no link.
    for path in stores:
        made = desk.with_name("store")
        if copy_store(scene, source, path, made, desk):
            steady.put_back(target, path, made)
    for path in servers:
        made = desk.with_name("server")
        _copy_server(scene, source / path, made)
        steady.put_back(target, path, made)
    return how, copied.gone


def _server(scene: Scene, source: Path) -> list[str]:
    """The bundled server's folder, below the data; none where there is none."""
    database = scene.manifest.database
    if not database.engine or not database.service:
        return []
    folder = data_folder(scene).resolve()
    real = source.resolve()
    if not folder.is_relative_to(real) or not (folder / "PG_VERSION").exists():
        return []
    return [str(folder.relative_to(real))]


def _copy_server(scene: Scene, source: Path, target: Path) -> None:
    """By the server's own tool, over its socket, as who runs it."""
    database, runner = scene.manifest.database, runner_of(scene)
    major = files.read_bytes(source / "PG_VERSION", cap=64).decode().strip()
    program = str(programs_for(scene, major) / "pg_basebackup")
    socket = expand(database.socket, scene.values)
    why = ""
    for role in dict.fromkeys(["postgres", runner.name, database.user]):
        trees.remove(target)
        files.ensure_folder(target, mode=0o700, owner=runner.owner)
        argv = [program, "-D", str(target), "-h", socket, "-p", str(database.port), "-U", role,
                "-w", "--checkpoint=fast", "--wal-method=stream", "--no-sync"]  # fmt: skip
        done = scene.host.run(argv, timeout=_TIMEOUT, user=runner.account)
        if done.ok:
            return
        why = why or done.reason
    raise MachineError(
        "database-failed",
        f"the running database could not be copied for the rehearsal: {why}",
        hint="caretaker upgrade FILE --plan  # an upgrade stops it, and needs no such copy",
    )
