"""Everything that writes: in order, bounded, and never in anyone's way."""

import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from agent.daemon import scribe as scribe_module
from agent.daemon.records import Records
from agent.daemon.scribe import Scribe
from agent.findings import failed, passed
from agent.health.engine import Engine
from agent.history import newest_changes
from agent.host.failures import FileFailure
from agent.host.machine import Host
from agent.layout import Layout
from agent.ledger import read_ledgers
from agent.services.protocol import ServiceState
from tests.unit.daemon_parts import HandClock, check


class Heard:
    """A log that notes, and defects that were told."""

    def __init__(self) -> None:
        self.lines: list[tuple[str, str, dict[str, Any]]] = []

    def info(self, message: str, **fields: Any) -> None:
        self.lines.append(("info", message, fields))

    def warning(self, message: str, **fields: Any) -> None:
        self.lines.append(("warning", message, fields))

    def error(self, message: str, **fields: Any) -> None:
        self.lines.append(("error", message, fields))


@pytest.fixture
def slow() -> Iterator[threading.Event]:
    """Set it to let go whoever waits for it."""
    event = threading.Event()
    yield event
    event.set()


def unexpected(error: BaseException) -> None:
    raise AssertionError from error


def test_work_is_done_in_order(slow: threading.Event) -> None:
    done: list[int] = []
    scribe = Scribe(unexpected)
    for number in range(5):
        scribe.put("entry", lambda number=number: done.append(number))  # type: ignore[misc]
    scribe.start()
    assert scribe.finish(5)
    assert done == [0, 1, 2, 3, 4]


def test_only_the_newest_of_a_kind_is_done_where_that_is_enough(slow: threading.Event) -> None:
    done: list[str] = []
    scribe = Scribe(unexpected)
    for word in ("first", "second", "third"):
        scribe.put("status", lambda word=word: done.append(word), only_newest=True)  # type: ignore[misc]
    scribe.start()
    assert scribe.finish(5)
    assert done == ["third"]


def test_who_puts_never_waits_and_the_queue_never_grows_without_end(
    slow: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scribe_module, "_MOST", 10)
    done: list[int] = []
    scribe = Scribe(unexpected)
    scribe.start()
    hangs = threading.Event()

    def hang() -> None:
        hangs.set()
        slow.wait(5)

    scribe.put("log", hang)
    assert hangs.wait(5)
    for number in range(25):
        scribe.put("entry", lambda number=number: done.append(number))  # type: ignore[misc]
    assert scribe.dropped == 15
    assert not scribe.finish(0.01)
    slow.set()
    assert scribe.finish(5)
    assert done == list(range(15, 25))
    assert "15 entries were lost" in scribe.complaints()[0]


def test_a_disk_that_refuses_is_a_complaint_until_it_works_again(slow: threading.Event) -> None:
    full = [True]

    def write() -> None:
        if full[0]:
            raise FileFailure(Path("/x/history.db"), "write", "No space left on device")

    scribe, told = Scribe(unexpected), threading.Event()
    scribe.start()
    scribe.put("history", write)
    scribe.put("log", told.set)
    assert told.wait(5)
    assert scribe.complaints() == ["could not write /x/history.db: No space left on device"]
    full[0] = False
    scribe.put("history", write)
    assert scribe.finish(5)
    assert scribe.complaints() == []


