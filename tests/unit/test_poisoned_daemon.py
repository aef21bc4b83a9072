"""What the daemon writes is read by root, and by then anybody may have written it."""

from __future__ import annotations

import json
import os
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from agent.cli.appliance import newest_report
from agent.cli.both_ledgers import merged_ledgers
from agent.cli.saying import json_line, word
from agent.errors import MachineError
from agent.health.told import failing_checks
from agent.host.clock import Clock
from agent.layout import Layout
from agent.ledger import Ledger

ESCAPE = "\x1b]0;owned\x07\x9b2J"


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    layout = Layout(tmp_path, "shop")
    layout.agent_state.mkdir(parents=True)
    layout.run.mkdir(parents=True)
    Ledger(layout.ledger, Clock()).write("setup")
    return layout


def _link(path: Path) -> None:
    path.symlink_to("/etc/passwd")


def _loop(path: Path) -> None:
    path.symlink_to(path)


def _nonsense(path: Path) -> None:
    path.write_bytes(b"SQLite format 3\0" + b"\xff" * 5000)


def _foreign(path: Path) -> None:
    with sqlite3.connect(path) as db:
        db.execute("CREATE TABLE other (x)")


def _folder(path: Path) -> None:
    path.mkdir()


@pytest.mark.parametrize("spoil", [os.mkfifo, _link, _loop, _nonsense, _foreign, _folder])
def test_a_spoilt_ledger_of_the_agent_does_not_hide_roots(
    layout: Layout, spoil: Callable[[Path], None], capsys: pytest.CaptureFixture[str]
) -> None:
    spoil(layout.agent_ledger)
    entries = merged_ledgers(layout, limit=10, hint="")
    assert [entry.act for entry in entries] == ["setup"]
    assert capsys.readouterr().err.startswith("without what the agent itself did: ")


def test_a_spoilt_ledger_of_roots_is_an_error(layout: Layout) -> None:
    layout.ledger.unlink()
    layout.ledger.mkdir()
    with pytest.raises(MachineError):
        merged_ledgers(layout, limit=10, hint="sudo caretaker ledger")


def test_both_are_one_in_order_of_time(layout: Layout) -> None:
    Ledger(layout.agent_ledger, Clock()).write("drain")
    Ledger(layout.ledger, Clock()).write("task")
    entries = merged_ledgers(layout, limit=2, hint="")
    assert [entry.act for entry in entries] == ["drain", "task"]


def test_words_of_others_steer_no_terminal() -> None:
    assert "\x9b" not in word(ESCAPE)
    assert "owned\x07" not in word(ESCAPE)
    line = json_line({"why": f"{ESCAPE}\u202e\U000e0001"})
    assert line.isprintable()
    assert json.loads(line) == {"why": f"{ESCAPE}\u202e\U000e0001"}


@pytest.mark.parametrize(
    "content",
    [b"", b"\xff", b'{"a":"\xff"}', b"[" * 100_000, b'{"x":' * 100_000, b"[]", b'{"at":"x"}'],
)
def test_a_report_without_sense_is_none(layout: Layout, content: bytes) -> None:
    layout.status.write_bytes(content)
    assert newest_report(layout)[0] is None
    assert failing_checks(layout, Clock()) is None


def test_a_report_can_not_fill_roots_ledger(layout: Layout) -> None:
    check = {"name": "web", "status": "fail", "code": "x", "summary": "long" * 100_000}
    layout.status.write_bytes(msgspec.json.encode({"at": time.time(), "checks": [check]}))
    told = failing_checks(layout, Clock())
    assert told is not None
    assert len(told["web"].summary) == 500
