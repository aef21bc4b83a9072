"""Rehearsals for real: a candidate on a copy, on the port that the running version holds."""

import http.server
import os
import socket
import sqlite3
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from agent.errors import RefusedError, RolledBackError
from agent.release.record import FOLDER
from agent.remedies.remedy import Scene
from agent.tls.authority import make_authority, make_leaf
from agent.upgrade.rehearsal import STAGE, Rehearsed, rehearse, story
from agent.values import values_for
from tests.unit.migration_stage import Stage, stage

pytestmark = pytest.mark.real
SERVER = """
import http.server, os, sqlite3, sys
class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        version = sqlite3.connect(sys.argv[2]).execute("SELECT version FROM app").fetchone()[0]
        self.send_response(200 if version == 2 else 500)
        self.end_headers()
        self.wfile.write(str(version).encode())
    def log_message(self, *words):
        print(*words, flush=True)
open(sys.argv[3] + "/pid", "w").write(str(os.getpid()))
http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Answer).serve_forever()
"""
PAIR = '[certificates.main]\n[checks.pair]\ntype = "certificate"\ncertificate = "main"\n'
CRON = '[services.cron]\nunit = "cron.service"\n[checks.cron]\ntype = "unit"\nservice = "cron"\n'
UP = {"0001-two/up.sql": "UPDATE app SET version = 2;", "0001-two/verify.sql": ""}


class Old(http.server.BaseHTTPRequestHandler):
    """The version that runs."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"old")

    def log_message(self, *words: object) -> None:
        pass


@pytest.fixture
def port() -> Iterator[int]:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Old)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server.server_port
    server.shutdown()
    server.server_close()
    thread.join()


def manifest(port: int, within: str = "20s", more: str = "") -> str:
    return f"""
[appliance]
name = "ledger"
version = "2"
[stores.books]
path = "{{data}}/books.db"
[secrets.fresh]
[services.web]
command = ["/usr/bin/python3", "-I", "{{release}}/web.py", "{port}", "{{data}}/books.db", "{{run}}"]
environment.KEY = "{{secret:fresh}}"
ports = [{port}]
[checks.web]
type = "http"
url = "http://127.0.0.1:{port}/"
contains = "2"
[upgrade]
healthy = 1
within = "{within}"
{more}
"""


class Theatre:
    """A deployment that runs, and candidates for it."""

    def __init__(self, here: Stage, port: int) -> None:
        self.here, self.port = here, port
        db = sqlite3.connect(here.live / "books.db")
        db.execute("CREATE TABLE app (version INT)")
        db.execute("INSERT INTO app VALUES (1)")
        db.commit()
        db.close()
        here.own(here.live / "books.db")
        self.layout = here.layout
        self.layout.state.mkdir(parents=True, exist_ok=True)

    def candidate(self, text: str, scripts: dict[str, str], server: str = SERVER) -> Path:
        release = self.here.write_release("2-abc", scripts)
        (release / FOLDER / "appliance.toml").write_text(text)
        (release / "web.py").write_text(server)
        return release

    def rehearse(self, release: Path) -> Rehearsed:
        scene: Scene = self.here.scene(release)
        live = replace(scene, values=values_for(scene.manifest, self.layout))
        before = sorted(str(path) for path in self.layout.root.rglob("*"))
        try:
            return rehearse(live, release, progress=self.here.told)
        finally:
            after = sorted(str(path) for path in self.layout.root.rglob("*"))
            assert [each for each in after if each not in before and "setup.lock" not in each] == []
            db = sqlite3.connect(self.here.live / "books.db")
            assert db.execute("SELECT version FROM app").fetchone() == (1,)
            db.close()


@pytest.fixture
def theatre(port: int) -> Iterator[Theatre]:
    with stage(manifest(port)) as here:
        yield Theatre(here, port)


def test_the_candidate_is_good_on_the_same_port_and_unseen(theatre: Theatre) -> None:
    left = theatre.layout.generations / STAGE / "data"  # of one that was killed
    left.mkdir(parents=True)
    (left / "old").write_text("x")
    found = theatre.rehearse(theatre.candidate(manifest(theatre.port, more=CRON), UP))
    assert (found.good, found.started, found.failures) == (True, True, ())
    assert [each.name for each in found.migrations] == ["two"]
    assert found.downtime is not None
    assert found.downtime > 0
    assert story(found) is None
    assert theatre.here.told.done[-1] == (1, 1)
    words = "; ".join(found.left_out)
    assert "service cron: it is cron.service" in words
    assert "check cron" in words
    assert "networks outside" in words
    assert not left.parent.exists()
    with socket.create_connection(("127.0.0.1", theatre.port)) as wire:
        wire.sendall(b"GET / HTTP/1.0\r\n\r\n")
        assert wire.makefile("rb").read().endswith(b"old")


def test_the_machines_certificates_are_looked_at_where_they_are(theatre: Theatre) -> None:
    home = theatre.layout.certificate("main")
    home.mkdir(parents=True)
    authority = make_authority("ledger", now=time.time())
    leaf = make_leaf(authority, ["localhost"], now=time.time(), days=100)
    (home / "cert.pem").write_bytes(leaf.certificate)
    (home / "chain.pem").write_bytes(leaf.certificate + authority.certificate)
    (home / "key.pem").write_bytes(leaf.key)
    (home / "key.pem").chmod(0o644)
    text = manifest(theatre.port, "3s", PAIR)
    found = theatre.rehearse(theatre.candidate(text, UP))
    assert (found.good, found.failures) == (True, ())


def test_one_that_never_gets_healthy_is_told_with_its_last_words(theatre: Theatre) -> None:
    broken = SERVER.replace("200 if version == 2 else 500", "503")
    found = theatre.rehearse(theatre.candidate(manifest(theatre.port, "2s"), UP, broken))
    assert (found.good, found.started) == (False, True)
    assert found.failures[0].name == "web"
    assert "503" in found.failures[0].summary
    assert "GET /" in found.evidence["web"]
    told = story(found)
    assert told is not None
    assert "did not get healthy in the rehearsal: web:" in told.message


def test_one_that_does_not_even_start(theatre: Theatre) -> None:
    crash = "raise SystemExit('no such module')"
    found = theatre.rehearse(theatre.candidate(manifest(theatre.port, "1s"), UP, crash))
    assert found.failures[0].name == "web"
    assert "no such module" in found.evidence["web"]


def test_a_migration_that_fails_ends_it(theatre: Theatre) -> None:
    bad = {**UP, "0001-two/verify.sql": "SELECT 'never';"}
    with pytest.raises(RolledBackError, match="never"):
        theatre.rehearse(theatre.candidate(manifest(theatre.port), bad))


def test_an_external_database_can_not_be_rehearsed(theatre: Theatre) -> None:
    record = theatre.layout.active / "database.json"
    record.write_text("{}")
    with pytest.raises(RefusedError, match="on another server"):
        theatre.rehearse(theatre.candidate(manifest(theatre.port), UP))
    assert os.path.exists(record)
