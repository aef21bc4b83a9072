"""What is in a database, counted and hashed, so that two of them can be compared.

A table's hash is the sum of a 64-bit hash of each row as text, so it does not depend on the order
of rows; both ends write values in the same form (`reach.PINNED`). It is of no use against somebody
who forges rows on purpose: both ends are ours. Large objects and sequences are counted and hashed
the same way.

Owns reading. Refuses to compare schemas (`outline`) and to change anything.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from dataclasses import dataclass, field

import psycopg
from psycopg import sql

from agent.database.reach import Place, Session, session
from agent.errors import CaretakerError

JOBS = 2

_TABLES = """
SELECT n.nspname, c.relname, pg_table_size(c.oid)
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE (c.relkind = 'r' OR c.relkind = 'm' AND c.relispopulated) AND c.relpersistence <> 't'
  AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
ORDER BY 3 DESC, 1, 2
"""
_SEQUENCES = """
SELECT n.nspname, c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind = 'S' AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' ORDER BY 1, 2
"""
# A record's text names no type and quotes every value, so neighbours can't run into each other.
_TABLE = """
SELECT count(*), coalesce(sum(hashtextextended((x.*)::text COLLATE "C", 0)), 0)::text
FROM ONLY {} x
"""
_LARGE = """
SELECT count(*), coalesce(sum(hashtextextended(oid::text || sha256(lo_get(oid))::text, 0)), 0)::text
FROM pg_largeobject_metadata
"""

Key = tuple[str, str, str]  # kind, schema, name


@dataclass(frozen=True, slots=True)
class Content:
    """Rows and hash of each table, sequence and of all large objects."""

    found: dict[Key, tuple[int, str]] = field(default_factory=dict)

    @property
    def rows(self) -> int:
        return sum(rows for key, (rows, _) in self.found.items() if key[0] == "table")

    @property
    def tables(self) -> int:
        return sum(1 for key in self.found if key[0] == "table")


def content_of(
    place: Place, *, jobs: int = JOBS, done: Callable[[int], None] = lambda size: None
) -> Content:
    """Everything in a database as one moment saw it. `done` hears of bytes read, from any thread.

    Raises psycopg.Error.
    """
    with session(place, autocommit=False) as first:
        _begin(first)
        snapshot = first.execute("SELECT pg_export_snapshot()").fetchall()[0][0]
        tables = first.execute(_TABLES).fetchall()
        content = Content()
        for schema, name in first.execute(_SEQUENCES).fetchall():
            asked = sql.SQL("SELECT last_value, is_called FROM {}").format(_name(schema, name))
            value, called = first.execute(asked).fetchall()[0]
            content.found["sequence", schema, name] = (1, f"{value} {called}")
        count, total = first.execute(_LARGE).fetchall()[0]
        content.found["large objects", "", ""] = (count, total)
        _in_parallel(place, snapshot, tables, content, jobs, done)
    return content


def _begin(opened: Session) -> None:
    opened.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")


def _in_parallel(
    place: Place,
    snapshot: str,
    tables: list[tuple[str, str, int]],
    content: Content,
    jobs: int,
    done: Callable[[int], None],
) -> None:
    waiting: queue.SimpleQueue[tuple[str, str, int]] = queue.SimpleQueue()
    for each in tables:
        waiting.put(each)
    problems: list[BaseException] = []

    def work() -> None:
        try:
            with session(place, autocommit=False) as opened:
                _begin(opened)
                opened.execute(sql.SQL("SET TRANSACTION SNAPSHOT {}").format(snapshot))
                while not problems:
                    schema, name, size = waiting.get_nowait()
                    asked = sql.SQL(_TABLE).format(_name(schema, name))
                    content.found["table", schema, name] = opened.execute(asked).fetchall()[0]
                    done(size)
        except queue.Empty:
            pass
        except (psycopg.Error, CaretakerError) as error:
            problems.append(error)

    threads = [threading.Thread(target=work, daemon=True) for _ in range(min(jobs, len(tables)))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if problems:
        raise problems[0]


def _name(schema: str, name: str) -> sql.Identifier:
    return sql.Identifier(schema, name)


def differences(old: Content, new: Content) -> list[str]:
    """What is not the same, in words for people; empty: equal."""
    found = []
    for key in sorted(old.found.keys() | new.found.keys()):
        kind, schema, name = key
        what = f"{kind} {schema}.{name}" if name else kind
        before, after = old.found.get(key), new.found.get(key)
        if before is None or after is None:
            found.append(f"{what} is missing at the {'new' if after is None else 'old'} end")
        elif before[0] != after[0]:
            found.append(f"{what} has {before[0]} rows, and {after[0]} at the new end")
        elif before[1] != after[1]:
            found.append(f"{what} has other content at the new end")
    return found
