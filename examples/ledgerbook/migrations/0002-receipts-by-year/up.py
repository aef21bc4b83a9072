"""2.0: receipts move into a folder for each year, and the index learns where each one lies.

Files, SQLite and PostgreSQL are changed, or asked, together: the year stands in the books. May be
run again on what an earlier try left.
"""

import os
import sqlite3
import sys
from pathlib import Path

import psycopg  # which Caretaker brings, whose Python runs this

DATA = Path(os.environ["CARETAKER_DATA"])
PROGRESS = int(os.environ.get("CARETAKER_PROGRESS", "-1"))
BATCH = 500  # receipts in one transaction


def main() -> None:
    with psycopg.connect(os.environ["CARETAKER_DATABASE_URL"]) as books:
        years = dict(books.execute("SELECT id, extract(year FROM booked_on)::text FROM entry"))
    index = sqlite3.connect(os.environ["CARETAKER_STORE_INDEX"])
    if "path" not in [row[1] for row in index.execute("PRAGMA table_info(receipt)")]:
        index.execute("ALTER TABLE receipt ADD COLUMN path TEXT")
        index.commit()
    todo = [row[0] for row in index.execute("SELECT entry FROM receipt WHERE path IS NULL")]
    for begin in range(0, len(todo), BATCH):
        for number in todo[begin : begin + BATCH]:
            index.execute(
                "UPDATE receipt SET path = ? WHERE entry = ?", (move(number, years[number]), number)
            )
        index.commit()
        tell(min(begin + BATCH, len(todo)), len(todo))


def move(number: int, year: str) -> str:
    """Where the receipt lies now, below the data folder."""
    old, new = DATA / "receipts" / f"{number}.txt", DATA / "receipts" / year / f"{number}.txt"
    new.parent.mkdir(exist_ok=True)
    if old.exists():
        old.rename(new)
    return str(new.relative_to(DATA))


def tell(done: int, total: int) -> None:
    if PROGRESS >= 0:
        os.write(PROGRESS, f"{done} {total}\n".encode())


if __name__ == "__main__":
    sys.exit(main())
