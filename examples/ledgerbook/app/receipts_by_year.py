"""Receipts since 2.0: a folder for each year, and the index knows where each one lies."""

from __future__ import annotations

import sqlite3
from pathlib import Path


def create(data: Path) -> None:
    (data / "receipts").mkdir(exist_ok=True)
    with sqlite3.connect(data / "index.db") as index:
        index.execute(
            "CREATE TABLE IF NOT EXISTS receipt (entry INTEGER PRIMARY KEY, words TEXT, path TEXT)"
        )


def keep(data: Path, number: int, on: str, text: str) -> None:
    path = Path("receipts", on[:4], f"{number}.txt")
    (data / path).parent.mkdir(exist_ok=True)
    (data / path).write_text(text)
    with sqlite3.connect(data / "index.db") as index:
        index.execute("INSERT INTO receipt VALUES (?, ?, ?)", (number, text, str(path)))


def read(data: Path, number: int) -> str:
    with sqlite3.connect(data / "index.db") as index:
        (path,) = index.execute("SELECT path FROM receipt WHERE entry = ?", (number,)).fetchone()
    return (data / path).read_text()


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
        return int(index.execute("SELECT count(path) FROM receipt").fetchone()[0])
