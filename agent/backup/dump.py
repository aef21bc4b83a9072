"""PostgreSQL in a backup: dumped by pg_dump, where no snapshot holds its files as of one moment.

Owns when there is a dump, and making it. Refuses superusers' rights: it asks as the application's
own user, whose database it is.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Literal

from agent.backup.record import How
from agent.database.place import address, bundled_url, recorded
from agent.database.programs import data_folder, major_of, programs_for
from agent.deployment import Deployment, Deployments
from agent.errors import MachineError
from agent.host import open_new, streaming
from agent.remedies.remedy import Scene

Kind = Literal["", "bundled", "external"]

_SILENT = 3600.0  # seconds; pg_dump says nothing at all while it works
_PREFIX = "{data}/"


def wanted(scene: Scene, active: Deployment, how: How) -> Kind:
    """Whose dump there has to be."""
    if not scene.manifest.database.engine:
        return ""
    folder = Deployments(scene.layout, scene.host.clock).folder(active.number)
    if recorded(folder):
        return "external"
    # A snapshot of a running server's files is what a crash leaves, and recovers from.
    return "" if how == "snapshot" else "bundled"


def left_out(scene: Scene, how: How, kind: Kind) -> frozenset[str]:
    """Paths below the data that are no part of the backup: the files that a dump stands for."""
    folder = scene.manifest.database.folder
    if not scene.manifest.database.engine or not folder.startswith(_PREFIX):
        return frozenset()
    home = folder.removeprefix(_PREFIX).strip("/")
    # The pid in it is another machine's, or by then another process's.
    return frozenset([home]) if how != "snapshot" else frozenset([f"{home}/postmaster.pid"])


def write(scene: Scene, active: Deployment, target: Path) -> None:
    """Dump it in pg_dump's custom format. MachineError, FileFailure."""
    place = Deployments(scene.layout, scene.host.clock).folder(active.number)
    url = recorded(place) or bundled_url(scene.manifest, scene.values)
    program = pg_program(scene, "pg_dump")
    argv = [program, "--format=custom", "--no-owner", "--no-privileges", "--compress=0"]
    with open_new.durable(target, mode=0o600) as out:
        user = "" if scene.layout.embedded else scene.manifest.appliance.name
        done = streaming.run_long(
            streaming.Program(argv, environment_of(url), user=user, out=out), silent=_SILENT
        )
    if not done.ok:
        raise MachineError(
            "backup-failed",
            f"the database at {address(url)} could not be dumped: {done.reason}",
            hint="caretaker database status",
        )


def pg_program(scene: Scene, name: str) -> str:
    """A program of PostgreSQL's: of the bundled server's version where there is one."""
    try:
        home = programs_for(scene, major_of(data_folder(scene)))
    except MachineError:
        found = f"/usr/bin/{name}"
        if not os.access(found, os.X_OK):
            raise
        return found
    return str(home / name)


def environment_of(url: str) -> dict[str, str]:
    """A database's URL as libpq's environment: what stands in arguments, everybody can read."""
    from psycopg.conninfo import conninfo_to_dict  # Loads libpq, which most backups do not need.

    from agent.database.reach import is_here

    found = {}
    for key, value in conninfo_to_dict(url).items():
        name = _NAMES.get(key)
        if name and value is not None:
            found[name] = str(value)
    host = found.get("PGHOST", "/")
    if is_here(host) and not host.startswith("/"):
        # Who listens in a stopped server's place is not told the password (libpq 16 and later).
        found["PGREQUIREAUTH"] = "!password"
    return found


# libpq-envars in PostgreSQL's manual.
_NAMES = {
    "host": "PGHOST", "hostaddr": "PGHOSTADDR", "port": "PGPORT", "user": "PGUSER",
    "dbname": "PGDATABASE", "password": "PGPASSWORD", "sslmode": "PGSSLMODE",
    "sslrootcert": "PGSSLROOTCERT", "sslcert": "PGSSLCERT", "sslkey": "PGSSLKEY",
    "channel_binding": "PGCHANNELBINDING", "connect_timeout": "PGCONNECT_TIMEOUT",
    "options": "PGOPTIONS", "gssencmode": "PGGSSENCMODE",
}  # fmt: skip
