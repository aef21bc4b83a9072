"""The ledger keeps what was done, in order, and never stops the act it tells of."""

import os
import sqlite3
from pathlib import Path

import pytest

from agent.host import sqlite
from agent.host.aside import set_aside_before
from agent.host.clock import Clock
from agent.host.failures import FileFailure
from agent.ledger import Ledger, read_ledgers


class Hand(Clock):
    """A clock that a test moves."""

    now = 1000.0

    def wall(self) -> float:
        self.now += 1
        return self.now

    def boot_id(self) -> str:
        return "boot"


def test_two_ledgers_are_read_as_one_in_order_of_time(tmp_path: Path) -> None:
    clock = Hand()
    root, daemon = Ledger(tmp_path / "a.db", clock), Ledger(tmp_path / "b.db", clock)
    root.write("setup", why="first run")
    daemon.write("drain", target="node", actor="admin")
    root.write("setup", outcome="failed")
    entries = read_ledgers([root.path, daemon.path], limit=2)
    assert [(e.act, e.outcome) for e in entries] == [("drain", "done"), ("setup", "failed")]
    assert entries[0].actor == "admin"


def test_a_file_that_is_no_database_is_set_aside(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    path.write_bytes(b"not a database, and long enough to be read as a header" * 40)
    assert Ledger(path, Hand()).write("setup")
    assert len(set_aside_before(path)) == 1
    assert len(read_ledgers([path])) == 1


def test_a_refusing_disk_costs_the_entry_and_nothing_else(tmp_path: Path) -> None:
    assert not Ledger(tmp_path / "missing" / "ledger.db", Hand()).write("setup")


def test_a_ledger_made_on_a_full_disk_is_an_empty_one(tmp_path: Path) -> None:
    (tmp_path / "ledger.db").touch()
    assert read_ledgers([tmp_path / "ledger.db"]) == []
    assert Ledger(tmp_path / "ledger.db", Hand()).write("setup")
    assert len(read_ledgers([tmp_path / "ledger.db"])) == 1


def test_a_link_in_place_of_the_ledger_is_not_followed(tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.write_bytes(b"")
    (tmp_path / "ledger.db").symlink_to(other)
    assert not Ledger(tmp_path / "ledger.db", Hand()).write("setup")
    assert other.read_bytes() == b""


COLUMNS = "id, at, boot, actor, act, target, outcome, why, seconds, detail"
ROW = "SELECT 1 id, 1.0 at, '' boot, '' actor, '{act}' act, '' target, '' outcome, {why} why,"
ROW += " NULL seconds, {detail} detail"


def database(path: Path, script: str) -> Path:
    """A file that somebody made who is not us."""
    connection = sqlite3.connect(path)
    connection.executescript(script)
    connection.close()
    return path


def test_rows_that_are_no_entries_are_passed_over(tmp_path: Path) -> None:
    rows = [
        ROW.format(act="good", why="''", detail="'{}'"),
        ROW.format(act="blob", why="x'00'", detail="'{}'"),
        ROW.format(act="json", why="''", detail="'nope'"),
        ROW.format(act="null", why="''", detail="NULL"),
        ROW.format(act="deep", why="''", detail=f"'{'[' * 9999}'"),
        ROW.format(act="bytes", why="CAST(x'ff' AS TEXT)", detail="'{}'"),
    ]
    path = database(tmp_path / "a.db", f"CREATE VIEW ledger AS {' UNION ALL '.join(rows)};")
    assert sorted(entry.act for entry in read_ledgers([path])) == ["bytes", "good"]


def test_a_pipe_or_link_in_place_of_the_ledger_holds_no_reader_up(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to(database(tmp_path / "other", "CREATE TABLE t (x);"))
    for name in ("pipe", "link"):
        with pytest.raises(FileFailure):
            read_ledgers([tmp_path / name])


def test_a_reader_makes_no_files_for_a_write_ahead_log(tmp_path: Path) -> None:
    path = database(
        tmp_path / "wal.db", f"PRAGMA journal_mode=WAL; CREATE TABLE ledger ({COLUMNS});"
    )
    with pytest.raises(FileFailure, match="write-ahead"):
        read_ledgers([path])
    assert [each.name for each in tmp_path.iterdir()] == ["wal.db"]


def test_a_ledger_that_never_ends_or_fills_memory_is_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite, "_PATIENCE", 0.2)
    endless = "WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r)"
    row = ROW.format(act="x", why="''", detail="'{}'")
    views = {"endless": f"{endless} {row} FROM r WHERE n < 0",
             "big": ROW.format(act="x", why="hex(zeroblob(90000000))", detail="'{}'")}  # fmt: skip
    for name, view in views.items():
        path = database(tmp_path / name, f"CREATE VIEW ledger AS {view};")
        with pytest.raises(FileFailure, match=r"interrupted|too big"):
            read_ledgers([path])
