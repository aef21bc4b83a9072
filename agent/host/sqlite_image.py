"""`python -I -S sqlite_image.py SOURCE [TARGET]`: a SQLite file of the application's, whole.

With a target: copied by SQLite's own backup, page for page as of one moment, while others write.
Without: what its log holds is brought into the file, which nobody else has open (a snapshot).
Either way it is checked. Runs as the file's owner, since who opens a database makes files beside
it. Refuses to import anything of ours.
"""

from __future__ import annotations

import contextlib
import json
import os
import sqlite3
import stat
import sys
from urllib.parse import quote

_PATIENCE = 30.0  # seconds for a writer that has the file
_STEP = 4096  # pages between two looks whether somebody wrote


def image(source: str, target: str) -> str:
    """What is wrong; empty where all went well."""
    if not stat.S_ISREG(os.lstat(source).st_mode):
        return "it is no regular file"
    mode = "ro" if target else "rw"
    try:
        database = sqlite3.connect(f"file:{quote(source)}?mode={mode}", uri=True, timeout=_PATIENCE)
        with contextlib.closing(database):
            database.execute("PRAGMA trusted_schema = OFF")
            return _copied(database, target) if target else _settled(database)
    except sqlite3.Error as error:
        return str(error)


def _copied(database: sqlite3.Connection, target: str) -> str:
    with contextlib.closing(sqlite3.connect(target)) as copy:
        # A copy that a crash spoils is made again, so it needs neither journal nor fsync.
        copy.execute("PRAGMA journal_mode = OFF")
        copy.execute("PRAGMA synchronous = OFF")
        # Begun in one read transaction, else each write of others starts the copy anew.
        database.execute("BEGIN")
        database.execute("SELECT count(*) FROM sqlite_schema").fetchone()
        database.backup(copy, pages=_STEP)
        # A file on its own needs no log beside it.
        copy.execute("PRAGMA journal_mode = DELETE")
        return _problem(copy)


def _settled(database: sqlite3.Connection) -> str:
    if database.execute("PRAGMA journal_mode").fetchone()[0] == "wal":
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    return _problem(database)


def _problem(database: sqlite3.Connection) -> str:
    found = str(database.execute("PRAGMA quick_check(1)").fetchone()[0])
    return "" if found == "ok" else found.strip().splitlines()[-1][:200]


if __name__ == "__main__":
    json.dump({"problem": image(sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else "")}, sys.stdout)
