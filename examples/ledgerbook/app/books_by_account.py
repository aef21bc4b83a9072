"""Books since 1.1: accounts stand in a table of their own, entries refer to them."""

from __future__ import annotations

import psycopg


def create(db: psycopg.Connection) -> None:
    db.execute(
        "CREATE TABLE IF NOT EXISTS account (id bigserial PRIMARY KEY, name text UNIQUE NOT NULL)"
    )
    db.execute(
        "CREATE TABLE IF NOT EXISTS entry (id bigserial PRIMARY KEY, booked_on date NOT NULL,"
        " account_id bigint NOT NULL REFERENCES account, cents bigint NOT NULL, memo text NOT NULL)"
    )


def book(db: psycopg.Connection, on: str, account: str, cents: int, memo: str) -> int:
    """The number of the new entry."""
    db.execute("INSERT INTO account (name) VALUES (%s) ON CONFLICT DO NOTHING", (account,))
    row = db.execute(
        "INSERT INTO entry (booked_on, account_id, cents, memo)"
        " SELECT %s, id, %s, %s FROM account WHERE name = %s RETURNING id",
        (on, cents, memo, account),
    ).fetchone()
    return int(row[0])


def entries(db: psycopg.Connection) -> list[dict[str, object]]:
    rows = db.execute(
        "SELECT entry.id, booked_on::text, name, cents, memo"
        " FROM entry JOIN account ON account.id = account_id ORDER BY entry.id"
    )
    return [
        dict(zip(("entry", "on", "account", "cents", "memo"), row, strict=True)) for row in rows
    ]


def balances(db: psycopg.Connection) -> list[tuple[str, int]]:
    rows = db.execute(
        "SELECT name, sum(cents) FROM entry JOIN account ON account.id = account_id"
        " GROUP BY name ORDER BY name"
    )
    return [(name, int(cents)) for name, cents in rows]


def count(db: psycopg.Connection) -> int:
    """Fails where the books are in another version's format."""
    row = db.execute("SELECT count(name) FROM entry JOIN account ON account.id = account_id")
    return int(row.fetchone()[0])
