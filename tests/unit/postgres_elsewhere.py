"""A PostgreSQL server elsewhere, as a test has it: loopback, TLS, its own authority and roles."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg

from agent.tls.authority import make_authority, make_leaf
from tests.unit.postgres_place import OWNER, PROGRAMS, initdb, open_folder

PASSWORD = "fern/und:sicher"
HBA = """\
local all postgres peer map=root
hostssl all all 127.0.0.1/32 scram-sha-256
"""
IDENT = "root root postgres\nroot postgres postgres\n"


@dataclass(frozen=True)
class Elsewhere:
    """One that runs. `owner` may make databases, `guest` may not; both have `PASSWORD`."""

    folder: Path
    port: int

    @property
    def ca(self) -> str:
        return str(self.folder / "ca.pem")

    def url(self, user: str = "owner", name: str = "shop", **more: str) -> str:
        password = PASSWORD.replace("/", "%2F").replace(":", "%3A")
        facts = {"sslmode": "verify-full", "sslrootcert": self.ca, **more}
        words = "&".join(f"{key}={value}" for key, value in facts.items() if value)
        return f"postgresql://{user}:{password}@127.0.0.1:{self.port}/{name}?{words}"

    def sql(self, *texts: str, name: str = "postgres") -> list[tuple[object, ...]]:
        """As the superuser; the rows of the last one."""
        place = f"host={self.folder} port={self.port} user=postgres dbname={name}"
        with psycopg.connect(place, autocommit=True) as session:
            cursor = None
            for text in texts:
                cursor = session.execute(text.encode())
            return cursor.fetchall() if cursor is not None and cursor.description else []

    def databases(self) -> list[str]:
        rows = self.sql("SELECT datname FROM pg_database WHERE NOT datistemplate ORDER BY 1")
        return [str(row[0]) for row in rows if row[0] != "postgres"]


@contextmanager
def elsewhere(*options: str, tls: bool = True) -> Iterator[Elsewhere]:
    with open_folder() as folder:
        data = folder / "data"
        initdb(data)
        (data / "pg_hba.conf").write_text(HBA if tls else HBA.replace("hostssl", "host"))
        (data / "pg_ident.conf").write_text(IDENT)
        _certify(data)
        port = _free_port()
        chosen = [f"port={port}", "listen_addresses=127.0.0.1", "fsync=off",
                  f"unix_socket_directories={folder}", f"ssl={'on' if tls else 'off'}",
                  *options]  # fmt: skip
        argv = [str(PROGRAMS / "postgres"), "-D", str(data)]
        argv += [word for each in chosen for word in ("-c", each)]
        with subprocess.Popen(argv, stderr=subprocess.DEVNULL, **OWNER) as child:
            try:
                found = Elsewhere(folder, port)
                _wait_for(found)
                found.sql(
                    f"CREATE ROLE owner LOGIN CREATEDB PASSWORD '{PASSWORD}'",
                    f"CREATE ROLE guest LOGIN PASSWORD '{PASSWORD}'",
                )
                yield found
            finally:
                child.send_signal(signal.SIGQUIT)


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


def _certify(data: Path) -> None:
    authority = make_authority("test", now=time.time())
    leaf = make_leaf(authority, ["localhost", "127.0.0.1"], now=time.time(), days=100)
    owner = data.stat()
    for name, content in (("server.crt", leaf.certificate), ("server.key", leaf.key)):
        (data / name).write_bytes(content)
        (data / name).chmod(0o600)
        os.chown(data / name, owner.st_uid, owner.st_gid)
    (data.parent / "ca.pem").write_bytes(authority.certificate)
    (data.parent / "ca.pem").chmod(0o644)


def _wait_for(server: Elsewhere) -> None:
    deadline = time.monotonic() + 20
    while True:
        try:
            server.sql("SELECT 1")
        except psycopg.OperationalError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)
        else:
            return
