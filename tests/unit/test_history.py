"""The history: bounded, and soft on bad disks."""

from pathlib import Path

import pytest

from agent.history import Change, History, Sample, newest_changes
from agent.host.aside import set_aside_before
from agent.host.failures import FileFailure

LIMIT = 256 << 10


def change(number: int) -> Change:
    return Change(float(number), "ready", "pass", "fail", "tcp-refused", f"look {number} failed")


def test_what_was_kept_comes_back_in_order(root: Path) -> None:
    history = History(root / "history.db", LIMIT)
    assert history.changes() == []
    history.add(changes=(change(1), change(2)))
    history.add(changes=(change(3),), sample=Sample(3.0, {"load_1m": 0.5}))
    assert history.changes() == [change(1), change(2), change(3)]
    assert history.changes(limit=2) == [change(2), change(3)]
    assert history.changes(since=3.0) == [change(3)]
    assert history.samples() == [Sample(3.0, {"load_1m": 0.5})]


def test_it_never_outgrows_its_limit_and_keeps_the_newest(root: Path) -> None:
    history = History(root / "history.db", LIMIT)
    facts = {f"a_fact_with_a_name_{number}_bytes": 1.0 / 3 for number in range(20)}
    for number in range(400):
        history.add(changes=(change(number),) * 5, sample=Sample(float(number), facts))
        assert history.path.stat().st_size <= LIMIT + (16 << 10)
    assert history.changes()[-1] == change(399)
    kept = history.samples(limit=1000)
    assert kept[-1].at == 399.0
    assert 20 < len(kept) < 400


def test_a_file_that_is_no_database_is_set_aside(root: Path) -> None:
    path = root / "history.db"
    path.write_bytes(b"this was a disk error once" * 100)
    History(path, LIMIT).add(changes=(change(1),))
    assert newest_changes(path, limit=5) == [change(1)]
    (aside,) = set_aside_before(path)
    assert aside.read_bytes().startswith(b"this was")


def test_a_disk_that_refuses_is_told_and_nothing_more(root: Path) -> None:
    history = History(root / "missing" / "history.db", LIMIT)
    with pytest.raises(FileFailure, match=r"could not open .*history\.db"):
        history.add(changes=(change(1),))
    assert newest_changes(history.path, limit=5) == []
