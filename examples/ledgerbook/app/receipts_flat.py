"""Receipts as 1.0 and 1.1 keep them: all in one folder, found by number."""

from __future__ import annotations

import sqlite3
from pathlib import Path


def create(data: Path) -> None:
    (data / "receipts").mkdir(exist_ok=True)
    with sqlite3.connect(data / "index.db") as index:
        index.execute("CREATE TABLE IF NOT EXISTS receipt (entry INTEGER PRIMARY KEY, words TEXT)")


def keep(data: Path, number: int, _on: str, text: str) -> None:
    (data / "receipts" / f"{number}.txt").write_text(text)
    with sqlite3.connect(data / "index.db") as index:
        index.execute("INSERT INTO receipt VALUES (?, ?)", (number, text))


def read(data: Path, number: int) -> str:
    return (data / "receipts" / f"{number}.txt").read_text()


def search(data: Path, word: str) -> list[int]:
    """Entries whose receipt has the word, oldest first."""
    with sqlite3.connect(data / "index.db") as index:
        rows = index.execute(
            "SELECT entry FROM receipt WHERE instr(words, ?) ORDER BY entry", (word,)
        )
        return [number for (number,) in rows]


def count(data: Path) -> int:
    """Receipts in the index; fails where one is in another version's format."""
    with sqlite3.connect(data / "index.db") as index:
        if len(index.execute("PRAGMA table_info(receipt)").fetchall()) != 2:
            raise ValueError("the index is of another version")
        return int(index.execute("SELECT count(*) FROM receipt").fetchone()[0])
