"""The ledger keeps what was done, in order, and never stops the act it tells of."""

from pathlib import Path

from agent.host.clock import Clock
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
    assert (tmp_path / "ledger.db.corrupt").exists()
    assert len(read_ledgers([path])) == 1


def test_a_refusing_disk_costs_the_entry_and_nothing_else(tmp_path: Path) -> None:
    assert not Ledger(tmp_path / "missing" / "ledger.db", Hand()).write("setup")


def test_a_link_in_place_of_the_ledger_is_not_followed(tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.write_bytes(b"")
    (tmp_path / "ledger.db").symlink_to(other)
    assert not Ledger(tmp_path / "ledger.db", Hand()).write("setup")
    assert other.read_bytes() == b""
