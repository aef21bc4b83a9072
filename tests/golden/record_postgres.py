"""Record real conversations over PostgreSQL's wire protocol: `postgres/*.json`.

Owns the scenarios and the throw-away servers they are recorded from: SochDB out of
examples/sochdb/payload, and the PostgreSQL of the distribution. Refuses to touch a server it
did not start.

    examples/sochdb/fetch-payload && python -m tests.golden.record_postgres
"""

import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.golden.postgres_wire import (
    SSL_REQUEST,
    Conversation,
    authenticate,
    framed,
    query,
    start,
    until_ready,
)

HERE = Path(__file__).parent / "postgres"
SOCHDB = Path(__file__).parents[2] / "examples/sochdb/payload/bin/sochdb-grpc-server"
POSTGRES = Path("/usr/lib/postgresql/15/bin")
SOCHDB_PORT, POSTGRES_PORT = 45433, 45432
SELECT_1 = ("SELECT 1",)

HBA = """\
host all trusted  127.0.0.1/32 trust
host all hashed   127.0.0.1/32 md5
host all clear    127.0.0.1/32 password
host all rejected 127.0.0.1/32 reject
host all scram    127.0.0.1/32 scram-sha-256
local all all trust
"""
ROLES = """\
CREATE ROLE trusted LOGIN; CREATE ROLE rejected LOGIN;
CREATE ROLE scram LOGIN PASSWORD 'correct horse'; CREATE ROLE clear LOGIN PASSWORD 'correct horse';
SET password_encryption = md5; CREATE ROLE hashed LOGIN PASSWORD 'correct horse';
"""


@dataclass(frozen=True)
class Scene:
    """One conversation to record."""

    name: str
    about: str
    user: str = "trusted"
    password: str = ""
    database: str = "postgres"
    says: Sequence[str] = ()
    ask_tls: bool = False
    raw: bytes = b""


SOCHDB_SCENES = (
    Scene("select-count", "no password asked; a query that returns one row",
          says=("SELECT COUNT(*) FROM health",)),
    Scene("round-trip", "a table, a row, the row back; every answer is one simple query",
          says=("CREATE TABLE IF NOT EXISTS items (id INTEGER PRIMARY KEY, name TEXT)",
                "INSERT INTO items (id, name) VALUES (1, 'one')",
                "SELECT id, name FROM items WHERE id = 1")),
    Scene("select-1", "ERROR 42000: this server wants a FROM", says=SELECT_1),
    Scene("several-statements", "only the first of two statements is run, and no one says so",
          says=("SELECT COUNT(*) FROM health; SELECT id FROM items",)),
    Scene("empty", "EmptyQueryResponse", says=("",)),
    Scene("tls-refused", "SSLRequest is answered N, and the conversation goes on in the clear",
          ask_tls=True, says=("SELECT COUNT(*) FROM health",)),
    Scene("extended-query", "ERROR 0A000 and a ReadyForQuery for each message: simple queries only",
          raw=framed(b"P", b"\0SELECT COUNT(*) FROM health\0\0\0") + framed(b"S", b"")),
)  # fmt: skip
SOCHDB_PASSWORD_SCENES = (
    Scene("password", "asks for the password in the clear", password="correct horse",
          says=("SELECT COUNT(*) FROM health",)),
    Scene("wrong-password", "FATAL 28P01 without the V field, then the end", password="wrong"),
)  # fmt: skip
POSTGRES_SCENES = (
    Scene("trust", "no password asked", says=SELECT_1),
    Scene("scram", "SCRAM-SHA-256", "scram", "correct horse", says=SELECT_1),
    Scene("scram-wrong-password", "FATAL 28P01 after the proof", "scram", "wrong"),
    Scene("md5", "md5 with a salt", "hashed", "correct horse", says=SELECT_1),
    Scene("md5-wrong-password", "FATAL 28P01", "hashed", "wrong"),
    Scene("password", "password in the clear", "clear", "correct horse", says=SELECT_1),
    Scene("rejected", "FATAL 28000 from pg_hba.conf", "rejected"),
    Scene("no-database", "FATAL 3D000", database="nowhere"),
    Scene("syntax-error", "ERROR 42601, and the session goes on", says=("SELEC 1", "SELECT 1")),
    Scene("several-statements", "two results for one query; the last one counts",
          says=("SELECT 1; SELECT 2",)),
    Scene("null", "a row whose column is null", says=("SELECT NULL",)),
    Scene("no-rows", "a result without rows", says=("SELECT 1 WHERE false",)),
    Scene("notice", "NoticeResponse and ParameterStatus between the answers",
          says=("SET application_name = 'x'; DO $$BEGIN RAISE NOTICE 'hear me'; END$$; SELECT 1",)),
    Scene("terminated", "FATAL 57P01 in the middle of a query",
          says=("SELECT pg_terminate_backend(pg_backend_pid())",)),
    Scene("tls-refused", "SSLRequest is answered N: this server has no TLS", ask_tls=True,
          says=SELECT_1),
)  # fmt: skip


