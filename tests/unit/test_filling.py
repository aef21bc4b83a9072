"""The forecast inside the `disk` and `inodes` checks: from the history, and from what they see."""

from collections.abc import Iterable
from pathlib import Path

import pytest

from agent.findings import Status
from agent.health import filling
from agent.health.forecast import DAY, HOUR, Forecast, Point, forecast
from agent.history import History, Sample
from agent.host.facts import FileSystem
from agent.manifest.checks import DiskCheck, InodesCheck
from agent.manifest.kinds import Duration
from tests.scripted_host import GIB
from tests.unit.checks_world import World, world

SIZE = 100 * GIB
CHECK = DiskCheck(path="/data")


@pytest.fixture
def stage(root: Path) -> World:
    made = world(root)
    made.context.layout.agent_state.mkdir(parents=True)
    made.host.kernel.files["/proc/1/mountinfo"] = ""
    return made


def disk(used: float, *, inodes_used: float = 1) -> FileSystem:
    """Percents."""
    inodes = round(1_000_000 * (1 - inodes_used / 100))
    return FileSystem(SIZE, int(SIZE * (1 - used / 100)), 1_000_000, inodes, read_only=False)


def remember(stage: World, *, days: float, begin: float, rate: float) -> float:
    """Samples of a disk that fills at `rate` percent a day; percent in use at the end."""
    history = History(stage.context.layout.history, 16 << 20)
    now, used = stage.host.clock.wall(), begin
    for n in range(int(days * 24) + 1):
        used = begin + rate * n / 24
        facts = {"disk_total_bytes": float(SIZE), "disk_free_bytes": SIZE * (1 - used / 100),
                 "disk_inodes": 1e6, "disk_inodes_free": 1e6 * (1 - used / 100)}  # fmt: skip
        history.add(sample=Sample(now - days * DAY + n * HOUR, facts))
    return used


def look_twice(stage: World, check: DiskCheck | InodesCheck = CHECK) -> tuple[Status, str, str]:
    """The history is read with the second look."""
    stage.look(check)
    stage.host.clock.advance(60)
    finding = stage.look(check)
    return finding.status, finding.code, finding.summary


def test_what_the_history_shows_is_foretold(stage: World) -> None:
    used = remember(stage, days=10, begin=22, rate=5)
    stage.host.facts.disk = disk(used)
    status, code, summary = look_twice(stage)
    assert (status, code) == (Status.WARN, "disk-filling")
    assert (
        summary == "28.0 GiB of 100.0 GiB free at /data, but full in about 5 days at 5.0 GiB a day"
    )


def test_inodes_run_out_too(stage: World) -> None:
    used = remember(stage, days=10, begin=22, rate=5)
    stage.host.facts.disk = disk(10, inodes_used=used)
    _, code, summary = look_twice(stage, InodesCheck(path="/data"))
    assert code == "inodes-filling"
    assert "full in about 5 days at 50000 files a day" in summary


def test_a_low_disk_says_when_as_well(stage: World) -> None:
    used = remember(stage, days=10, begin=40, rate=5)
    stage.host.facts.disk = disk(used)
    status, code, summary = look_twice(stage)
    assert (status, code) == (Status.WARN, "disk-low")
    assert summary.endswith("; full in about 2 days at 5.0 GiB a day") or "1 day" in summary


@pytest.mark.parametrize("limit", [0, 4 * DAY])
def test_what_is_far_off_or_not_asked_for_is_not_said(stage: World, limit: float) -> None:
    used = remember(stage, days=10, begin=20, rate=5)
    stage.host.facts.disk = disk(used)
    check = DiskCheck(path="/data", full_within=Duration(limit))
    assert look_twice(stage, check)[0] is Status.PASS


@pytest.mark.parametrize("other", [FileSystem(SIZE, SIZE // 2, 0, 0, read_only=False),
                                   FileSystem(SIZE * 2, SIZE, 0, 0, read_only=False)])  # fmt: skip
def test_another_disk_does_not_inherit_the_history(stage: World, other: FileSystem) -> None:
    remember(stage, days=10, begin=20, rate=5)
    stage.host.facts.disk = other
    assert look_twice(stage)[0] is Status.PASS


def test_without_a_history_the_check_learns_by_itself(stage: World) -> None:
    codes = []
    for minute in range(60):
        stage.host.facts.disk = disk(20 + minute)
        codes.append(stage.look(CHECK).code)
        stage.host.clock.advance(60)
    assert codes[:15] == ["ok"] * 15
    assert codes[-1] == "disk-filling"


def test_a_warning_neither_flickers_nor_outlives_the_room_that_was_made(stage: World) -> None:
    used = remember(stage, days=10, begin=20, rate=5)
    stage.host.facts.disk = disk(used)
    assert look_twice(stage)[1] == "disk-filling"
    for minute in range(20):
        stage.host.clock.advance(60)
        stage.host.facts.disk = disk(used - (minute % 2))
        assert stage.look(CHECK).code == "disk-filling"
    stage.host.facts.disk = disk(used - 10)
    assert stage.look(CHECK).code == "ok"


def test_a_broken_history_is_no_failure_of_the_check(stage: World) -> None:
    stage.context.layout.history.write_bytes(b"noise" * 4000)
    stage.host.facts.disk = disk(50)
    for _ in range(6):
        assert look_twice(stage)[1] == "ok"


def test_a_clock_that_steps_makes_no_forecast_of_its_own(stage: World) -> None:
    used = remember(stage, days=10, begin=20, rate=0.1)
    for step in (-9 * DAY, 400 * DAY, -400 * DAY, -20000 * DAY):
        stage.host.clock.step(step)
        for _ in range(10):
            stage.host.facts.disk = disk(used)
            assert look_twice(stage)[1] == "ok"


def test_it_looks_once_a_minute_however_often_the_check_does(
    stage: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[float] = []

    def count(points: Iterable[Point], *, now: float) -> Forecast | None:
        told.append(now)
        return forecast(points, now=now)

    monkeypatch.setattr(filling, "forecast", count)
    stage.host.facts.disk = disk(50)
    for _ in range(600):
        stage.look(CHECK)
        stage.host.clock.advance(1)
    assert len(told) == 10
