"""The history: changes of verdicts, and what the machine had left at the time.

Owns two tables in one file of bounded size. A file that is no database is set aside and begun
anew; a full or read-only disk costs entries, never the daemon. Refuses to judge.
"""

from __future__ import annotations

import json
import sqlite3
from dataclasses import dataclass
from pathlib import Path

import msgspec

from agent.host import sqlite
from agent.host.failures import FileFailure

SCHEMA = """
CREATE TABLE IF NOT EXISTS changes (
    id INTEGER PRIMARY KEY,
    at REAL NOT NULL,
    subject TEXT NOT NULL,
    was TEXT NOT NULL,
    became TEXT NOT NULL,
    code TEXT NOT NULL,
    summary TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS samples (
    id INTEGER PRIMARY KEY,
    at REAL NOT NULL,
    facts TEXT NOT NULL
);
"""

# A database that fills its limit loses this share of its rows, the oldest, so that making room
# is rare.
_SHARE = 10
_SMALLEST = 64 << 10  # bytes; below that the tables themselves would not fit


class Change(msgspec.Struct, frozen=True):
    """A verdict that changed. `subject` is `ready`, `live` or a check; `at` is since 1970."""

    at: float
    subject: str
    was: str
    became: str
    code: str
    summary: str


class Sample(msgspec.Struct, frozen=True):
    """What the machine had at one moment; names carry their units."""

    at: float
    facts: dict[str, float]


@dataclass(frozen=True, slots=True)
class History:
    """One history file and the most bytes it may take."""

    path: Path
    limit: int

    def add(self, *, changes: tuple[Change, ...] = (), sample: Sample | None = None) -> None:
        """Keep these. Raises FileFailure where the disk refuses; nothing is kept then."""
        with sqlite.writing(self.path, SCHEMA) as db:
            self._hold_to_limit(db)
            db.executemany(
                "INSERT INTO changes (at, subject, was, became, code, summary)"
                " VALUES (?, ?, ?, ?, ?, ?)",
                [msgspec.structs.astuple(change) for change in changes],
            )
            if sample is not None:
                facts = json.dumps(sample.facts, separators=(",", ":"))
                db.execute("INSERT INTO samples (at, facts) VALUES (?, ?)", (sample.at, facts))

    def mend(self) -> str:
        """Rebuild the file where it is damaged; what was done, empty: it is sound. FileFailure."""
        if not sqlite.damage(self.path):
            return ""
        done = sqlite.rebuild(self.path, SCHEMA)
        return f"damaged; {done.rows} rows kept, the old file is {done.aside.name}"

    def changes(self, *, limit: int = 50, since: float = 0.0) -> list[Change]:
        """The newest changes, oldest first. Raises FileFailure."""
        with sqlite.reading(self.path) as db:
            if db is None:
                return []
            rows = db.execute(
                "SELECT at, subject, was, became, code, summary FROM changes"
                " WHERE at >= ? ORDER BY id DESC LIMIT ?",
                (since, limit),
            ).fetchall()
        return [Change(*row) for row in reversed(rows)]

    def samples(self, *, limit: int = 1440, since: float = 0.0) -> list[Sample]:
        """The newest samples, oldest first. Raises FileFailure."""
        with sqlite.reading(self.path) as db:
            if db is None:
                return []
            rows = db.execute(
                "SELECT at, facts FROM samples WHERE at >= ? ORDER BY id DESC LIMIT ?",
                (since, limit),
            ).fetchall()
        return [Sample(at, json.loads(facts)) for at, facts in reversed(rows)]

    def lowest(
        self, free: str, total: str, *, bucket: float, since: float
    ) -> list[tuple[float, float, float]]:
        """Of each `bucket` seconds, the sample with least of the fact `free`: (at, free, total).

        SQLite picks them out, since reading two weeks of samples here would take ten times as
        long. Raises FileFailure, at once where another process is writing.
        """
        with sqlite.reading(self.path, wait=0.1) as db:
            if db is None:
                return []
            # With one min(), the bare columns are those of its row (lang_select.html, 2.5).
            rows = db.execute(
                "SELECT at, min(json_extract(facts, '$.' || ?)), json_extract(facts, '$.' || ?)"
                " FROM samples WHERE at > ? AND json_valid(facts)"
                " GROUP BY CAST(at / ? AS INTEGER) ORDER BY at",
                (free, total, since, bucket),
            ).fetchall()
        return [row for row in rows if all(isinstance(each, int | float) for each in row)]

    def _hold_to_limit(self, db: sqlite3.Connection) -> None:
        """Make room before it is needed: pages once freed are used again, so the file stays."""
        size = _number(db, "page_size")
        most = max(self.limit, _SMALLEST)
        used = (_number(db, "page_count") - _number(db, "freelist_count")) * size
        if used > most * (100 - _SHARE) // 100:
            for table in ("changes", "samples"):
                # Table names can't be bound; these two are ours.
                db.execute(
                    f"DELETE FROM {table} WHERE id <= (SELECT min(id) + (max(id) - min(id)) / ?"  # noqa: S608
                    f" FROM {table})",
                    (_SHARE,),
                )


def _number(db: sqlite3.Connection, pragma: str) -> int:
    return int(db.execute(f"PRAGMA {pragma}").fetchone()[0])


def newest_changes(path: Path, *, limit: int) -> list[Change]:
    """As `History.changes`; an unreadable file has none."""
    try:
        return History(path, 0).changes(limit=limit)
    except FileFailure:
        return []
