"""Drain and maintenance while the daemon runs."""

from pathlib import Path

import pytest

from agent.daemon.keeper import ModeKeeper
from agent.errors import UsageError
from agent.health.verdict import Mode
from agent.host import files
from agent.host.failures import FileFailure
from agent.modes import Modes
from agent.state import StateFile
from tests.unit.daemon_parts import HandClock


class Kept:
    """A keeper with what it says noted."""

    def __init__(self, root: Path, clock: HandClock | None = None) -> None:
        self.clock = clock or HandClock()
        self.modes: list[Mode] = []
        self.acts: list[tuple[str, str, str]] = []
        self.keeper = ModeKeeper(
            StateFile(root / "modes.json", Modes),
            self.clock,
            changed=self.modes.append,
            noted=self._note,
        )

    def _note(
        self, act: str, *, outcome: str = "done", why: str = "", actor: str = "", target: str = ""
    ) -> None:
        assert (outcome, target) in (("done", ""), ("done", "modes.json"))
        self.acts.append((act, why, actor))


def test_a_drain_holds_until_it_is_taken_back(root: Path) -> None:
    kept = Kept(root)
    kept.keeper.drain(reason="balancer", until=None, actor="uid 0")
    assert kept.keeper.ends_at() == float("inf")
    kept.keeper.undrain(actor="uid 0")
    assert kept.modes == [Mode("draining", "balancer"), Mode()]
    assert kept.acts == [("drain-on", "balancer", "uid 0"), ("drain-off", "", "uid 0")]


def test_maintenance_ends_by_itself_and_says_so(root: Path) -> None:
    kept = Kept(root)
    kept.keeper.maintenance_on(reason="disk", until=kept.clock.wall() + 60, actor="uid 0")
    assert kept.keeper.ends_at() == kept.clock.ticks + 60
    kept.clock.sleep(59)
    kept.keeper.expire()
    assert kept.modes == [Mode("maintenance", "disk")]
    kept.clock.sleep(1)
    kept.keeper.expire()
    assert kept.modes[-1] == Mode()
    assert kept.acts[-1] == ("maintenance-off", "its time was over", "")
    assert kept.keeper.current() == Modes()


def test_ending_one_leaves_the_other(root: Path) -> None:
    kept = Kept(root)
    kept.keeper.drain(reason="balancer", until=None, actor="a")
    kept.keeper.maintenance_on(reason="disk", until=kept.clock.wall() + 60, actor="a")
    kept.keeper.maintenance_off(actor="a")
    assert [mode.word for mode in kept.modes] == ["draining", "maintenance", "draining"]


def test_they_outlive_a_restart_of_the_daemon(root: Path) -> None:
    kept = Kept(root)
    kept.keeper.maintenance_on(reason="disk", until=kept.clock.wall() + 60, actor="a")
    kept.clock.sleep(20)
    again = Kept(root, kept.clock)
    again.keeper.announce()
    assert again.modes == [Mode("maintenance", "disk")]
    assert again.keeper.ends_at() == kept.clock.ticks + 40
    kept.clock.sleep(41)
    assert Kept(root, kept.clock).keeper.current() == Modes()


def test_an_end_in_the_past_is_refused(root: Path) -> None:
    kept = Kept(root)
    with pytest.raises(UsageError, match="past"):
        kept.keeper.drain(reason="", until=kept.clock.wall() - 1, actor="a")
    assert kept.modes == []


def test_a_full_disk_takes_the_restart_not_the_mode(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = Kept(root)

    def full(path: Path, *_: object, **__: object) -> None:
        raise FileFailure(path, "write", "No space left on device")

    monkeypatch.setattr(files, "replace", full)
    kept.keeper.drain(reason="balancer", until=None, actor="a")
    assert kept.modes == [Mode("draining", "balancer")]
    assert "No space left" in kept.keeper.complaint()
    monkeypatch.undo()
    kept.keeper.undrain(actor="a")
    assert kept.keeper.complaint() == ""


def test_a_broken_file_is_set_aside_and_told_of(root: Path) -> None:
    (root / "modes.json").write_text("{not json")
    kept = Kept(root)
    assert kept.keeper.current() == Modes()
    assert len(list(root.glob("modes.json.corrupt-*"))) == 1
    kept.keeper.announce()
    assert [act for act, _, _ in kept.acts] == ["state-rebuilt"]
    assert "drain or maintenance" in kept.acts[0][1]
    kept.keeper.announce()
    assert len(kept.acts) == 1
