"""Asking for a change and following it: whose progress it is, and which error comes back."""

from pathlib import Path
from typing import Any

import msgspec
import pytest

from agent.change import ask, run
from agent.change.ask import Asked, ask_for, take
from agent.change.change import Outcome
from agent.change.follow import Teller, read_lines
from agent.change.request import MoveRequest, UpgradeRequest
from agent.errors import BusyError, MachineError, RolledBackError
from agent.host import lock
from agent.layout import Layout
from tests.unit.change_world import Killed, World, faults, kill_at, world

OUTCOME = Outcome(
    changed=True, deployment=2, version="1.1", before=1, downtime=1.5, seconds=9.0, flip=0.001
)


class Heard:
    """A Progress that remembers."""

    def __init__(self) -> None:
        self.lines: list[tuple[Any, ...]] = []

    def step(self, code: str, title: str) -> None:
        self.lines.append(("step", code))

    def advance(self, done: int, total: int, unit: str) -> None:
        self.lines.append(("advance", done, total, unit))

    def note(self, text: str) -> None:
        self.lines.append(("note", text))


@pytest.fixture
def there(root: Path) -> World:
    return world(root)


@pytest.fixture
def layout(there: World) -> Layout:
    return there.scene.layout


def carried_out(there: World, monkeypatch: pytest.MonkeyPatch, ended: Any) -> list[Asked]:
    """Instead of the one-shot: takes the request, tells a little, and the end."""
    taken: list[Asked] = []

    def start(layout: Layout, host: Any) -> None:
        asked = take(layout)
        assert asked is not None
        taken.append(asked)
        teller = Teller(layout, host.clock)
        teller.begin(asked.id)
        teller.step("data", "copy")
        teller.advance(1, 10, "bytes")
        teller.advance(2, 10, "bytes")  # too soon after the one before
        teller.advance(10, 10, "bytes")
        teller.note("1 GB/s")
        if ended is not None:
            run.tell_end(teller, ended)

    monkeypatch.setattr(ask, "_start", start)
    return taken


def test_followed_to_a_good_end(
    there: World, layout: Layout, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken = carried_out(there, monkeypatch, OUTCOME)
    heard = Heard()
    request = UpgradeRequest(bundle="/tmp/x.bundle", answers={"colour": "blue"})
    assert ask_for(request, layout, progress=heard, host=there.scene.host) == OUTCOME
    assert heard.lines == [
        ("step", "data"), ("advance", 1, 10, "bytes"), ("advance", 10, 10, "bytes"),
        ("note", "1 GB/s"),
    ]  # fmt: skip
    assert taken[0].request == request
    assert not layout.change_request.exists()


def test_the_same_error_comes_back(
    there: World, layout: Layout, monkeypatch: pytest.MonkeyPatch
) -> None:
    error = RolledBackError("migration-failed", "0002-x: no", hint="caretaker ledger")
    carried_out(there, monkeypatch, error)
    with pytest.raises(RolledBackError, match="0002-x: no") as told:
        ask_for(UpgradeRequest(bundle="x"), layout, progress=Heard(), host=there.scene.host)
    assert (told.value.code, told.value.hint, told.value.exit_status) == (
        "migration-failed", "caretaker ledger", 8,
    )  # fmt: skip


def test_ended_without_a_word(
    there: World, layout: Layout, monkeypatch: pytest.MonkeyPatch
) -> None:
    carried_out(there, monkeypatch, None)
    with pytest.raises(MachineError, match="without a word") as told:
        ask_for(UpgradeRequest(bundle="x"), layout, progress=Heard(), host=there.scene.host)
    assert told.value.hint == "caretaker upgrade resume"


def test_what_never_begins_leaves_no_request(
    there: World, layout: Layout, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ask, "_start", lambda layout, host: None)
    with pytest.raises(MachineError, match="did not begin"):
        ask_for(MoveRequest(to="postgresql://u:pw@h/d"), layout, progress=Heard(),
                host=there.scene.host)  # fmt: skip
    assert not layout.change_request.exists()


def test_a_request_may_hold_a_password(
    there: World, layout: Layout, monkeypatch: pytest.MonkeyPatch
) -> None:
    modes = []
    monkeypatch.setattr(
        ask, "_start", lambda layout, host: modes.append(layout.change_request.stat().st_mode)
    )
    with pytest.raises(MachineError):
        ask_for(MoveRequest(to="postgresql://u:pw@h/d"), layout, progress=Heard(),
                host=there.scene.host)  # fmt: skip
    assert [mode & 0o777 for mode in modes] == [0o600]


def test_one_at_a_time(there: World, layout: Layout) -> None:
    with (
        lock.exclusive(layout.setup_lock, purpose="test"),
        pytest.raises(BusyError) as told,
    ):
        ask_for(UpgradeRequest(bundle="x"), layout, progress=Heard(), host=there.scene.host)
    assert told.value.code == "lock-held"
    assert not layout.change_request.exists()


def test_another_ones_progress_is_not_ours(there: World, layout: Layout) -> None:
    teller = Teller(layout, there.scene.host.clock)
    teller.begin("theirs")
    teller.note("secret plan")
    assert list(read_lines(layout, "ours")) == []
    assert len(list(read_lines(layout, "theirs"))) == 1
    with layout.change_progress.open("ab") as stream:
        stream.write(b'{"type":"note","te')  # being written
    assert len(list(read_lines(layout, "theirs"))) == 1


def test_how_far_it_is_is_for_whoever_asked(there: World, layout: Layout) -> None:
    teller = Teller(layout, there.scene.host.clock)
    teller.begin("ours")
    assert layout.change_progress.stat().st_mode & 0o077 == 0
    layout.change_progress.unlink()
    teller.note("row 7 of customers: anna@example.org")
    assert layout.change_progress.stat().st_mode & 0o077 == 0


def test_a_request_is_taken_once(layout: Layout) -> None:
    layout.change_request.parent.mkdir(parents=True)
    layout.change_request.write_bytes(msgspec.json.encode(Asked("x", UpgradeRequest(bundle="b"))))
    assert take(layout) == Asked("x", UpgradeRequest(bundle="b"))
    assert take(layout) is None
    layout.change_request.write_text("{")
    with pytest.raises(MachineError, match="no sense"):
        take(layout)
    assert not layout.change_request.exists()


def test_a_run_recovers_first_and_then_does_what_was_asked(
    there: World, layout: Layout, monkeypatch: pytest.MonkeyPatch
) -> None:
    with faults(kill_at(20)), pytest.raises(Killed):
        there.carry_out()
    assert there.pending().phase == "preparing"
    monkeypatch.setattr(run, "prepare", lambda scene, request, progress: there.change())
    teller = Teller(layout, there.scene.host.clock)
    asked = Asked("x", UpgradeRequest(bundle="b"))
    outcome = run.run(there.scene, asked, means=there.machine, teller=teller)
    assert outcome is not None
    assert outcome.version == "1.1"
    assert there.complaints() == []
