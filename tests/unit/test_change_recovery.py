"""A change that is killed at a call, or refused by the disk at a call, always converges.

A sample of the calls, so that it takes seconds; `python -m bench.crash` strikes at each.
"""

import contextlib
import errno
import random
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.change.recovery import recover
from agent.errors import CaretakerError
from agent.host.failures import HostFailure
from tests.unit.change_world import Killed, World, faults, kill_at, refuse_at, world

TROUBLE = (CaretakerError, HostFailure, OSError)


def calls_of(root: Path, prepare: Callable[[World], None], act: Callable[[World], object]) -> int:
    there = world(root)
    prepare(there)
    with faults(lambda count, name: None) as seen, contextlib.suppress(CaretakerError):
        act(there)
    return len(seen)


def nothing(there: World) -> None:
    pass


def bad(there: World) -> None:
    there.machine.bad.add("1.1")


def upgraded(there: World) -> None:
    there.carry_out()


def forward(there: World) -> object:
    return there.carry_out()


def backward(there: World) -> object:
    return there.carry_out(there.back())


CASES = {
    "forward": (nothing, forward),
    "back": (bad, forward),
    "rollback": (upgraded, backward),
}


def struck(
    there: World, act: Callable[[World], object], strike: Callable[[int, str], None]
) -> bool:
    """Whether the fault came to pass."""
    with faults(strike):
        try:
            act(there)
        except Killed:
            return True
        except TROUBLE:
            return False
    return False


@pytest.mark.parametrize("case", CASES)
def test_killed_at_every_call_it_converges(tmp_path: Path, case: str) -> None:
    prepare, act = CASES[case]
    total = calls_of(tmp_path / "count", prepare, act)
    assert total > 30
    for number in range(1, total + 1, 2):
        there = world(tmp_path / str(number))
        prepare(there)
        assert struck(there, act, kill_at(number)), number
        recover(there.scene, means=there.machine)
        assert there.complaints() == [], number


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EIO])
def test_refused_at_every_call_it_converges(tmp_path: Path, case: str, number: int) -> None:
    prepare, act = CASES[case]
    total = calls_of(tmp_path / "count", prepare, act)
    for at in range(1, total + 1, 4):
        there = world(tmp_path / str(at))
        prepare(there)
        struck(there, act, refuse_at(at, number))
        assert there.machine.running is not None, at  # never left stopped
        recover(there.scene, means=there.machine)
        assert there.complaints() == [], at


def test_recovery_killed_at_every_call_converges(tmp_path: Path) -> None:
    """Double faults: a sample of the first, every second one of each."""
    seed = random.Random(4)
    for case, (prepare, act) in CASES.items():
        total = calls_of(tmp_path / case, prepare, act)
        for first in seed.sample(range(1, total + 1), 2):
            for second in range(1, 200, 3):
                there = world(Path(tempfile.mkdtemp(dir=tmp_path)))
                prepare(there)
                struck(there, act, kill_at(first))
                ended = not struck(there, again, kill_at(second))
                again(there)
                assert there.complaints() == [], (case, first, second)
                if ended:
                    break


def again(there: World) -> object:
    return recover(there.scene, means=there.machine)


def booted(there: World) -> object:
    """The services are gone; recovery comes first, then they start by themselves."""
    there.machine.running = None
    there.machine.drained = False  # it would be kept, and taken back by the next step
    told = recover(there.scene, means=there.machine, booting=True)
    there.machine.running = there.machine.on_disk()
    if told.found == "due":
        recover(there.scene, means=there.machine)
    return told


@pytest.mark.parametrize("case", CASES)
def test_rebooted_at_every_call_it_converges(tmp_path: Path, case: str) -> None:
    prepare, act = CASES[case]
    total = calls_of(tmp_path / "count", prepare, act)
    for number in range(2, total + 1, 3):
        there = world(tmp_path / str(number))
        prepare(there)
        struck(there, act, kill_at(number))
        booted(there)
        assert there.complaints() == [], number


@settings(max_examples=25)
@given(data=st.data(), sick=st.sets(st.sampled_from(["1.0", "1.1"])))
def test_any_sequence_of_faults_converges(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject, sick: set[str]
) -> None:
    there = world(tmp_path_factory.mktemp("run"))
    there.machine.bad |= sick
    kinds = st.sampled_from(["kill", "full", "reboot"])
    for _ in range(data.draw(st.integers(1, 5))):
        at, kind = data.draw(st.integers(1, 120)), data.draw(kinds)
        active = there.deployments.active()
        assert active is not None
        act = forward if active.version == "1.0" else backward
        strike = refuse_at(at, errno.ENOSPC) if kind == "full" else kill_at(at)
        turn = data.draw(st.sampled_from([act, again, booted]))
        struck(there, turn, strike)
        if kind == "reboot":
            struck(there, booted, kill_at(data.draw(st.integers(1, 60))))
        if turn is act:
            again(there)  # as every change does first
    booted(there) if there.machine.running is None else again(there)
    assert there.complaints() == []


def test_a_spoilt_record_of_the_change_costs_nothing(root: Path) -> None:
    there = world(root)
    with faults(kill_at(60)), pytest.raises(Killed):
        there.carry_out()
    there.scene.layout.change.write_text("{")
    assert recover(there.scene, means=there.machine).found == "called-off"
    assert there.complaints() == []
    assert list(there.scene.layout.state.glob("change.json.corrupt-*"))


def test_without_a_readable_active_nothing_is_touched(root: Path) -> None:
    there = world(root)
    with faults(kill_at(60)), pytest.raises(Killed):
        there.carry_out()
    (there.scene.layout.active / "state").unlink()
    (there.scene.layout.active / "deployment.json").unlink()
    before = sorted(root.rglob("*"))
    with pytest.raises(CaretakerError, match="no whole deployment"):
        recover(there.scene, means=there.machine)
    assert sorted(root.rglob("*")) == before


def test_a_version_that_takes_the_machine_down_is_gone_back_from(root: Path) -> None:
    there = world(root)

    def crash(step: str) -> None:
        if step == "judge" and "1.1" in there.machine.on_disk()[0]:
            raise Killed

    there.machine.reached = crash
    with pytest.raises(Killed):
        there.carry_out()
    told = []
    for _ in range(9):
        there.machine.running = None
        told.append(recover(there.scene, means=there.machine, booting=True).found)
        there.machine.running = there.machine.on_disk()
        if told[-1] != "due":
            break
        with pytest.raises(Killed):
            recover(there.scene, means=there.machine)
    assert told == ["due", "due", "returned"]
    there.machine.drained = False
    assert there.complaints() == []
    assert there.deployments.listed()[0].standing == "abandoned"


def test_what_another_process_began_is_told_as_long_as_it_took(root: Path) -> None:
    there = world(root)
    clock = there.scene.host.clock

    def killed(step: str) -> None:
        if step == "start":
            clock.sleep(100.0)
            raise Killed

    there.machine.reached = killed
    with pytest.raises(Killed):
        there.carry_out()
    there.machine.reached = lambda step: None
    outcome = recover(there.scene, means=there.machine).outcome
    assert outcome is not None
    assert 100.0 < outcome.downtime < outcome.seconds
