"""A clock that nobody keeps right: the time service is restarted, the clock never set."""

from pathlib import Path

import pytest

from agent.errors import MachineError
from agent.host.time_sync import TimeSync
from agent.remedies.clock import find, mend
from agent.remedies.remedy import Scene
from tests.scripted_host import ScriptedHost, unit
from tests.unit.upkeep_world import as_machine, scene, scripted

CHECK = '[checks.clock]\ntype = "clock"\n'
LOST = TimeSync(synchronised=False, offset=0.0, most=16.0)
KEPT = TimeSync(synchronised=True, offset=0.0, most=0.02)


def stage(root: Path, text: str = CHECK) -> tuple[Scene, ScriptedHost]:
    made = as_machine(scene(root, text))
    host = scripted(made)
    host.kernel.sync = LOST
    return made, host


def test_a_clock_that_is_kept_is_left_alone(root: Path) -> None:
    made, host = stage(root)
    host.kernel.sync = KEPT
    assert find(made) == []


@pytest.mark.parametrize("text", ["", CHECK + "require_sync = false\n"])
def test_where_nobody_minds_nothing_is_done(root: Path, text: str) -> None:
    made, _ = stage(root, text)
    assert find(made) == []


@pytest.mark.parametrize("active", ["active", "failed", "inactive"])
def test_the_service_that_is_there_is_restarted(
    root: Path, active: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    made, host = stage(root)
    name = "systemd-timesyncd.service"
    host.systemd.units[name] = unit(name, active=active)
    (fault,) = find(made)
    assert fault.plan.startswith(f"restart {name}")

    def sleep(seconds: float) -> None:
        host.kernel.sync = KEPT  # a server answers meanwhile
        host.clock.advance(seconds)

    monkeypatch.setattr(host.clock, "sleep", sleep)
    assert mend(made, fault) == f"restarted {name}; synchronised after 3 s"
    assert host.systemd.controlled == [("restart", name)]
    assert find(made) == []


def test_another_time_service_goes_before_timesyncd(root: Path) -> None:
    made, host = stage(root)
    for name in ("systemd-timesyncd.service", "chrony.service"):
        host.systemd.units[name] = unit(name)
    assert "restart chrony.service" in find(made)[0].plan


def test_a_server_that_does_not_answer_is_said_and_not_waited_for_long(root: Path) -> None:
    made, host = stage(root)
    host.systemd.units["chrony.service"] = unit("chrony.service")
    assert "reached no server yet" in mend(made, find(made)[0])
    assert sum(host.clock.slept) <= 60
    assert [fault.code for fault in find(made)] == ["clock-unsynchronised"]


def test_a_service_that_does_not_start_is_an_error(root: Path) -> None:
    made, host = stage(root)
    host.systemd.units["chrony.service"] = unit("chrony.service")
    host.systemd.answers["restart"] = 1
    with pytest.raises(MachineError, match=r"chrony\.service"):
        mend(made, find(made)[0])


def test_it_refuses_without_a_service_in_a_container_and_embedded(root: Path) -> None:
    made, host = stage(root)
    host.systemd.units["chrony.service"] = unit(
        "chrony.service", enabled="disabled", active="inactive"
    )
    assert "no time service" in find(made)[0].refusal
    host.systemd.units["chrony.service"] = unit("chrony.service")
    assert find(made)[0].refusal == ""
    host.kernel.files["/run/systemd/container"] = "systemd-nspawn\n"
    assert "container" in find(made)[0].refusal
    embedded = scene(root, CHECK)
    scripted(embedded).kernel.sync = LOST
    assert "folder" in find(embedded)[0].refusal
