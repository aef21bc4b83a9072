"""Rows saved from a damaged SQLite database, page by page, as far as they can be read.

Owns the order of trying. Refuses files: it is handed two open connections.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator

_BATCH = 500
_JUMP = 16  # rows; a page holds a few dozen
_PATIENCE = 20_000  # jumps: the highest id may itself be nonsense


def copy_rows(old: sqlite3.Connection, new: sqlite3.Connection) -> int:
    """Copy what can be read into the tables that the new one has; how many rows came over.

    Each of those tables has an `id INTEGER PRIMARY KEY`. Raises sqlite3.Error of the new one only.
    """
    tables = [row[0] for row in new.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
    saved = 0
    for table in tables:
        # Names can't be bound; these come from our own schema, never from the damaged file.
        columns = [row[1] for row in new.execute(f"PRAGMA table_info({table})")]
        marks = ", ".join("?" * len(columns))
        insert = f"INSERT OR IGNORE INTO {table} ({', '.join(columns)}) VALUES ({marks})"  # noqa: S608
        batch: list[tuple[object, ...]] = []
        for row in _readable(old, table, ", ".join(columns)):
            batch.append(row)
            if len(batch) == _BATCH:
                saved += new.executemany(insert, batch).rowcount
                batch.clear()
        saved += new.executemany(insert, batch).rowcount if batch else 0
    return saved


def _readable(old: sqlite3.Connection, table: str, columns: str) -> Iterator[tuple[object, ...]]:
    """Rows in order of id. A page that can't be read is jumped over, in short jumps."""
    top = _highest(old, table)
    last, jump, missed = 0, 1, 0
    query = f"SELECT {columns} FROM {table} WHERE id > ? ORDER BY id"  # noqa: S608 (as above)
    while True:
        try:
            for row in old.execute(query, (last,)):
                last, jump = row[0], 1
                yield row
            return
        except sqlite3.OperationalError:
            return  # No such table, or its time is over.
        except sqlite3.DatabaseError:
            last, jump, missed = last + jump, min(jump * 2, _JUMP), missed + 1
            if last >= top or missed > _PATIENCE:
                return


def _highest(old: sqlite3.Connection, table: str) -> int:
    try:
        found = old.execute(f"SELECT max(id) FROM {table}").fetchone()[0]  # noqa: S608 (as above)
    except sqlite3.DatabaseError:
        return 0
    return found if isinstance(found, int) else 0
