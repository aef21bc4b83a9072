"""A damaged database is put aside, and what can still be read of it is saved."""

import contextlib
import os
import random
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.history import SCHEMA as HISTORY
from agent.history import Change, History, Sample
from agent.host import sqlite
from agent.host.aside import KEPT, set_aside, set_aside_before
from agent.host.failures import FileFailure
from agent.ledger import SCHEMA, Ledger, mend, read_ledgers
from tests.scripted_host import ScriptedClock

PAGE = 4096


class Killed(BaseException):
    """What a test puts in place of a kill: no code of ours may catch it."""


def filled(path: Path, *, rows: int = 2000) -> History:
    history = History(path, 16 << 20)
    history.add(changes=tuple(Change(float(n), "ready", "a", "b", "c", "d") for n in range(rows)))
    history.add(sample=Sample(float(rows), {"load_1m": 1.0}))
    return history


def spoil(path: Path, *pages: int) -> None:
    with path.open("r+b") as stream:
        for page in pages:
            stream.seek(page * PAGE)
            stream.write(random.Random(page).randbytes(PAGE))


def test_a_sound_file_is_left_alone(tmp_path: Path) -> None:
    history = filled(tmp_path / "history.db")
    before = history.path.stat().st_ino
    assert sqlite.damage(history.path) == ""
    assert history.mend() == ""
    assert sqlite.damage(tmp_path / "none.db") == ""
    assert history.path.stat().st_ino == before
    assert set_aside_before(history.path) == []


def test_rows_on_both_sides_of_a_spoilt_page_are_kept(tmp_path: Path) -> None:
    history = filled(tmp_path / "history.db")
    pages = history.path.stat().st_size // PAGE
    spoil(history.path, pages // 2)
    assert sqlite.damage(history.path) != ""
    said = history.mend()
    kept = [change.at for change in history.changes(limit=5000)]
    assert kept[0] == 0.0
    assert kept[-1] == 1999.0
    assert 1800 < len(kept) < 2000
    assert f"{len(kept) + 1} rows kept" in said
    assert sqlite.damage(history.path) == ""
    (aside,) = set_aside_before(history.path)
    assert sqlite.damage(aside) != ""


def test_a_writer_that_meets_damage_loses_one_entry_and_no_more(tmp_path: Path) -> None:
    clock = ScriptedClock()
    ledger = Ledger(tmp_path / "ledger.db", clock)
    for number in range(400):
        assert ledger.write("act", target=str(number))
    clock.advance(1)
    # Pages 2 and 3 are the roots of table and index.
    spoil(ledger.path, 2)
    answers = [ledger.write("after") for _ in range(3)]
    assert answers[1:] == [True, True]
    assert read_ledgers([ledger.path])[-1].act == "after"
    assert sqlite.damage(ledger.path) == ""
    assert len(set_aside_before(ledger.path)) == 1


def test_a_file_of_noise_is_begun_anew(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    path.write_bytes(random.Random(1).randbytes(9 * PAGE))
    assert "not a database" in sqlite.damage(path)
    assert "0 rows kept" in mend(path)
    assert read_ledgers([path]) == []


@settings(max_examples=30)
@given(st.sets(st.integers(0, 40), min_size=1, max_size=12))
def test_whatever_is_spoilt_the_file_is_sound_afterwards(
    tmp_path_factory: pytest.TempPathFactory, pages: set[int]
) -> None:
    folder = tmp_path_factory.mktemp("spoilt")
    history = filled(folder / "history.db", rows=1500)
    spoil(history.path, *pages)
    with contextlib.suppress(FileFailure):
        history.mend()
    with contextlib.suppress(FileFailure):
        history.add(changes=(Change(1.0, "x", "a", "b", "c", "d"),))
    history.add(changes=(Change(9999.0, "x", "a", "b", "c", "d"),))
    assert sqlite.damage(history.path) == ""
    assert history.changes(limit=1)[0].at == 9999.0
    assert sorted(each.name for each in folder.iterdir() if each.name.endswith(".part")) == []


def test_a_journal_goes_with_its_database(tmp_path: Path) -> None:
    path, journal = tmp_path / "a.db", tmp_path / "a.db-journal"
    path.write_bytes(b"x")
    journal.write_bytes(b"hot")
    aside = set_aside(path)
    assert not journal.exists()
    assert aside.with_name(f"{aside.name}-journal").read_bytes() == b"hot"


def test_killed_in_the_middle_the_old_or_the_new_file_is_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = filled(tmp_path / "history.db").path
    spoil(path, 5)
    calls = ("link", "rename", "fsync", "unlink")
    for stop in range(1, 12):
        left = [stop]

        def dying(real: Callable[..., None], left: list[int] = left) -> Callable[..., None]:
            def act(*arguments: object, **named: object) -> None:
                left[0] -= 1
                if left[0] < 0:
                    raise Killed
                real(*arguments, **named)

            return act

        with monkeypatch.context() as patch:
            for name in calls:
                patch.setattr(os, name, dying(getattr(os, name)))
            with contextlib.suppress(Killed, FileFailure):
                sqlite.rebuild(path, HISTORY)
        assert path.stat().st_size > 10 * PAGE
    sqlite.rebuild(path, HISTORY)
    assert len(History(path, 0).changes(limit=5000)) > 1800


def test_only_the_newest_few_are_kept(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    for number in range(KEPT + 3):
        path.write_text(str(number))
        set_aside(path)
    assert [each.read_text() for each in set_aside_before(path)] == ["3", "4", "5"]


def test_where_no_new_file_can_be_made_the_old_one_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "ledger.db"
    path.write_bytes(b"noise" * 4000)

    def full(*arguments: object) -> sqlite3.Connection:
        raise sqlite3.OperationalError("database or disk is full")

    monkeypatch.setattr(sqlite, "_open", full)
    with pytest.raises(FileFailure, match="full"):
        sqlite.rebuild(path, SCHEMA)
    assert path.read_bytes().startswith(b"noise")
    assert [each.name for each in tmp_path.iterdir()] == ["ledger.db"]
