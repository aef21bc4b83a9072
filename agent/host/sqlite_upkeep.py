"""`python -I -S sqlite_upkeep.py FILE`: a SQLite file of the application's kept in shape.

Owns what is done to it, in a process of its own that runs as the file's owner: whoever opens a
database with a write-ahead log makes files beside it, and root's would shut the application out.
Refuses to import anything of ours, and to wait long for a writer.
"""

from __future__ import annotations

import contextlib
import json
import os
import sqlite3
import stat
import sys
from urllib.parse import quote

_PATIENCE = 10.0  # seconds for a writer that has the file
# Rows looked at an index: enough for the planner, and bounded (sqlite.org/lang_analyze.html).
_ANALYSIS = 1000
_INCREMENTAL = 2  # PRAGMA auto_vacuum


def keep(path: str) -> dict[str, int | str]:
    """Bytes before and after, log included; `problem` is empty where all went well."""
    facts = os.lstat(path)
    if not stat.S_ISREG(facts.st_mode):
        return {"before": 0, "after": 0, "problem": "it is no regular file"}
    before, problem = _size(path), ""
    try:
        database = sqlite3.connect(f"file:{quote(path)}?mode=rw", uri=True, timeout=_PATIENCE)
        with contextlib.closing(database):
            problem = _work(database)
    except sqlite3.Error as error:
        problem = str(error)
    return {"before": before, "after": _size(path), "problem": problem}


def _work(database: sqlite3.Connection) -> str:
    database.execute("PRAGMA trusted_schema = OFF")
    database.execute(f"PRAGMA analysis_limit = {_ANALYSIS}")
    database.execute("PRAGMA optimize")
    if database.execute("PRAGMA auto_vacuum").fetchone()[0] == _INCREMENTAL:
        database.execute("PRAGMA incremental_vacuum").fetchall()
        database.commit()
    if database.execute("PRAGMA journal_mode").fetchone()[0] == "wal":
        busy, _, _ = database.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        if busy:
            return "somebody reads it all the time, so its log could not be emptied"
    return ""


def _size(path: str) -> int:
    total = 0
    for each in (path, f"{path}-wal"):
        with contextlib.suppress(OSError):
            total += os.lstat(each).st_size
    return total


if __name__ == "__main__":
    json.dump(keep(sys.argv[1]), sys.stdout)
