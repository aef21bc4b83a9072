"""An application's data for the bench: documents, a log, uploads, a database; and a day later.

Owns making it, the same each time but for the bytes of uploads. Refuses to measure.
"""

from __future__ import annotations

import json
import os
import random
import sqlite3
from contextlib import closing
from pathlib import Path

FOLDERS = 50
SHARE = {"documents": 0.15, "uploads": 0.5, "log": 0.15, "database": 0.2}
_WORDS = ("order", "invoice", "customer", "shipped", "pending", "Zürich", "blue", "large", "return")


def grow(top: Path, size: int) -> None:
    """Some `size` bytes in some thousand files."""
    chance = random.Random(1)
    for number in range(FOLDERS):
        (top / f"documents/{number}").mkdir(parents=True)
        (top / f"uploads/{number}").mkdir(parents=True)
    made, number = 0, 0
    while made < size * SHARE["documents"]:
        text = _document(chance, number)
        (top / f"documents/{number % FOLDERS}/{number}.json").write_text(text)
        made, number = made + len(text), number + 1
    made = 0
    while made < size * SHARE["uploads"]:
        length = chance.randrange(50_000, 2_000_000)
        (top / f"uploads/{number % FOLDERS}/{number}.bin").write_bytes(os.urandom(length))
        made, number = made + length, number + 1
    with (top / "app.log").open("w") as log:
        made = 0
        while made < size * SHARE["log"]:
            made += log.write(_line(chance))
    with closing(sqlite3.connect(top / "app.db")) as db, db:
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("CREATE TABLE item (id INTEGER PRIMARY KEY, text TEXT)")
        count = int(size * SHARE["database"] / 1060)
        db.executemany(
            "INSERT INTO item (text) VALUES (?)", ((_row(chance),) for _ in range(count))
        )


def a_day_later(top: Path) -> None:
    """Some documents appended to, new uploads, more log, every 200th row changed."""
    chance = random.Random(2)
    documents = sorted((top / "documents").rglob("*.json"))
    for path in documents[::20]:
        with path.open("a") as stream:
            stream.write(_document(chance, 0))
    for number in range(40):
        (top / f"uploads/{number % FOLDERS}/new-{number}.bin").write_bytes(os.urandom(500_000))
    with (top / "app.log").open("a") as log:
        for _ in range(60_000):
            log.write(_line(chance))
    with closing(sqlite3.connect(top / "app.db")) as db, db:
        db.execute("UPDATE item SET text = 'changed' || substr(text, 8) WHERE id % 200 = 0")


def _document(chance: random.Random, number: int) -> str:
    lines = [{"id": number * 100 + n, "what": chance.choice(_WORDS), "sum": chance.random()}
             for n in range(chance.randrange(50, 400))]  # fmt: skip
    return json.dumps(lines, indent=1)


def _line(chance: random.Random) -> str:
    return (
        f"2026-11-21T08:00:00Z {chance.choice(_WORDS)} {chance.random()} {chance.choice(_WORDS)}\n"
    )


def _row(chance: random.Random) -> str:
    return " ".join(f"{chance.choice(_WORDS)} {chance.random()}" for _ in range(40))