def test_an_output_that_refuses_silences_nothing_else() -> None:
    def full() -> None:
        raise OSError(28, "No space left on device")

    def broken(_error: BaseException) -> None:
        full()

    scribe, done = Scribe(broken), threading.Event()
    scribe.put("log", full)
    scribe.put("entry", lambda: 1 // 0)  # type: ignore[arg-type]
    scribe.put("status", done.set)
    scribe.start()
    assert scribe.finish(5)
    assert done.is_set()
    assert scribe.complaints() == ["could not write the log: No space left on device"]


def test_a_defect_in_one_entry_does_not_silence_the_next() -> None:
    defects: list[BaseException] = []
    scribe, done = Scribe(defects.append), threading.Event()
    scribe.put("entry", lambda: 1 // 0)  # type: ignore[arg-type]
    scribe.put("entry", done.set)
    scribe.start()
    assert scribe.finish(5)
    assert done.is_set()
    assert [type(defect) for defect in defects] == [ZeroDivisionError]


class Office:
    """Records below a temporary root."""

    def __init__(self, root: Path) -> None:
        self.layout = Layout(root, "shop")
        self.layout.agent_state.mkdir(parents=True, exist_ok=True)
        self.layout.run.mkdir(parents=True, exist_ok=True)
        self.log, self.clock = Heard(), HandClock()
        self.records = Records(
            self.layout, Host(root=root, clock=self.clock), self.log, history_limit=1 << 20
        )

    def start(self) -> None:
        report: Any = lambda: {"summary": "all is well"}  # noqa: E731
        self.records.start(report)

    def story(self) -> None:
        engine = Engine({"a": check(fall=1)}, {}, self.clock.ticks)
        old = engine.verdict(self.clock.ticks)
        self.records.heard(None, old)
        for finding in (passed("well"), failed("gone", "it is gone")):
            track = engine.begin("a", check(fall=1), self.clock.ticks)
            assert track is not None
            engine.record(track, finding, self.clock.ticks)
            new = engine.verdict(self.clock.ticks)
            self.records.heard(old, new)
            old = new


def test_a_change_of_the_verdict_goes_to_log_history_status_and_events(root: Path) -> None:
    office = Office(root)
    office.start()
    office.story()
    assert office.records.finish(5)
    assert [line[:2] for line in office.log.lines] == [
        ("info", "a passes: well"),
        ("info", "ready: 1 check passes"),
        ("warning", "a fails: it is gone"),
        ("error", "not ready: a: it is gone"),
    ]
    assert office.log.lines[3][2]["code"] == "gone"
    kept = newest_changes(office.layout.history, limit=10)
    assert [(change.subject, change.became) for change in kept] == [
        ("a", "pass"), ("live", "pass"), ("ready", "pass"), ("a", "fail"), ("ready", "fail"),
    ]  # fmt: skip
    assert msgspec.json.decode(office.layout.status.read_bytes()) == {"summary": "all is well"}
    assert [event.outcome for event in office.records.events.list()] == ["pass", "fail"]


def test_an_act_goes_to_the_ledger_and_says_who(root: Path) -> None:
    office = Office(root)
    office.start()
    office.records.noted("drain-on", why="balancer", actor="uid 0")
    office.records.noted("probe-restart", outcome="failed", why="no memory")
    assert office.records.finish(5)
    entries = read_ledgers([office.layout.agent_ledger])
    assert {(entry.act, entry.outcome, entry.actor) for entry in entries} == {
        ("drain-on", "done", "uid 0"),
        ("probe-restart", "failed", "caretaker"),
    }
    assert [line[0] for line in office.log.lines] == ["info", "error"]


def test_without_a_place_to_write_everything_else_goes_on(root: Path) -> None:
    office = Office(root)
    office.layout.agent_state.rmdir()
    office.start()
    office.story()
    office.records.noted("reload")
    office.records.sampled({"load_1m": 0.5})
    office.records.keep("var/lib/caretaker/agent/probe.start", b"x")
    assert office.records.finish(5)
    assert office.layout.status.exists()
    assert [complaint.split(":")[0].split()[-1] for complaint in office.records.complaints()] != []
    assert all(str(office.layout.agent_state) in each for each in office.records.complaints())
    assert len(office.log.lines) == 5


def test_a_small_file_is_written_only_when_it_changes(root: Path) -> None:
    office = Office(root)
    office.start()
    place = office.layout.agent_state / "note"
    office.records.keep("var/lib/caretaker/agent/note", b"one")
    office.records.keep("var/lib/caretaker/agent/note", b"one")
    assert office.records.finish(5)
    assert place.read_bytes() == b"one"


def test_a_service_that_falls_is_a_warning(root: Path) -> None:
    office = Office(root)
    office.start()
    office.records.service(ServiceState("web", "", False, "backoff", summary="exited with 1"))
    office.records.service(ServiceState("web", "", True, "active"))
    assert office.records.finish(5)
    assert [line[:2] for line in office.log.lines] == [
        ("warning", "service web: exited with 1"),
        ("info", "service web: active"),
    ]
    assert json.dumps(office.log.lines[0][2]) == (
        '{"service": "web", "state": "backoff", "restarts": 0}'
    )


def test_damaged_files_are_rebuilt_at_the_start_and_told_of(root: Path) -> None:
    office = Office(root)
    for path in (office.layout.history, office.layout.agent_ledger):
        path.write_bytes(b"no database at all " * 4000)
    office.start()
    office.story()
    assert office.records.finish(5)
    assert newest_changes(office.layout.history, limit=1)[0].subject == "ready"
    told = [(each.act, each.target) for each in read_ledgers([office.layout.agent_ledger])]
    assert sorted(told) == [("state-rebuilt", "history.db"), ("state-rebuilt", "ledger.db")]
    assert office.records.complaints() == []
