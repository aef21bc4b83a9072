"""A bundled server's files made: an empty cluster with the application's role and database.

Owns initdb, who may connect, and the role's password. Refuses to start it for good: its service
does.
"""

from __future__ import annotations

from pathlib import Path

import psycopg
from psycopg import sql

from agent.database.needs import Needs
from agent.database.programs import Runner, programs_for, runner_of
from agent.database.temporary import Server, running
from agent.errors import MachineError
from agent.host import files
from agent.manifest.placeholders import expand
from agent.remedies.remedy import Scene

SUPERUSER = "postgres"
_INITDB = 300.0  # seconds
_HBA = """\
# Made by Caretaker. The server's own user may do everything, over the socket only.
local all {superuser} peer map=own
local replication {superuser} peer map=own
local all all {local}
host all all 127.0.0.1/32 scram-sha-256
host all all ::1/128 scram-sha-256
"""


def create(scene: Scene, folder: Path, like: Needs | None = None) -> None:
    """Make it in `folder`, which must not be there. `like`: with that database's encoding and
    order of text. It is not flushed to disk. Raises MachineError."""
    runner, programs = runner_of(scene), programs_for(scene)
    locale = ["--encoding=UTF8", "--locale=C.UTF-8"]
    if like is not None:
        locale = [f"--encoding={like.encoding}", f"--lc-collate={like.collate}",
                  f"--lc-ctype={like.ctype}", "--lc-messages=C", "--lc-monetary=C",
                  "--lc-numeric=C", "--lc-time=C"]  # fmt: skip
    files.ensure_folder(folder, mode=0o700, owner=runner.owner)
    argv = [str(programs / "initdb"), f"--pgdata={folder}", f"--username={SUPERUSER}", *locale,
            "--auth=peer", "--data-checksums", "--no-sync"]  # fmt: skip
    done = scene.host.run(argv, timeout=_INITDB, user=runner.account)
    if not done.ok:
        raise MachineError(
            "database-failed", f"the bundled server could not be made: {done.reason}",
            hint=f"ls -la {folder.parent}",
        )  # fmt: skip
    _let_in(scene, folder, runner)
    with running(scene, folder, copied=False, durable=False) as server, _super(server) as session:
        _role(scene, session)
        _database(scene, session, like)


def begin_anew(scene: Scene, server: Server, like: Needs) -> None:
    """An empty database again, with the extensions that the manifest names."""
    name = sql.Identifier(scene.manifest.database.name)
    with _super(server) as session:
        session.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(name))
        _database(scene, session, like)
    extend(scene, server)


def extend(scene: Scene, server: Server) -> None:
    """Make the extensions that the manifest names, which may take a superuser.

    All else is made by the application's role, and that stays an ordinary one: what is loaded may
    be of whoever took the application over, and for a superuser a function in it runs programs.
    """
    with psycopg.connect(server.conninfo(superuser=True), autocommit=True) as session:
        for name in dict.fromkeys(scene.manifest.database.extensions):
            made = sql.SQL("CREATE EXTENSION IF NOT EXISTS {} CASCADE")
            session.execute(made.format(sql.Identifier(name)))


def _super(server: Server) -> psycopg.Connection[tuple[object, ...]]:
    return psycopg.connect(server.conninfo(name="postgres", superuser=True), autocommit=True)


def _let_in(scene: Scene, folder: Path, runner: Runner) -> None:
    """Peer where there is no password: the application's user is its role then."""
    database, app = scene.manifest.database, scene.manifest.appliance.name
    local = "scram-sha-256" if database.password else "peer map=own"
    users = dict.fromkeys([runner.name, *(() if scene.layout.embedded else (app,))])
    ident = "".join(f"own {each} {database.user}\n" for each in users)
    texts = {
        "pg_hba.conf": _HBA.format(superuser=SUPERUSER, local=local),
        "pg_ident.conf": f"{ident}own {runner.name} {SUPERUSER}\n",
    }
    for name, text in texts.items():
        # As the folder's owner: root writes into nobody else's folder.
        argv = ["dd", f"of={folder / name}", "conv=fsync", "status=none"]
        done = scene.host.run(argv, timeout=30.0, stdin=text.encode(), user=runner.account)
        if not done.ok:
            raise MachineError(
                "file-unwritable", f"{folder / name}: {done.reason}", hint=f"ls -la {folder}"
            )


def _role(scene: Scene, session: psycopg.Connection[tuple[object, ...]]) -> None:
    database = scene.manifest.database
    user = sql.Identifier(database.user)
    if database.user != SUPERUSER:
        session.execute(sql.SQL("CREATE ROLE {} LOGIN").format(user))
    if database.password:
        # As a verifier, so that the password itself stands in no server's log.
        password = expand(database.password, scene.values)
        verifier = session.pgconn.encrypt_password(
            password.encode(), database.user.encode(), b"scram-sha-256"
        )
        session.execute(sql.SQL("ALTER ROLE {} PASSWORD {}").format(user, verifier.decode()))


def _database(
    scene: Scene, session: psycopg.Connection[tuple[object, ...]], like: Needs | None
) -> None:
    database = scene.manifest.database
    text = "CREATE DATABASE {} OWNER {} TEMPLATE template0"
    made = sql.SQL(text).format(sql.Identifier(database.name), sql.Identifier(database.user))
    if like is not None:
        locale = sql.SQL(" ENCODING {} LC_COLLATE {} LC_CTYPE {}")
        made += locale.format(like.encoding, like.collate, like.ctype)
    if database.name != "postgres":
        session.execute(made)
