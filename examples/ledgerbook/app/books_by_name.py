"""Books as 1.0 keeps them: each entry carries the name of its account."""

from __future__ import annotations

import psycopg


def create(db: psycopg.Connection) -> None:
    db.execute(
        "CREATE TABLE IF NOT EXISTS entry (id bigserial PRIMARY KEY, booked_on date NOT NULL,"
        " account text NOT NULL, cents bigint NOT NULL, memo text NOT NULL)"
    )


def book(db: psycopg.Connection, on: str, account: str, cents: int, memo: str) -> int:
    """The number of the new entry."""
    row = db.execute(
        "INSERT INTO entry (booked_on, account, cents, memo) VALUES (%s, %s, %s, %s) RETURNING id",
        (on, account, cents, memo),
    ).fetchone()
    return int(row[0])


def entries(db: psycopg.Connection) -> list[dict[str, object]]:
    rows = db.execute("SELECT id, booked_on::text, account, cents, memo FROM entry ORDER BY id")
    return [
        dict(zip(("entry", "on", "account", "cents", "memo"), row, strict=True)) for row in rows
    ]


def balances(db: psycopg.Connection) -> list[tuple[str, int]]:
    rows = db.execute("SELECT account, sum(cents) FROM entry GROUP BY account ORDER BY account")
    return [(name, int(cents)) for name, cents in rows]


def count(db: psycopg.Connection) -> int:
    """Fails where the books are in another version's format."""
    return int(db.execute("SELECT count(account) FROM entry").fetchone()[0])
