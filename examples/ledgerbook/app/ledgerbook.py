"""Ledgerbook: a small bookkeeping web application, the example that upgrades.

    python3 ledgerbook.py --port 8090

Books stand in PostgreSQL (LEDGERBOOK_DATABASE, a URL), receipts in files and the search index in
SQLite (below LEDGERBOOK_DATA). How books and receipts are kept differs from version to version, in
`books.py` and `receipts.py`; nothing else does.
"""

from __future__ import annotations

import argparse
import html
import json
import os
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE / "lib")]  # the libraries that came with the release

import books  # noqa: E402  (after the path to it)
import psycopg  # noqa: E402
import receipts  # noqa: E402

VERSION = (HERE / "VERSION").read_text().strip()
DATA = Path(os.environ["LEDGERBOOK_DATA"])
LONGEST = 1 << 20  # bytes of a request


def connect() -> psycopg.Connection:
    return psycopg.connect(os.environ["LEDGERBOOK_DATABASE"], connect_timeout=3)


class Page(BaseHTTPRequestHandler):
    """One request, one connection to the database."""

    server_version, sys_version = f"ledgerbook/{VERSION}", ""

    def do_GET(self) -> None:
        place = urlsplit(self.path)
        asked = parse_qs(place.query)
        if place.path == "/":
            self.answer(200, overview(), "text/html; charset=utf-8")
        elif place.path == "/status":
            self.tell(status())
        elif place.path == "/entries":
            with connect() as db:
                self.tell(books.entries(db))
        elif place.path == "/search":
            self.tell(receipts.search(DATA, asked.get("q", [""])[0]))
        elif place.path.startswith("/receipts/") and place.path[10:].isdecimal():
            self.answer(200, receipts.read(DATA, int(place.path[10:])), "text/plain; charset=utf-8")
        else:
            self.tell({"error": "there is no such page"}, code=404)

    def do_POST(self) -> None:
        length = int(self.headers.get("Content-Length", 0))
        if self.path != "/entries" or length > LONGEST:
            self.tell({"error": "there is no such page"}, code=404)
            return
        told = json.loads(self.rfile.read(length))
        with connect() as db:
            number = books.book(db, told["on"], told["account"], told["cents"], told["memo"])
            receipts.keep(DATA, number, told["on"], told.get("receipt", told["memo"]))
        self.tell({"entry": number}, code=201)

    def tell(self, value: object, *, code: int = 200) -> None:
        self.answer(code, json.dumps(value) + "\n", "application/json")

    def answer(self, code: int, text: str, kind: str) -> None:
        content = text.encode()
        self.send_response(code)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, _format: str, *_words: object) -> None:
        """A line a request would be the balancer's probes, day and night."""


def status() -> dict[str, object]:
    """What the health check asks: books and receipts are there, in this version's format."""
    with connect() as db:
        return {"version": VERSION, "entries": books.count(db), "receipts": receipts.count(DATA)}


def overview() -> str:
    with connect() as db:
        rows = "".join(
            f"<tr><td>{html.escape(account)}<td align=right>{cents / 100:.2f}"
            for account, cents in books.balances(db)
        )
    return f"<!doctype html><title>Ledgerbook</title><h1>Ledgerbook {VERSION}</h1><table>{rows}"


def main() -> None:
    parser = argparse.ArgumentParser(prog="ledgerbook")
    parser.add_argument("--port", type=int, default=8090)
    said = parser.parse_args()
    # At its very first start there is nothing yet; what an older version left is migrated before.
    with connect() as db:
        books.create(db)
    receipts.create(DATA)
    ThreadingHTTPServer(("127.0.0.1", said.port), Page).serve_forever()


if __name__ == "__main__":
    main()
