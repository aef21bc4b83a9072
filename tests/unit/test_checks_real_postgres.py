"""`postgres` against a PostgreSQL of the test's own, where one is installed."""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from agent.findings import Finding
from agent.health.context import Context
from agent.health.look import look_once
from agent.host.machine import Host
from agent.manifest.checks import PostgresCheck
from agent.manifest.kinds import Duration
from agent.tls.authority import make_authority, make_leaf
from tests.unit.checks_world import ScriptedServices, context

PROGRAMS = Path("/usr/lib/postgresql/15/bin")
pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif(not PROGRAMS.is_dir(), reason="PostgreSQL 15 is not installed here"),
]
PASSWORD = "correct horse"
HBA = """\
local   all all       trust
hostssl all secure    127.0.0.1/32 scram-sha-256
host    all trusted   127.0.0.1/32 trust
host    all scram     127.0.0.1/32 scram-sha-256
host    all hashed    127.0.0.1/32 md5
host    all clear     127.0.0.1/32 password
"""
ROLES = f"""
CREATE ROLE trusted LOGIN; CREATE ROLE scram LOGIN PASSWORD '{PASSWORD}';
CREATE ROLE clear LOGIN PASSWORD '{PASSWORD}'; CREATE ROLE secure LOGIN PASSWORD '{PASSWORD}';
SET password_encryption = md5; CREATE ROLE hashed LOGIN PASSWORD '{PASSWORD}';
"""


@dataclass(frozen=True)
class Server:
    """One that listens on loopback, with TLS."""

    folder: Path
    port: int
    pid: int

    def check(self, **facts: Any) -> PostgresCheck:
        return PostgresCheck(**{"port": self.port, "database": "postgres", **facts})

    def sql(self, text: str) -> str:
        command = ["psql", "-h", str(self.folder), "-p", str(self.port), "-U", "postgres", "-tA"]
        done = subprocess.run(
            [*command, "-c", text, "postgres"], capture_output=True, text=True, check=True
        )
        return done.stdout.strip()


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    # Not pytest's folder: another user must be able to search the way to it.
    folder = Path(tempfile.mkdtemp(prefix="caretaker-postgres-"))
    as_user: dict[str, Any] = {"user": "postgres"} if os.geteuid() == 0 else {}
    try:
        if as_user:
            shutil.chown(folder, "postgres", "postgres")
        data, port = folder / "data", free_port()
        initialise = [
            str(PROGRAMS / "initdb"),
            "-D",
            str(data),
            "-U",
            "postgres",
            "-A",
            "trust",
            "--no-sync",
        ]
        subprocess.run(initialise, capture_output=True, check=True, **as_user)
        (data / "pg_hba.conf").write_text(HBA)
        certify(data)
        options = [
            *("-c", f"port={port}", "-c", "listen_addresses=127.0.0.1", "-c", "fsync=off"),
            *("-c", f"unix_socket_directories={folder}", "-c", "ssl=on", "-c", "log_statement=all"),
        ]
        with subprocess.Popen(
            [PROGRAMS / "postgres", "-D", data, *options], stderr=subprocess.DEVNULL, **as_user
        ) as child:
            try:
                found = Server(folder, port, child.pid)
                wait_for(found)
                found.sql(ROLES)
                yield found
            finally:
                child.send_signal(signal.SIGCONT)
                child.send_signal(signal.SIGQUIT)
    finally:
        shutil.rmtree(folder)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


def certify(data: Path) -> None:
    authority = make_authority("test", now=time.time())
    leaf = make_leaf(authority, ["localhost", "127.0.0.1"], now=time.time(), days=100)
    owner = data.stat()
    for name, content in (("server.crt", leaf.certificate), ("server.key", leaf.key)):
        (data / name).write_bytes(content)
        (data / name).chmod(0o600)
        os.chown(data / name, owner.st_uid, owner.st_gid)
    (data.parent / "ca.pem").write_bytes(authority.certificate)


def wait_for(server: Server) -> None:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        with contextlib.suppress(subprocess.CalledProcessError):
            server.sql("SELECT 1")
            return
        time.sleep(0.05)
    raise TimeoutError("PostgreSQL does not start")


@pytest.fixture
def here(root: Path) -> Context:
    return context(Host(), ScriptedServices(), root)


def seen(here: Context, check: PostgresCheck) -> Finding:
    return look_once(check, here)


@pytest.mark.parametrize(
    ("facts", "code"),
    [
        ({"user": "trusted", "expect": "1"}, "ok"),
        ({"user": "scram", "password": PASSWORD}, "ok"),
        ({"user": "hashed", "password": PASSWORD}, "ok"),
        ({"user": "clear", "password": PASSWORD}, "ok"),
        ({"user": "scram", "password": "wrong"}, "postgres-login"),
        ({"user": "scram"}, "postgres-login"),
        ({"user": "nobody"}, "postgres-login"),
        ({"user": "secure", "password": PASSWORD}, "postgres-login"),  # not without TLS
        ({"user": "trusted", "database": "none"}, "postgres-database"),
        ({"user": "trusted", "query": "SELEC"}, "postgres-error"),
        ({"user": "trusted", "query": "SELECT 1; SELECT 'ä'", "expect": "ä"}, "ok"),
        ({"user": "trusted", "query": "COPY (SELECT 1) TO STDOUT"}, "ok"),
        ({"user": "trusted", "tls": True}, "tls-untrusted"),
        (
            {"user": "trusted", "query": "SELECT repeat('x', 900000) FROM generate_series(1, 40)"},
            "postgres-large",
        ),
    ],
)
def test_a_real_server_is_understood(
    server: Server, here: Context, facts: dict[str, Any], code: str
) -> None:
    for _ in range(2):  # the second time with what the first remembered
        finding = seen(here, server.check(**facts))
        assert finding.code == code, finding
        assert PASSWORD not in repr(finding)


def test_tls_and_the_socket_of_unix(server: Server, here: Context) -> None:
    ca = str(server.folder / "ca.pem")
    secure = server.check(user="secure", password=PASSWORD, tls=True, ca=ca)
    assert seen(here, secure).ok
    assert seen(here, server.check(address=str(server.folder), user="trusted")).ok
    missing = server.check(address="/nowhere", user="trusted")
    assert seen(here, missing).code == "socket-missing"


def test_slow_queries_do_not_pile_up(server: Server, here: Context) -> None:
    slow = server.check(user="trusted", query="SELECT pg_sleep(30)", timeout=Duration(0.3))
    for _ in range(4):
        assert seen(here, slow).code == "timeout"
    running = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(30)%' AND state = "
    deadline = time.monotonic() + 5
    while int(server.sql(running + "'active' AND pid <> pg_backend_pid()")) > 1:
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_a_stopped_server_costs_the_timeout(server: Server, here: Context) -> None:
    os.kill(server.pid, signal.SIGSTOP)
    begun = time.monotonic()
    finding = seen(here, server.check(user="trusted", timeout=Duration(0.3)))
    took = time.monotonic() - begun
    os.kill(server.pid, signal.SIGCONT)
    assert finding.code == "timeout"
    assert took < 0.5
    assert seen(here, server.check(user="trusted")).ok
