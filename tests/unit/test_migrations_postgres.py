"""Migrations of a real PostgreSQL: bundled, on the clone, and on another server."""

import shutil
import subprocess
import time
from collections.abc import Iterator

import psycopg
import pytest

from agent.database.temporary import Server, running
from agent.errors import MachineError, RefusedError, RolledBackError
from agent.manifest.kinds import Duration
from agent.migrations.folder import Declared
from tests.unit import migration_stage
from tests.unit.migration_stage import Stage
from tests.unit.postgres_place import PROGRAMS, initdb

pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif(not PROGRAMS.is_dir(), reason="PostgreSQL 15 is not installed here"),
]
MANIFEST = f"""
[appliance]
name = "ledger"
version = "1"
[services.db]
command = ["{PROGRAMS}/postgres", "-D", "{{data}}/postgres"]
user = "postgres"
[database]
engine = "postgres"
service = "db"
name = "books"
user = "clerk"
"""
SPLIT = """
CREATE TABLE account (id bigserial PRIMARY KEY, name text UNIQUE NOT NULL);
INSERT INTO account (name) SELECT DISTINCT account FROM entry;
ALTER TABLE entry ADD COLUMN account_id bigint REFERENCES account;
UPDATE entry SET account_id = account.id FROM account WHERE account.name = entry.account;
ALTER TABLE entry DROP COLUMN account;
"""
ASK = "SELECT 'entry ' || id || ' has no account' FROM entry WHERE account_id IS NULL;"


@pytest.fixture(scope="module")
def cluster() -> Iterator[Stage]:
    """Made once; each test works on a copy."""
    patch = pytest.MonkeyPatch()
    patch.setattr(migration_stage, "USER", "postgres")
    with migration_stage.stage(MANIFEST) as found:
        initdb(found.live / "postgres")
        scene = found.scene(found.layout.releases / "1-abc")
        with running(scene, found.live / "postgres", copied=False, durable=False) as server:
            ask(server, "CREATE ROLE clerk LOGIN", name="postgres", superuser=True)
            ask(server, "CREATE DATABASE books OWNER clerk", name="postgres", superuser=True)
            ask(server, "CREATE TABLE entry (id int, account text)")
            ask(server, "INSERT INTO entry VALUES (1, 'rent'), (2, 'food'), (3, 'rent')")
        yield found
    patch.undo()


@pytest.fixture
def here(cluster: Stage) -> Stage:
    shutil.rmtree(cluster.data)
    subprocess.run(["cp", "-a", cluster.live, cluster.data], check=True)
    cluster.told.notes.clear()
    return cluster


def ask(server: Server, sql: str, *, name: str = "", superuser: bool = False) -> list[object]:
    conninfo = server.conninfo(name=name, superuser=superuser)
    with psycopg.connect(conninfo, autocommit=True) as session:
        cursor = session.execute(sql)
        return list(cursor.fetchall()) if cursor.description else []


def look(here: Stage, sql: str) -> list[object]:
    scene = here.scene(here.layout.releases / "1-abc")
    with running(scene, here.data / "postgres", copied=True, durable=False) as server:
        return ask(server, sql)


def test_ddl_and_mark_in_one_transaction(here: Stage) -> None:
    ran = here.migrate({"0001-a/up.sql": SPLIT, "0001-a/verify.sql": ASK})
    assert [each.checks for each in ran] == [{"database": "verified"}]
    rows = look(here, "SELECT e.id, a.name FROM entry e JOIN account a ON a.id = account_id")
    assert sorted(map(str, rows)) == ["(1, 'rent')", "(2, 'food')", "(3, 'rent')"]
    assert look(here, "SELECT number, name, version FROM caretaker.migrations") == [(1, "a", "2")]
    assert '"name": "a"' in (here.data / ".caretaker/migrations.json").read_text()


