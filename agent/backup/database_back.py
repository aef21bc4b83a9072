"""A dumped database put back: never over the one in use.

Owns a new database beside the old one on an external server, before anything is stopped; and for
the bundled server a copy of its files in the draft, in which the database is made anew. Refuses to
drop one that does not carry this appliance's mark.
"""

from __future__ import annotations

from pathlib import Path

import psycopg
from psycopg import sql

from agent.backup.dump import environment_of, pg_program
from agent.backup.record import DUMP, BackupRecord
from agent.change.change import Draft
from agent.data import clone as cloning
from agent.database import ours, reach, temporary
from agent.database.place import recorded
from agent.database.programs import data_folder
from agent.deployment import Deployment, Deployments
from agent.errors import MachineError, RefusedError
from agent.host import streaming
from agent.manifest.placeholders import names_used
from agent.progress import Progress
from agent.remedies.remedy import Scene

_SILENT = 6 * 3600.0  # seconds; an index over a large table is built without a word
_LOCALE = ("UTF8", "C.UTF-8", "C.UTF-8")


def external(
    scene: Scene, active: Deployment, record: BackupRecord, folder: Path, progress: Progress
) -> str:
    """The URL that the new deployment gets; empty while the database is on this machine."""
    deployments = Deployments(scene.layout, scene.host.clock)
    url = recorded(deployments.folder(active.number))
    if scene.manifest.database.engine and (record.dump == "external") != bool(url):
        raise _elsewhere(record)
    if not url:
        return ""
    progress.step("database", "restore the database beside the one in use")
    place, mark = reach.place_of(url), ours.mark_of(scene)
    used = {reach.place_of(each).name for each in _urls(deployments)}
    with reach.told(place, "the databases could not be listed"):
        name = ours.next_name(place, deployments.next_number(), mark, used)
    fresh = place.named(name)
    ours.make(fresh, None, mark, locale=_LOCALE)
    try:
        _restore(scene, folder / DUMP, environment_of(fresh.url), record)
    except BaseException:
        with reach.told(place, "the new database could not be dropped"), reach.session(
            place
        ) as opened:  # fmt: skip
            ours.drop(opened, name, mark)
        raise
    return fresh.url


def bundled(draft: Draft, folder: Path, secrets: dict[str, str]) -> None:
    """The bundled server's files, copied from those in use, with the database out of the dump.

    `secrets` are the backup's: the application will come with that password. MachineError.
    """
    scene = draft.scene
    target = data_folder(scene)
    source = draft.source / target.relative_to(draft.data)
    draft.progress.step("database", "restore the database on a copy of its server's files")
    cloning.clone(source, target, progress=draft.progress, clock=scene.host.clock)
    name, user = scene.manifest.database.name, scene.manifest.database.user
    with temporary.running(scene, target, copied=True, durable=False) as server:
        try:
            with psycopg.connect(
                server.conninfo(name="postgres", superuser=True), autocommit=True
            ) as opened:
                _made_anew(opened, name, user)
                _set_password(scene, opened, user, secrets)
        except psycopg.Error as error:
            raise MachineError(
                "database-failed",
                f"the database {name} could not be made anew: {reach.words_of(error)}",
                hint="caretaker database status",
            ) from error
        env = {
            "PGHOST": str(server.socket), "PGPORT": str(temporary.PORT), "PGUSER": server.user,
            "PGDATABASE": name,
        }  # fmt: skip
        _restore(scene, folder / DUMP, env, None)


def _restore(scene: Scene, source: Path, env: dict[str, str], record: BackupRecord | None) -> None:
    argv = [pg_program(scene, "pg_restore"), "--no-owner", "--no-privileges", "--exit-on-error",
            f"--dbname={env.get('PGDATABASE', '')}", str(source)]  # fmt: skip
    done = streaming.run_long(streaming.Program(argv, env), silent=_SILENT)
    if not done.ok:
        raise MachineError(
            "database-failed",
            f"the database could not be restored{f' from {record.id}' if record else ''}: "
            f"{done.reason}",
            hint="caretaker database check",
        )


def _made_anew(opened: reach.Session, name: str, user: str) -> None:
    opened.execute(sql.SQL("DROP DATABASE IF EXISTS {}").format(sql.Identifier(name)))
    opened.execute(
        sql.SQL("CREATE DATABASE {} OWNER {} TEMPLATE template0").format(
            sql.Identifier(name), sql.Identifier(user)
        )
    )


def _set_password(scene: Scene, opened: reach.Session, user: str, secrets: dict[str, str]) -> None:
    """The role's password is in the copied files: today's, while the backup's secrets come back."""
    used = [name for _, kind, name in names_used([scene.manifest.database.password])
            if kind == "secret"]  # fmt: skip
    if len(used) == 1 and used[0] in secrets:
        # A literal: no parameters in a utility statement. As SCRAM hashes it on the server, it
        # would stand in the log only with log_statement, which is off there.
        opened.execute(
            sql.SQL("ALTER ROLE {} PASSWORD {}").format(
                sql.Identifier(user), sql.Literal(secrets[used[0]].strip())
            )
        )


def _urls(deployments: Deployments) -> list[str]:
    numbers = [each.deployment.number for each in deployments.listed()]
    return [url for number in numbers if (url := recorded(deployments.folder(number)))]


def _elsewhere(record: BackupRecord) -> RefusedError:
    there, move = ("elsewhere", "URL") if record.dump == "external" else ("on it", "bundled")
    return RefusedError(
        "backup-failed",
        f"when backup {record.id} was made the machine's database was {there}, and it is not now",
        hint=f"caretaker database move --to {move}  # then restore again",
    )
