"""The proof that two databases are equal, and what it must find."""

from collections.abc import Iterator

import psycopg
import pytest

from agent.database import hashes, outline
from agent.database.reach import Place, session
from tests.unit.odd_database import STATEMENTS
from tests.unit.postgres_elsewhere import Elsewhere, elsewhere
from tests.unit.postgres_place import PROGRAMS

pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif(not PROGRAMS.is_dir(), reason="PostgreSQL 15 is not installed here"),
]


@pytest.fixture(scope="module")
def server() -> Iterator[Elsewhere]:
    with elsewhere() as found:
        found.sql("CREATE DATABASE one")
        found.sql(*STATEMENTS, name="one")
        yield found


@pytest.fixture
def pair(server: Elsewhere) -> Iterator[tuple[Place, Place]]:
    """The same database twice; the second is the test's to change."""
    server.sql("CREATE DATABASE other TEMPLATE one STRATEGY file_copy")
    facts = {"host": str(server.folder), "port": str(server.port), "user": "postgres"}
    yield Place({**facts, "dbname": "one"}), Place({**facts, "dbname": "other"})
    server.sql("DROP DATABASE other")


def found_after(pair: tuple[Place, Place], *texts: str) -> list[str]:
    with session(pair[1]) as opened:
        for text in texts:
            opened.execute(f"SET search_path = public; {text}".encode())
    return hashes.differences(hashes.content_of(pair[0]), hashes.content_of(pair[1]))


def test_the_same_is_equal_in_whatever_order_and_setting(
    server: Elsewhere, pair: tuple[Place, Place]
) -> None:
    assert found_after(pair) == []
    server.sql("ALTER DATABASE other SET datestyle = 'German'",
               "ALTER DATABASE other SET timezone = 'Asia/Kolkata'",
               "ALTER DATABASE other SET extra_float_digits = 0",
               "ALTER DATABASE other SET bytea_output = 'escape'")  # fmt: skip
    again = "CREATE TABLE y AS SELECT * FROM parted_1 ORDER BY day DESC; DELETE FROM parted_1"
    assert found_after(pair, again, "INSERT INTO parted_1 SELECT * FROM y; DROP TABLE y") == []


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ("UPDATE everything SET j = '\\x00fe' WHERE id = 1", "public.everything has other"),
        ("UPDATE x SET x = overlay(x placing 'X' from 2000) WHERE x LIKE '%9'", "public.x has"),
        ("DELETE FROM parted WHERE n = 7", "public.parted_1 has 181 rows, and 180"),
        ("UPDATE everything SET e = '0' WHERE e = '-0'", "public.everything has other content"),
        ("UPDATE everything SET h = NULL WHERE id = 1", "public.everything has other content"),
        ("SELECT nextval('counter')", "sequence public.counter has other"),
        ("SELECT lo_put(min(oid), 1, '\\x00') FROM pg_largeobject_metadata", "large objects"),
        ("SELECT lo_create(0)", "large objects has 2 rows, and 3"),
        ("DROP TABLE nothing", "public.nothing is missing at the new end"),
        ("CREATE TABLE more (a int)", "public.more is missing at the old end"),
    ],
)
def test_a_single_change_is_found(pair: tuple[Place, Place], change: str, told: str) -> None:
    found = found_after(pair, change)
    assert len(found) == 1
    assert told in found[0]


def test_rows_that_changed_places_are_found(pair: tuple[Place, Place]) -> None:
    swap = ("INSERT INTO parent VALUES (3); DELETE FROM ONLY parent WHERE a = 1",
            "CREATE TABLE one (a int); CREATE TABLE two (a int)",
            "INSERT INTO one VALUES (1); INSERT INTO two VALUES (2)")  # fmt: skip
    with session(pair[0]) as opened:
        opened.execute("CREATE TABLE public.one (a int); CREATE TABLE public.two (a int)")
        opened.execute("INSERT INTO public.one VALUES (2); INSERT INTO public.two VALUES (1)")
    try:
        found = found_after(pair, *swap)
        assert [each.split()[1] for each in found] == ["public.one", "public.parent", "public.two"]
    finally:
        with session(pair[0]) as opened:
            opened.execute("DROP TABLE public.one; DROP TABLE public.two")


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ("DROP INDEX words", "index"),
        ("ALTER TABLE x ALTER x SET DEFAULT 'y'", "default text"),
        ("ALTER TABLE refers DROP CONSTRAINT refers_id_fkey", "constraint"),
        ("DROP TRIGGER stamped ON x", "trigger"),
        ("ALTER TABLE x DISABLE TRIGGER stamped", "trigger"),
        ("DROP POLICY own ON refers", "policy"),
        ("ALTER SEQUENCE counter INCREMENT 6", "sequence text"),
        ("CREATE OR REPLACE VIEW seen AS SELECT id, i FROM everything WHERE a > 1", "view text"),
        ("ALTER TYPE mood ADD VALUE 'new'", "type"),
        ("ALTER TABLE everything ALTER g TYPE varchar(21)", "column"),
    ],
)
def test_what_is_not_rows_is_compared_too(
    pair: tuple[Place, Place], change: str, told: str
) -> None:
    with session(pair[1]) as opened:
        opened.execute(f"SET search_path = public; {change}".encode())
    with session(pair[0]) as one, session(pair[1]) as other:
        before, after = (outline.outline_of(each, texts=True) for each in (one, other))
    found = outline.differences(before, after)
    assert any(each.startswith(told) for each in found), found


def test_it_reads_one_moment(pair: tuple[Place, Place]) -> None:
    with psycopg.connect(place_of_socket(pair[1]), autocommit=True) as writer:

        def meddle(_: int) -> None:
            writer.execute("DELETE FROM parent")

        before = hashes.content_of(pair[1], done=meddle)
    assert before.found["table", "public", "parent"][0] == 1


def place_of_socket(place: Place) -> str:
    return " ".join(f"{key}={value}" for key, value in place.facts.items())
