"""What no check sees is looked for, and the remedy that is called keeps its own rules."""

from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from agent.housekeeping.task import Chores
from agent.housekeeping.tasks.look_round import REMEDIES, TASK, run
from agent.ledger import read_ledgers
from agent.remedies import roster
from agent.remedies.remedy import Fault, Remedy, Scene
from agent.status import ModeReport
from tests.unit.upkeep_world import as_machine, scene, scripted


class World:
    """Chores, and one remedy, `state`, whose faults the test names."""

    def __init__(
        self, root: Path, monkeypatch: pytest.MonkeyPatch, more: str = "", wrong: str = "state"
    ) -> None:
        self.wrong = wrong
        self.stage = scene(root, more)
        self.faults: list[Fault] = []
        self.mended: list[str] = []
        own = [self._remedy(name) for name in ("tls", "state", "paths", "disk")]
        monkeypatch.setattr(roster, "REMEDIES", tuple(own))

    def _remedy(self, name: str) -> Remedy:
        def find(scene: Scene) -> list[Fault]:
            return self.faults if name == self.wrong else []

        def mend(scene: Scene, fault: Fault) -> str:
            self.faults = []
            self.mended.append(name)
            return "mended"

        return Remedy(
            name=name, title=name, cures=("x",), find=find, mend=mend, refuses="", undo=""
        )

    def chores(self, *, dry: bool = False, stage: Scene | None = None) -> Chores:
        at = stage or self.stage
        return Chores(at.host, at.manifest, at.layout, at.values, dry=dry)


WRONG = Fault(target="ledger.db", code="x", summary="it holds no sense", plan="begin anew")


def test_the_remedies_it_calls_are_there() -> None:
    assert set(REMEDIES) <= {each.name for each in roster.REMEDIES}
    assert not TASK.frees


def test_nothing_is_wrong(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(root, monkeypatch)
    assert run(world.chores()).summary == "nothing is wrong"


def test_embedded_the_remedy_runs_here_by_its_rules(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = World(root, monkeypatch)
    world.faults = [WRONG]
    assert run(world.chores(dry=True)).lines == ("state: it holds no sense",)
    assert world.mended == []
    done = run(world.chores())
    assert (done.items, done.problems, world.mended) == (1, (), ["state"])
    entry = read_ledgers([world.stage.layout.ledger])[-1]
    assert (entry.act, entry.target, entry.actor) == ("remedy state", "ledger.db", "housekeeping")


def test_on_systemd_it_runs_in_its_own_unit(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(root, monkeypatch)
    world.faults = [WRONG]
    machine = as_machine(world.stage)
    run(world.chores(stage=machine))
    assert scripted(machine).systemd.controlled == [("start", "caretaker-remedy@state.service")]
    assert world.mended == []
    scripted(machine).systemd.answers["start"] = 1
    assert run(world.chores(stage=machine)).problems == ("state: exit status 1",)


def test_nobody_waits_for_what_runs_tasks_itself(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = World(root, monkeypatch, wrong="disk")
    world.faults = [WRONG]
    machine = as_machine(world.stage)
    run(world.chores(stage=machine))
    expected = ("start", "--no-block", "caretaker-remedy@disk.service")
    assert scripted(machine).systemd.controlled == [expected]
    assert run(world.chores()).items == 0  # embedded, it would wait for itself


@pytest.mark.parametrize(("until", "held"), [(None, True), (3600.0, True), (-1.0, False)])
def test_in_maintenance_nothing_runs_by_itself(
    root: Path, monkeypatch: pytest.MonkeyPatch, until: float | None, *, held: bool
) -> None:
    world = World(root, monkeypatch)
    world.faults = [WRONG]
    now = scripted(world.stage).clock.wall()
    end = None if until is None else now + until
    mode = ModeReport(name="maintenance", reason="disk", since=now - 9, until=end)
    world.stage.layout.status.write_bytes(msgspec.json.encode({"modes": [mode]}))
    assert run(world.chores(dry=True)).items == 1
    assert run(world.chores()).summary.startswith("in maintenance") is held
    assert world.mended == ([] if held else ["state"])


def test_one_that_is_off_is_left_alone(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(root, monkeypatch, '[remediation]\noff = ["state"]\n')
    world.faults = [WRONG]
    assert run(world.chores()).items == 0


def test_one_look_that_fails_does_not_stop_the_next(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = World(root, monkeypatch)

    def broken(scene: Scene) -> list[Fault]:
        raise OSError(5, "Input/output error")

    first = replace(roster.REMEDIES[2], find=broken)
    monkeypatch.setattr(roster, "REMEDIES", (first, roster.REMEDIES[1]))
    world.faults = [WRONG]
    done = run(world.chores())
    assert done.problems == ("paths: [Errno 5] Input/output error",)
    assert world.mended == ["state"]