def record(server: str, version: str, scene: Scene, port: int) -> None:
    with socket.create_connection(("127.0.0.1", port), 10) as connection:
        talk = Conversation(connection)
        if scene.ask_tls:
            talk.say(SSL_REQUEST)
            talk.hear()
        talk.say(start(scene.user, scene.database))
        if authenticate(talk, scene.user, scene.password) and until_ready(talk):
            if scene.raw:
                talk.say(scene.raw)
                connection.settimeout(0.5)
                hear_until_silent(talk)
            for sql in scene.says:
                query(talk, sql)
    write(server, version, scene, talk)


def hear_until_silent(talk: Conversation) -> None:
    try:
        while talk.hear():
            pass
    except TimeoutError:
        pass


def write(server: str, version: str, scene: Scene, talk: Conversation) -> None:
    """`closed` says that the server hung up after its last turn."""
    golden = {
        "server": version,
        "about": scene.about,
        "user": scene.user,
        "password": scene.password,
        "database": scene.database,
        "queries": list(scene.says),
        "closed": talk.closed,
        "turns": [{"from": who, "hex": data.hex()} for who, data in talk.turns],
    }
    (HERE / f"{server}-{scene.name}.json").write_text(json.dumps(golden, indent=1) + "\n")


@contextmanager
def running(command: Sequence[str | Path], port: int, **env: str) -> Iterator[None]:
    process = subprocess.Popen(
        [str(word) for word in command], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        env={**os.environ, **env}, user="nobody", group="nogroup", extra_groups=[],
    )  # fmt: skip
    try:
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                break
            except ConnectionRefusedError:
                time.sleep(0.05)
        yield
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(20)


def sochdb(folder: Path) -> None:
    (program := folder / "server").write_bytes(SOCHDB.read_bytes())
    program.chmod(0o755)
    command: list[str | Path] = [
        *(program, "--port", "45051", "--pg-port", str(SOCHDB_PORT)),
        *("--metrics-port", "0", "--ws-port", "0", "--pg-data-dir", folder / "sochdb"),
    ]
    with running(command, SOCHDB_PORT):
        for scene in SOCHDB_SCENES:
            record("sochdb", "SochDB 2.1.0", scene, SOCHDB_PORT)
    with running(command, SOCHDB_PORT, SOCHDB_PG_PASSWORD="correct horse"):
        for scene in SOCHDB_PASSWORD_SCENES:
            record("sochdb", "SochDB 2.1.0", scene, SOCHDB_PORT)


def postgres(folder: Path) -> None:
    data = folder / "postgres"

    def run(*words: str | Path) -> str:
        done = subprocess.run([str(word) for word in words], check=True, capture_output=True,
                              text=True, user="nobody", group="nogroup", extra_groups=[],
                              cwd=folder)  # fmt: skip
        return done.stdout

    run(POSTGRES / "initdb", "--pgdata", data, "--username", "admin", "--auth", "trust")
    (data / "pg_hba.conf").write_text(HBA)
    version = run(POSTGRES / "postgres", "--version").strip().replace("postgres (", "").split()
    named = f"PostgreSQL {version[1].rstrip(')')}"
    command: list[str | Path] = [
        *(POSTGRES / "postgres", "-D", data, "-p", str(POSTGRES_PORT), "-k", folder),
        *("-c", "listen_addresses=127.0.0.1", "-c", "max_connections=4"),
        *("-c", "superuser_reserved_connections=1", "-c", "max_wal_senders=0"),
    ]

    def admin(sql: str) -> None:
        run("/usr/bin/psql", "-h", folder, "-p", str(POSTGRES_PORT), "-U", "admin", "-d",
            "postgres", "-qc", sql)  # fmt: skip

    with running(command, POSTGRES_PORT):
        admin(ROLES)
        for scene in POSTGRES_SCENES:
            record("postgres", named, scene, POSTGRES_PORT)
        full = Scene("too-many", "FATAL 53300: every connection is taken")
        open_ones = [socket.create_connection(("127.0.0.1", POSTGRES_PORT)) for _ in range(3)]
        for one in open_ones:
            talk = Conversation(one)
            talk.say(start("trusted", "postgres"))
            until_ready(talk)
        record("postgres", named, full, POSTGRES_PORT)
        stopping = Scene("shutting-down", "FATAL 57P03 while a smart shutdown waits for a session")
        master = int((data / "postmaster.pid").read_text().split()[0])
        os.kill(master, signal.SIGTERM)
        time.sleep(0.5)
        record("postgres", named, stopping, POSTGRES_PORT)
        for one in open_ones:
            one.close()
    # The archive never delivers, so that the server stays where a crash recovery begins.
    (data / "recovery.signal").touch()
    with running([*command, "-c", "restore_command=sleep 5"], POSTGRES_PORT):
        record(
            "postgres",
            named,
            Scene("starting-up", "FATAL 57P03 before recovery has begun"),
            POSTGRES_PORT,
        )


def main() -> None:
    HERE.mkdir(exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="golden-"))
    try:
        shutil.chown(folder, "nobody", "nogroup")
        sochdb(folder)
        postgres(folder)
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
