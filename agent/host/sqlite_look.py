"""`python -I -S sqlite_look.py FILE SECONDS`: how a SQLite file of the application's is, as JSON.

Opened to be read, while others write. Runs as the file's owner, since who opens a database may make
files beside it. Refuses to import anything of ours, and to go on when its time is over: then
nobody knows, which is no damage.
"""

from __future__ import annotations

import contextlib
import json
import os
import sqlite3
import stat
import sys
import time
from urllib.parse import quote

_STEPS = 10_000  # of SQLite's machine between two looks at the clock
_FACTS = ("journal_mode", "page_size", "page_count", "freelist_count", "user_version", "encoding")


def look(source: str, seconds: float) -> dict[str, object]:
    """`sound` is True, False, or None where nobody knows; then `why` says more."""
    if not stat.S_ISREG(os.lstat(source).st_mode):
        return {"sound": None, "why": "it is no regular file"}
    deadline = time.monotonic() + seconds
    found: dict[str, object] = {}
    try:
        database = sqlite3.connect(f"file:{quote(source)}?mode=ro", uri=True, timeout=1.0)
        with contextlib.closing(database):
            database.set_progress_handler(lambda: time.monotonic() > deadline, _STEPS)
            database.execute("PRAGMA trusted_schema = OFF")
            for name in _FACTS:
                found[name] = database.execute(f"PRAGMA {name}").fetchone()[0]
            told = str(database.execute("PRAGMA quick_check(1)").fetchone()[0])
    except sqlite3.Error as error:
        damaged = getattr(error, "sqlite_errorcode", 0) & 0xFF in (11, 26)  # CORRUPT, NOTADB
        return {**found, "sound": False if damaged else None, "why": str(error)}
    sound = told == "ok"
    return {**found, "sound": sound, "why": "" if sound else told.strip().splitlines()[-1][:200]}


if __name__ == "__main__":
    try:
        answer = look(sys.argv[1], float(sys.argv[2]))
    except OSError as error:
        answer = {"sound": None, "why": error.strerror or str(error)}
    sys.stdout.write(json.dumps(answer))
