"""The ledger: what Caretaker did, when, why, and how it ended.

Owns the record and its table. Each user writes a file of its own (root's stands beside the
daemon's), and readers see them merged. Refuses to judge, and to hold secrets.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import msgspec

from agent.host import sqlite
from agent.host.clock import Clock
from agent.host.failures import FileFailure

KEPT = 20_000  # entries a file; some 5 MB

SCHEMA = """
CREATE TABLE IF NOT EXISTS ledger (
    id INTEGER PRIMARY KEY,
    at REAL NOT NULL,
    boot TEXT NOT NULL,
    actor TEXT NOT NULL,
    act TEXT NOT NULL,
    target TEXT NOT NULL,
    outcome TEXT NOT NULL,
    why TEXT NOT NULL,
    seconds REAL,
    detail TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS ledger_at ON ledger (at);
"""


class Entry(msgspec.Struct, frozen=True):
    """One act. `at` is seconds since 1970, `seconds` how long it took."""

    at: float
    boot: str
    actor: str
    act: str
    target: str
    outcome: str
    why: str
    seconds: float | None = None
    detail: dict[str, str | int | float | bool | None] = {}


@dataclass(frozen=True, slots=True)
class Ledger:
    """One ledger file and the clock that dates its entries."""

    path: Path
    clock: Clock

    def write(
        self,
        act: str,
        *,
        target: str = "",
        outcome: str = "done",
        why: str = "",
        actor: str = "caretaker",
        seconds: float | None = None,
        detail: dict[str, str | int | float | bool | None] | None = None,
    ) -> bool:
        """Add an entry; False where the disk refused. An act is never undone for its entry."""
        row = (
            self.clock.wall(), self.clock.boot_id(), actor, act, target, outcome, why, seconds,
            json.dumps(detail or {}),
        )  # fmt: skip
        try:
            with sqlite.writing(self.path, SCHEMA) as db:
                db.execute(
                    "INSERT INTO ledger (at, boot, actor, act, target, outcome, why, seconds,"
                    " detail) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                    row,
                )
                db.execute("DELETE FROM ledger WHERE id <= (SELECT max(id) - ? FROM ledger)",
                           (KEPT,))  # fmt: skip
        except FileFailure:
            return False
        return True


def mend(path: Path) -> str:
    """Rebuild the file where it is damaged; what was done, empty: it is sound. FileFailure."""
    if not sqlite.damage(path):
        return ""
    done = sqlite.rebuild(path, SCHEMA)
    return f"damaged; {done.rows} rows kept, the old file is {done.aside.name}"


def read_ledgers(paths: Iterable[Path], *, limit: int = 50, since: float = 0.0) -> list[Entry]:
    """The newest entries of several ledgers, oldest first. Raises FileFailure."""
    entries: list[Entry] = []
    for path in paths:
        with sqlite.reading(path) as db:
            if db is None:
                continue
            rows = db.execute(
                "SELECT at, boot, actor, act, target, outcome, why, seconds, detail FROM ledger"
                " WHERE at >= ? ORDER BY id DESC LIMIT ?",
                (since, limit),
            )
            entries += [entry for row in rows if (entry := _entry(row)) is not None]
    entries.sort(key=lambda entry: entry.at)
    return entries[-limit:]


def last_done(path: Path, act: str) -> float | None:
    """When an act last ended well, in seconds since 1970; None: never. Raises FileFailure."""
    with sqlite.reading(path) as db:
        if db is None:
            return None
        ask = "SELECT max(at) FROM ledger WHERE act = ? AND outcome = 'done'"
        (at,) = db.execute(ask, (act,)).fetchone()
    return at if isinstance(at, float) else None


def _entry(row: tuple[object, ...]) -> Entry | None:
    """None for a row that is no entry: SQLite's columns take any type."""
    *facts, detail = row
    try:
        told = json.loads(detail) if isinstance(detail, str) else None
        named = dict(zip(Entry.__struct_fields__, [*facts, told], strict=True))
        return msgspec.convert(named, type=Entry)
    except (msgspec.ValidationError, ValueError, RecursionError):
        return None
