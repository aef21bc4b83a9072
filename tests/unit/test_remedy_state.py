"""Files of Caretaker's own that hold no sense are put aside and made anew; nothing is deleted."""

from pathlib import Path

import pytest

from agent.deployment import RECORD, Deployments
from agent.errors import RefusedError
from agent.host.aside import set_aside_before
from agent.housekeeping.states import TaskState, TaskStates, state_file
from agent.ledger import Ledger, read_ledgers
from agent.remedies.remedy import Fault, Scene
from agent.remedies.state import find, mend
from tests.unit.upkeep_world import scene

NOISE = b"no database at all " * 4000


@pytest.fixture
def stage(root: Path) -> Scene:
    made = scene(root)
    made.layout.agent_state.mkdir()
    return made


def targets(stage: Scene) -> list[str]:
    return [fault.target for fault in find(stage)]


def test_sound_and_missing_files_are_no_fault(stage: Scene) -> None:
    assert find(stage) == []
    Ledger(stage.layout.ledger, stage.host.clock).write("setup")
    state_file(stage.layout).save(TaskStates({"x": TaskState(anchor=1.0)}))
    assert find(stage) == []


def test_the_ledger_is_begun_anew(stage: Scene) -> None:
    path = stage.layout.ledger
    path.write_bytes(NOISE)
    (fault,) = find(stage)
    assert (fault.target, fault.refusal) == (str(path), "")
    assert path.read_bytes() == NOISE  # a look changes nothing
    assert "0 rows kept" in mend(stage, fault)
    assert find(stage) == []
    assert Ledger(path, stage.host.clock).write("setup")
    assert len(read_ledgers([path])) == 1
    assert set_aside_before(path)[0].read_bytes() == NOISE


def test_the_record_of_tasks_is_begun_anew(stage: Scene) -> None:
    path = stage.layout.tasks
    path.write_text("{")
    (fault,) = find(stage)
    mend(stage, fault)
    assert find(stage) == []
    assert set_aside_before(path)[0].read_text() == "{"


@pytest.mark.parametrize("spoilt", ["{", "", None])
def test_the_record_of_the_deployment_comes_back_from_its_links(
    stage: Scene, root: Path, spoilt: str | None
) -> None:
    payload = root / "payload"
    payload.mkdir()
    (payload / "server").write_text("x")
    deployments = Deployments(stage.layout, stage.host.clock)
    deployments.deploy(deployments.stage(payload, "1.2-rc1"), payload, "1.2-rc1")
    record = stage.layout.active / RECORD
    if spoilt is None:
        record.unlink()
    else:
        record.write_text(spoilt)
    (fault,) = find(stage)
    assert mend(stage, fault) == "written anew: deployment 1 of version 1.2-rc1"
    assert find(stage) == []
    active = deployments.record().load()
    assert active is not None
    assert (active.number, active.generation, active.version) == (1, 1, "1.2-rc1")


def test_the_daemons_files_are_the_daemons(stage: Scene) -> None:
    for path in (stage.layout.agent_ledger, stage.layout.history):
        path.write_bytes(NOISE)
    faults = find(stage)
    assert len(faults) == 2
    assert all("when it starts" in fault.refusal for fault in faults)
    for fault in faults:
        with pytest.raises(RefusedError):
            mend(stage, fault)
        assert Path(fault.target).read_bytes() == NOISE


def test_what_can_not_be_looked_at_is_no_damage(stage: Scene) -> None:
    stage.layout.history.mkdir()  # as a sandbox, or somebody's mistake, may show it
    assert find(stage) == []


def test_only_the_listed_files_are_touched(stage: Scene) -> None:
    other = stage.layout.state / "other.json"
    other.write_text("{")
    with pytest.raises(RefusedError):
        mend(stage, Fault(target=str(other), code="state-corrupt", summary=""))
    assert targets(stage) == []
