"""One act on an SQLite store, in a cell, as the application's user.

Run as a script of its own, `python -I -S sqlite_step.py`: JSON comes in on stdin, JSON goes out on
stdout. Owns the transaction of a migration in SQL, and the table `caretaker_migrations` in which a
store says what was applied to it (`user_version` stays the vendor's). Refuses a script that begins
or ends a transaction itself, or that attaches another file. Imports nothing of ours.
"""

from __future__ import annotations

import contextlib
import json
import os
import sqlite3
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

_TABLE = """CREATE TABLE IF NOT EXISTS caretaker_migrations (
    number INTEGER PRIMARY KEY, name TEXT NOT NULL, checksum TEXT NOT NULL,
    version TEXT NOT NULL, applied REAL NOT NULL)"""
_COLUMNS = ("number", "name", "checksum", "version", "applied")
_PROGRESS = 3  # `cell.PROGRESS`
_MOST = 20  # rows of complaints

Answer = dict[str, Any]


def main() -> int:
    asked = json.load(sys.stdin)
    path = Path(asked["path"])
    try:
        if not path.is_file():
            answer: Answer = {"absent": True}
        else:
            with contextlib.closing(_opened(path)) as db:
                answer = _ACTS[asked["act"]](db, asked)
    except (sqlite3.Error, OSError, ValueError) as error:
        answer = {"error": str(error) or type(error).__name__}
    json.dump(answer, sys.stdout)
    return 0


def _opened(path: Path) -> sqlite3.Connection:
    db = sqlite3.connect(f"{path.as_uri()}?mode=rw", uri=True, timeout=10, isolation_level=None)
    db.text_factory = lambda raw: raw.decode(errors="replace")
    db.execute("PRAGMA synchronous = FULL")
    return db


def _marks(db: sqlite3.Connection, _asked: Answer) -> Answer:
    there = db.execute("SELECT 1 FROM sqlite_master WHERE name = 'caretaker_migrations'").fetchone()
    if there is None:
        return {"marks": []}
    columns = ", ".join(_COLUMNS)
    rows = db.execute(f"SELECT {columns} FROM caretaker_migrations ORDER BY number")  # noqa: S608
    # The columns are our own constants.
    return {"marks": [dict(zip(_COLUMNS, row, strict=True)) for row in rows]}


def _mark(db: sqlite3.Connection, asked: Answer) -> Answer:
    db.execute("BEGIN IMMEDIATE")
    _note(db, asked["marks"])
    db.execute("COMMIT")
    return {}


def _note(db: sqlite3.Connection, marks: list[Answer]) -> None:
    db.execute(_TABLE)
    db.executemany(
        "INSERT OR REPLACE INTO caretaker_migrations VALUES (:number, :name, :checksum, :version,"
        " :applied)",
        marks,
    )


def _apply(db: sqlite3.Connection, asked: Answer) -> Answer:
    """The script and its mark, in one transaction.

    Foreign keys are not enforced meanwhile and checked at the end, as SQLite's documentation has it
    for ALTER TABLE (lang_altertable.html, section 7).
    """
    statements = list(_statements(asked["sql"]))
    db.execute("PRAGMA foreign_keys = OFF")
    db.execute("BEGIN IMMEDIATE")
    before = set(_violations(db))
    db.set_authorizer(_allowed)
    for done, statement in enumerate(statements):
        db.execute(statement).fetchall()
        _tell(done + 1, len(statements))
    db.set_authorizer(None)
    found = [each for each in _violations(db) if each not in before]
    if found:
        return {
            "error": f"it leaves {len(found)} rows without the row that they refer to: {found[0]}"
        }
    _note(db, asked["marks"])
    db.execute("COMMIT")
    return {}


def _verify(db: sqlite3.Connection, asked: Answer) -> Answer:
    """Each row that the script yields is something that is wrong."""
    db.execute("PRAGMA query_only = ON")
    complaints: list[str] = []
    for statement in _statements(asked["sql"]):
        rows = db.execute(statement).fetchmany(_MOST)
        complaints += [", ".join(str(value) for value in row) for row in rows]
    return {"complaints": complaints[:_MOST]}


def _check(db: sqlite3.Connection, _asked: Answer) -> Answer:
    found = [str(row[0]) for row in db.execute(f"PRAGMA integrity_check({_MOST})")]
    return {"complaints": [] if found == ["ok"] else found}


def _violations(db: sqlite3.Connection) -> Iterator[str]:
    for table, row, parent, _ in db.execute("PRAGMA foreign_key_check"):
        yield f"{table} row {row} refers to {parent}"


def _statements(text: str) -> Iterator[str]:
    """One after the other, as the sqlite3 program splits them."""
    *pieces, rest = text.split(";")
    part = ""
    for piece in pieces:
        part += f"{piece};"
        if sqlite3.complete_statement(part):
            yield part
            part = ""
    part += rest
    lines = (line.strip() for line in part.splitlines())
    if any(line and not line.startswith("--") for line in lines):
        yield part


def _allowed(action: int, *_rest: str | None) -> int:
    outside = (sqlite3.SQLITE_TRANSACTION, sqlite3.SQLITE_ATTACH, sqlite3.SQLITE_DETACH)
    return sqlite3.SQLITE_DENY if action in outside else sqlite3.SQLITE_OK


def _tell(done: int, total: int) -> None:
    with contextlib.suppress(OSError):
        os.write(_PROGRESS, f"{done} {total}\n".encode())


_ACTS = {"marks": _marks, "mark": _mark, "apply": _apply, "verify": _verify, "check": _check}

if __name__ == "__main__":
    sys.exit(main())
