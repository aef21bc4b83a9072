"""What is asked of a real PostgreSQL: read-only, as the application, within its time."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest

from agent.database.place import RECORD, Place, recorded
from agent.state import StateFile
from support.collectors import database
from support.collectors.declared import declared
from support.scene import Scene
from tests.unit.postgres_elsewhere import elsewhere
from tests.unit.postgres_place import MANIFEST, PROGRAMS, open_folder, scene_at
from tests.unit.support_machine import gather, read

pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif(not PROGRAMS.is_dir(), reason="PostgreSQL 15 is not installed here"),
]
GOODS = (
    "CREATE TABLE goods (id int PRIMARY KEY, name text)",
    "INSERT INTO goods SELECT g, 'good, ' || g FROM generate_series(1, 500) g",
)
DECLARED = (
    MANIFEST
    + """
[collect.goods]
sql = [
  "SELECT id, name FROM goods ORDER BY id LIMIT 2;",
  "WITH x AS (SELECT pg_sleep(60)) SELECT * FROM x",
  "SELECT nothing FROM nowhere",
]
timeout = "500ms"
[collect.writes]
sql = ["WITH gone AS (DELETE FROM goods RETURNING id) SELECT * FROM gone"]
"""
)


@pytest.fixture(scope="module")
def scene() -> Iterator[Scene]:
    """An appliance whose database is on a server of the test's."""
    with elsewhere() as server, open_folder() as folder:
        server.sql("CREATE DATABASE shop OWNER owner")
        server.sql(*(f"SET ROLE owner; {each}" for each in GOODS), name="shop")
        inside = scene_at(folder, DECLARED)
        layout = inside.layout
        layout.manifest.parent.mkdir(parents=True)
        layout.manifest.write_text(DECLARED)
        StateFile(layout.active / RECORD, Place).save(Place(server.url()))
        yield Scene(inside.host, layout, inside.manifest, 0.0, 4e9)


def url(scene: Scene) -> str:
    return recorded(scene.layout.active)


def test_status_activity_settings_and_tables(scene: Scene) -> None:
    with (
        psycopg.connect(url(scene)) as first,
        psycopg.connect(url(scene), autocommit=True) as second,
    ):
        first.execute("LOCK TABLE goods")
        second.execute("SET statement_timeout = 0")
        second.execute("SELECT 'private words', 4711")
        found, broken = gather(database.COLLECTOR, scene)
    assert broken == {}
    status = read(found, "database/status.json")
    assert "problem" not in status
    assert status["placement"] == "external"
    assert status["connections"] >= 2
    activity = read(found, "database/activity.json")
    queries = [each["query"] for each in activity]
    assert "LOCK TABLE goods" in queries
    assert "SELECT ?, ?" in queries
    assert b"private words" not in found["database/activity.json"]
    (locking,) = [each for each in activity if each["query"] == "LOCK TABLE goods"]
    assert locking["state"] == "idle in transaction"
    assert locking["transaction_seconds"] >= 0
    assert read(found, "database/settings.json")["server_encoding"] == "UTF8"
    (goods,) = read(found, "database/tables.json")
    assert goods["table"] == "public.goods"
    assert goods["rows"] == 500


def test_declared_questions_as_csv_and_each_within_its_time(scene: Scene) -> None:
    goods, writes = declared(scene)
    found, broken = gather(goods, scene)
    assert found == {"collected/goods/sql/1.csv": b'id,name\n1,"good, 1"\n2,"good, 2"\n'}
    assert broken == {
        "collected/goods/sql/2.csv": "the database said QueryCanceled 57014",
        "collected/goods/sql/3.csv": "the database said UndefinedTable 42P01",
    }
    found, broken = gather(writes, scene)
    assert found == {}
    assert list(broken) == ["collected/writes/sql/1.csv"]
    with psycopg.connect(url(scene)) as session:
        assert session.execute("SELECT count(*) FROM goods").fetchone() == (500,)


def test_a_database_that_is_gone_is_a_line(scene: Scene, tmp_path: Path) -> None:
    away = replace(scene, layout=replace(scene.layout, root=tmp_path))
    found, broken = gather(database.COLLECTOR, away)
    assert "problem" in read(found, "database/status.json")
    assert {name.rpartition("/")[2] for name in broken} == {
        "activity.json", "settings.json", "tables.json"
    }  # fmt: skip


def test_the_server_stands(scene: Scene) -> None:
    """Nothing that collectors did was left open there."""
    with psycopg.connect(url(scene), autocommit=True) as session:
        left = session.execute(
            "SELECT count(*) FROM pg_stat_activity"
            " WHERE application_name = 'caretaker' AND pid <> pg_backend_pid()"
        ).fetchone()
    assert left == (0,)
