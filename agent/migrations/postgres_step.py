"""One act on a PostgreSQL store, in a cell, as the application's user.

Run as a script of its own, `python -I postgres_step.py`: JSON in on stdin, JSON out on stdout, the
database's URL in the environment. Owns the transaction of a migration in SQL with its advisory lock
and lock_timeout, and the table `caretaker.migrations`. Refuses a script that ends the transaction.
Imports nothing of ours.
"""

from __future__ import annotations

import json
import os
import sys
from typing import Any

import psycopg
from psycopg.rows import dict_row

URL = "CARETAKER_DATABASE_URL"
_LOCK = 0x6361726574616B  # "caretak"; one migration at a time in one database
_LOCK_TIMEOUT = "10s"
_CONNECT = 15  # seconds
_NOTICES = 140000  # from then on a server can notice in mid-statement that we were killed
_MOST = 20  # rows of complaints
_TABLE = """CREATE TABLE IF NOT EXISTS caretaker.migrations (
    number integer PRIMARY KEY, name text NOT NULL, checksum text NOT NULL,
    version text NOT NULL, applied double precision NOT NULL)"""
_INSERT = """INSERT INTO caretaker.migrations (number, name, checksum, version, applied)
    VALUES (%(number)s, %(name)s, %(checksum)s, %(version)s, %(applied)s)
    ON CONFLICT (number) DO UPDATE SET name = excluded.name, checksum = excluded.checksum,
    version = excluded.version, applied = excluded.applied"""

Answer = dict[str, Any]
Connection = psycopg.Connection[dict[str, Any]]


def main() -> int:
    asked = json.load(sys.stdin)
    try:
        with psycopg.connect(
            os.environ[URL],
            connect_timeout=_CONNECT,
            application_name="caretaker migration",
            row_factory=dict_row,
        ) as db:
            answer = _ACTS[asked["act"]](db, asked)
    except psycopg.Error as error:
        answer = {"error": " ".join(str(error).split()) or type(error).__name__}
    except ValueError as error:
        answer = {"error": str(error)}
    json.dump(answer, sys.stdout)
    return 0


def _marks(db: Connection, _asked: Answer) -> Answer:
    if not _there(db, "to_regclass('caretaker.migrations')"):
        return {"marks": []}
    rows = db.execute(
        "SELECT number, name, checksum, version, applied FROM caretaker.migrations ORDER BY number"
    )
    return {"marks": rows.fetchall()}


def _there(db: Connection, what: str) -> bool:
    row = db.execute(f"SELECT {what} IS NOT NULL AS there").fetchone()
    return row is not None and bool(row["there"])


def _mark(db: Connection, asked: Answer) -> Answer:
    _hold(db)
    _note(db, asked["marks"])
    return {}


def _note(db: Connection, marks: list[Answer]) -> None:
    # CREATE SCHEMA asks for the right to create one also where it is there already.
    if not _there(db, "to_regnamespace('caretaker')"):
        db.execute("CREATE SCHEMA caretaker")
    db.execute(_TABLE)
    with db.cursor() as cursor:
        cursor.executemany(_INSERT, marks)


def _hold(db: Connection) -> None:
    """The lock is freed with the transaction, however that ends."""
    db.execute("SELECT set_config('lock_timeout', %s, true)", [_LOCK_TIMEOUT])
    if db.info.server_version >= _NOTICES:
        db.execute("SELECT set_config('client_connection_check_interval', '5s', true)")
    row = db.execute("SELECT pg_try_advisory_xact_lock(%s) AS held", [_LOCK]).fetchone()
    if row is None or not row["held"]:
        raise ValueError("another migration runs in this database")


def _apply(db: Connection, asked: Answer) -> Answer:
    """The script and its mark, in one transaction."""
    _hold(db)
    before = _transaction(db)
    db.execute(asked["sql"])
    if _transaction(db) != before:
        raise ValueError("the script ends the transaction; take COMMIT and ROLLBACK out of it")
    _note(db, asked["marks"])
    return {}


def _transaction(db: Connection) -> object:
    row = db.execute("SELECT txid_current() AS id").fetchone()
    return row and row["id"]


def _verify(db: Connection, asked: Answer) -> Answer:
    """Each row that the script yields is something that is wrong."""
    db.execute("SET TRANSACTION READ ONLY")
    complaints: list[str] = []
    cursor = db.execute(asked["sql"])
    while True:
        if cursor.description is not None:
            rows = cursor.fetchmany(_MOST)
            complaints += [", ".join(str(value) for value in row.values()) for row in rows]
        if not cursor.nextset():
            db.rollback()
            return {"complaints": complaints[:_MOST]}


_ACTS = {"marks": _marks, "mark": _mark, "apply": _apply, "verify": _verify}

if __name__ == "__main__":
    sys.exit(main())