@pytest.mark.parametrize(
    ("up", "said"),
    [
        (f"{SPLIT} SELECT 1 / 0;", "division by zero"),
        (f"{SPLIT} COMMIT;", "ends the transaction"),
        (f"{SPLIT} CREATE INDEX CONCURRENTLY i ON entry (id);", "cannot"),
    ],
)
def test_what_fails_is_told(here: Stage, up: str, said: str) -> None:
    with pytest.raises(RolledBackError, match=said):
        here.migrate({"0001-a/up.sql": up, "0001-a/verify.sql": ASK})
    assert look(here, "SELECT to_regclass('caretaker.migrations') IS NULL") == [(True,)]


def test_verify_tells_each_row(here: Stage) -> None:
    scripts = {"0001-a/up.sql": SPLIT.replace("UPDATE", "-- UPDATE"), "0001-a/verify.sql": ASK}
    with pytest.raises(RolledBackError, match="entry 1 has no account"):
        here.migrate(scripts)


def test_verify_may_not_write(here: Stage) -> None:
    with pytest.raises(RolledBackError, match="read-only transaction"):
        here.migrate({"0001-a/up.sql": "SELECT 1", "0001-a/verify.sql": "DELETE FROM entry"})


def test_a_program_gets_the_url_and_a_hanging_one_leaves_no_server(here: Stage) -> None:
    up = "import os, psycopg, time\nurl = os.environ['CARETAKER_DATABASE_URL']\n"
    up += "with psycopg.connect(url) as db:\n"
    works = up + " db.execute('CREATE TABLE made AS SELECT current_user AS who')\n"
    here.migrate({"0001-a/up.py": works, "0001-a/verify.py": ""})
    assert look(here, "SELECT who FROM made") == [("clerk",)]
    hangs = up + " db.execute('DROP TABLE made')\n time.sleep(600)\n"
    begun = time.monotonic()
    with pytest.raises(RefusedError, match="ahead"):
        here.migrate({"0002-b/up.py": hangs, "0002-b/verify.py": ""})
    (here.data / ".caretaker/migrations.json").unlink()
    look(here, "DROP SCHEMA caretaker CASCADE")
    with pytest.raises(RolledBackError, match="no end after"):
        here.migrate(
            {"0001-a/up.py": hangs, "0001-a/verify.py": ""},
            m0001_a=Declared(timeout=Duration(0.7)),
        )
    assert time.monotonic() - begun < 30
    assert not (here.data / "postgres/postmaster.pid").exists()
    assert look(here, "SELECT who FROM made") == [("clerk",)]


def test_only_one_at_a_time_in_one_database(here: Stage) -> None:
    """On another server, whose database everybody may use at once."""
    scene = here.scene(here.layout.releases / "1-abc")
    with running(scene, here.data / "postgres", copied=True, durable=False) as server:
        release = here.write_release("9-abc", {"0001-a/up.sql": SPLIT, "0001-a/verify.sql": ASK})
        with psycopg.connect(server.conninfo()) as other:
            other.execute("SELECT pg_advisory_xact_lock(%s)", [0x6361726574616B])
            with pytest.raises(RolledBackError, match="another migration runs"):
                here.run(release, url=server.url())
        assert [each.number for each in here.run(release, url=server.url())] == [1]


def test_an_external_one_is_never_migrated_in_place(here: Stage) -> None:
    place = here.layout.deployments / "1/database.json"
    place.write_text('{"url": "postgresql://clerk:secret@db.example/books"}')
    try:
        with pytest.raises(MachineError, match="must not be run on the one in use"):
            here.migrate({"0001-a/up.sql": SPLIT, "0001-a/verify.sql": ASK})
        look = "import os; assert 'CARETAKER_DATABASE_URL' not in os.environ"
        ran = here.migrate({"0001-a/up.py": look, "0001-a/verify.py": ""})
        assert [each.checks for each in ran] == [{"files": "verified"}]
    finally:
        place.unlink()
