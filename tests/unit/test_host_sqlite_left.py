"""A database whose writer was killed in the middle is read as it was before."""

import shutil
import sqlite3
from pathlib import Path

from agent.host import sqlite


def test_what_a_killed_writer_left_is_taken_back(tmp_path: Path) -> None:
    writer = sqlite3.connect(tmp_path / "live.db", isolation_level=None)
    # Not synced, the journal's head counts at once: the moment after its fsync, without waiting.
    writer.execute("PRAGMA synchronous = OFF")
    writer.execute("PRAGMA cache_size = 1")
    writer.execute("CREATE TABLE act (words TEXT)")
    writer.execute("INSERT INTO act VALUES ('whole')")
    writer.execute("BEGIN IMMEDIATE")
    writer.execute("UPDATE act SET words = 'torn'")
    writer.executemany("INSERT INTO act VALUES (?)", [("x" * 1000,)] * 500)
    for name in ("live.db", "live.db-journal"):
        shutil.copy(tmp_path / name, tmp_path / name.replace("live", "left"))
    writer.close()
    for _ in range(2):
        with sqlite.reading(tmp_path / "left.db") as connection:
            assert connection is not None
            assert connection.execute("SELECT words FROM act").fetchall() == [("whole",)]
