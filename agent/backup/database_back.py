"""A dumped database put back: never over the one in use.

Owns a new database beside the old one on an external server, before anything is stopped; and for
the bundled server files made anew in the draft. Refuses to drop a database that does not carry this
appliance's mark.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import psycopg
from psycopg import sql

from agent.backup.dump import environment_of, pg_program
from agent.backup.record import DUMP, BackupRecord
from agent.change.change import Draft
from agent.database import cluster, generation, ours, reach, temporary
from agent.database.needs import needs_of
from agent.database.place import recorded
from agent.database.programs import Runner, data_folder
from agent.deployment import Deployment
from agent.errors import MachineError, RefusedError
from agent.host import files, scratch, streaming, users
from agent.host.opened import open_once
from agent.host.spawn import Completed
from agent.host.streaming import Program
from agent.manifest.placeholders import names_used
from agent.progress import Progress
from agent.remedies.remedy import Scene

_COMMENT = re.compile(r"\d+; \d+ \d+ COMMENT - EXTENSION ")
_SILENT = 6 * 3600.0  # seconds; an index over a large table is built without a word


def external(
    scene: Scene, active: Deployment, record: BackupRecord, folder: Path, progress: Progress
) -> str:
    """The URL that the new deployment gets; empty while the database is on this machine."""
    url = recorded(scene.layout.deployments / str(active.number))
    if scene.manifest.database.engine and (record.dump == "external") != bool(url):
        raise _elsewhere(record)
    if not url:
        return ""
    progress.step("database", "restore the database beside the one in use")
    place, fresh = reach.place_of(url), reach.place_of(generation.next_url(scene))
    if fresh.name == place.name:
        # Its role may make no other, and the one in use is never written over.
        raise MachineError(
            "database-unsuitable",
            f"{place.user} may make no database at {place.server}, so there is no place beside "
            f"{place.name} to restore to",
            hint=f"ALTER ROLE {place.user} CREATEDB;  -- as the server's administrator",
        )
    mark = ours.mark_of(scene)
    with reach.told(place, "the database could not be asked"), reach.session(place) as opened:
        needs = needs_of(opened, place.user)
    # Of the one in use: the order of text stays, and that server is known to have it.
    ours.make(fresh, None, mark, locale=(needs.encoding, needs.collate, needs.ctype))
    try:
        _restore(scene, folder / DUMP, environment_of(fresh.url), _application(scene))
    except BaseException:
        with (
            reach.told(place, "the new database could not be dropped"),
            reach.session(place) as opened,
        ):
            ours.drop(opened, fresh.name, mark)
        raise
    return fresh.url


def bundled(draft: Draft, folder: Path, secrets: dict[str, str]) -> None:
    """The bundled server's files made anew, with the database out of the dump.

    `secrets` are the backup's: the application will come with that password. MachineError.
    """
    scene, target = draft.scene, data_folder(draft.scene)
    draft.progress.step("database", "restore the database on a server made anew")
    cluster.create(scene, target)
    with temporary.running(scene, target, copied=False, durable=False) as server:
        try:
            cluster.extend(scene, server)
            _password(scene, server, secrets)
            env = {
                "PGHOST": str(server.socket), "PGPORT": str(temporary.PORT),
                "PGUSER": server.user, "PGDATABASE": server.name,
            }  # fmt: skip
            _restore(scene, folder / DUMP, env, server.runner)
        except psycopg.Error as error:
            raise MachineError(
                "database-failed",
                f"the database {server.name} could not be made anew: {reach.words_of(error)}",
                hint="caretaker database status",
            ) from error


def _password(scene: Scene, server: temporary.Server, secrets: dict[str, str]) -> None:
    """The role has the one that comes back with the backup's secrets; it was made with today's."""
    used = [name for _, kind, name in names_used([scene.manifest.database.password])
            if kind == "secret"]  # fmt: skip
    user = sql.Identifier(server.user)
    with psycopg.connect(
        server.conninfo(name="postgres", superuser=True), autocommit=True
    ) as opened:
        if len(used) == 1 and used[0] in secrets:
            # A verifier, so that the password itself stands in no server's log.
            verifier = opened.pgconn.encrypt_password(
                secrets[used[0]].strip().encode(), server.user.encode(), b"scram-sha-256"
            )
            asked = sql.SQL("ALTER ROLE {} PASSWORD {}")
            opened.execute(asked.format(user, sql.Literal(verifier.decode())))


def _restore(scene: Scene, source: Path, env: dict[str, str], who: Runner) -> None:
    """As an ordinary user, by the application's role: what is in a dump is whoever wrote it's, and
    so is what a program reads out of it."""
    program, listed = pg_program(scene, "pg_restore"), list[str]()

    def run(*words: str, listen: Callable[[str], None] = lambda line: None) -> Completed:
        with open_once(source) as dump:
            asked = Program([program, *words], env, user=who.account, given=dump.fd)
            return streaming.run_long(asked, silent=_SILENT, listen=listen)

    with scratch.folder("restore") as home:
        done = run("--list", listen=listed.append)
        # Only who owns an extension may comment on it, and that is not always the application.
        kept = [line for line in listed if not _COMMENT.match(line)]
        text, names = "\n".join(kept).encode() + b"\n", home / "list"
        files.replace(names, text, mode=0o600, owner=who.owner, durable=False)
        if done.ok:
            done = run("--no-owner", "--no-privileges", "--exit-on-error", f"--use-list={names}",
                       f"--dbname={env['PGDATABASE']}")  # fmt: skip
    if not done.ok:
        raise MachineError(
            "database-failed",
            f"the database could not be restored: {done.reason}",
            hint="caretaker database status",
        )


def _application(scene: Scene) -> Runner:
    app = scene.manifest.appliance.name
    account = None if scene.layout.embedded else users.find(app)
    if account is None:
        return Runner("", "", None, "")
    return Runner(app, app, account.owner, "")


def _elsewhere(record: BackupRecord) -> RefusedError:
    there, move = ("elsewhere", "URL") if record.dump == "external" else ("on it", "bundled")
    return RefusedError(
        "backup-failed",
        f"when backup {record.id} was made the machine's database was {there}, and it is not now",
        hint=f"caretaker database move --to {move}  # then restore again",
    )
