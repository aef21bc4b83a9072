"""When the embedded daemon starts housekeeping, and when it lets it be."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from agent.daemon.housekeeper import Housekeeper
from agent.daemon.selfcheck import BEAT
from agent.host.failures import HostFailure
from agent.housekeeping.states import TaskState, TaskStates, state_file
from agent.layout import Layout
from tests.scripted_host import ScriptedClock

DAY = 86400.0


class World:
    """A clock, a state file, and an errand that does what the test says."""

    def __init__(self, root: Path) -> None:
        self.layout, self.clock = Layout(root, "shop"), ScriptedClock()
        self.layout.state.mkdir(parents=True)
        self.runs: list[float] = []
        self.warned: list[str] = []
        self.act: Callable[[], int] = lambda: self.reckoned(DAY)
        self.keeper = Housekeeper(
            self.layout, self.clock, errand=self.errand, warn=self.warned.append
        )

    def errand(self, up_since: float) -> int:
        self.runs.append(self.clock.now)
        assert up_since <= self.clock.now
        return self.act()

    def reckoned(self, seconds: float, **states: TaskState) -> int:
        """The one-shot ran well, and the next task is due in that many seconds."""
        state_file(self.layout).save(TaskStates(states, self.clock.now + seconds))
        return 0

    def turns(self, seconds: float) -> list[float]:
        """Go by beats and `wait` for that long; when housekeeping was started, from now."""
        begin, first = self.clock.now, len(self.runs)
        while self.clock.now - begin < seconds:
            self.clock.advance(min(BEAT, max(0.25, self.keeper.wait())))
            if self.keeper.look() <= 0.0:
                self.keeper.turn()
        return [at - begin for at in self.runs[first:]]


@pytest.fixture
def world(root: Path) -> World:
    return World(root)


def test_at_the_start_once_and_then_at_the_time_that_was_reckoned(world: World) -> None:
    world.act = lambda: world.reckoned(600.0)
    assert world.turns(1900) == pytest.approx([2, 602, 1202, 1802], abs=1)


def test_every_hour_it_is_reckoned_anew(world: World) -> None:
    assert world.turns(3 * 3600) == pytest.approx([2, 3610, 7220], abs=30)


def test_a_clock_that_is_set_is_noticed_within_a_beat(world: World) -> None:
    world.turns(60)
    world.clock.step(DAY * 3650)
    assert world.turns(60) == pytest.approx([10], abs=10)
    world.clock.step(-DAY * 3650)
    assert world.turns(60) == pytest.approx([10], abs=10)
    assert world.turns(600) == []


def test_a_suspended_machine_is_noticed_within_a_beat(world: World) -> None:
    world.act = lambda: world.reckoned(600.0)
    world.turns(60)
    world.clock.advance(7200)
    assert len(world.turns(15)) == 1


def test_another_manifest_is_looked_at_once(world: World) -> None:
    world.turns(60)
    world.keeper.replace()
    assert len(world.turns(60)) == 1


@pytest.mark.parametrize("status", [0, 5, 70, -9])
def test_in_vain_is_not_in_a_loop(world: World, status: int) -> None:
    """A run under way, a crash; with 0: the disk took no note, so the same is due again."""
    world.reckoned(0.0)
    world.act = lambda: status
    assert world.turns(1000) == pytest.approx([2, 62, 182, 422, 902], abs=2)
    assert bool(world.warned) == (status in (70, -9))
    assert len(world.turns(24 * 3600)) < 30


def test_what_cannot_be_started_is_told(world: World) -> None:
    def refuse() -> int:
        raise HostFailure("no processes left")

    world.act = refuse
    world.turns(30)
    assert world.warned == ["housekeeping could not be started: no processes left"]


def test_a_failure_stands_in_the_note_until_a_run_makes_it_good(world: World) -> None:
    bad = TaskState(anchor=1.0, began=5.0, outcome="failed", why="no room")
    cut = TaskState(anchor=1.0, began=9.0, outcome="broke off", why="it was killed")
    world.reckoned(DAY, purge=bad, backup=cut)
    world.keeper.read()
    assert world.keeper.note() == "housekeeping: backup broke off: it was killed (and 1 more)"
    world.reckoned(DAY, purge=TaskState(anchor=1.0, began=6.0, outcome="done"))
    world.keeper.read()
    assert world.keeper.note() == ""
