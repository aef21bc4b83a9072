"""Units read as service states, and acts that say what went wrong."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from agent.errors import MachineError, UsageError
from agent.host.clock import Clock
from agent.host.machine import Host
from agent.host.spawn import Completed
from agent.host.systemd import Systemd, UnitState
from agent.services.left import LeftStopped, note
from agent.services.on_systemd import OnSystemd
from agent.services.open import open_services
from tests.scripted_host import scripted_host, unit
from tests.unit.services_fixtures import layout_at, manifest_of

SHOP = """
[services.web]
command = ["/bin/web"]
requires = ["database"]
stop_timeout = "7s"
[services.database]
unit = "postgresql.service"
"""
UP = UnitState("shop-web.service", "loaded", "active", "running", "static", 7, 0, "success", 5.0)


WELL = Completed((), 0, "", "", 0.0)


class HandClock(Clock):
    now = 100.0

    def monotonic(self) -> float:
        return self.now


@dataclass
class ScriptedSystemd(Systemd):
    units: dict[str, UnitState] = field(default_factory=dict)
    ends: Completed = WELL
    asked: list[str] = field(default_factory=list)
    deaf: bool = False

    def show_all(self, units: Sequence[str], *, timeout: float = 5.0) -> list[UnitState]:
        self.asked.append(f"show {' '.join(units)}")
        if self.deaf:
            raise OSError("no answer")
        missing = replace(UP, load="not-found", active="inactive", main_pid=0)
        return [self.units.get(unit, replace(missing, name=unit)) for unit in units]

    def control(self, verb: str, *units: str, timeout: float = 90.0) -> Completed:
        self.asked.append(f"{verb} {' '.join(units)} {timeout:g}")
        return self.ends


@pytest.fixture
def systemd() -> ScriptedSystemd:
    return ScriptedSystemd(units={UP.name: UP})


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def services(systemd: ScriptedSystemd, clock: HandClock) -> OnSystemd:
    return OnSystemd(manifest_of(SHOP), Host(systemd=systemd, clock=clock))


def test_names_come_in_start_order(services: OnSystemd) -> None:
    assert services.names() == ("database", "web")


def test_all_states_cost_one_call_and_are_kept_for_half_a_second(
    services: OnSystemd, systemd: ScriptedSystemd, clock: HandClock
) -> None:
    states = services.states()
    assert services.state("web") == states["web"]
    assert services.pids("web") == [7]
    assert systemd.asked == ["show postgresql.service shop-web.service"]
    clock.now += 0.6
    services.states()
    assert len(systemd.asked) == 2


def test_an_act_makes_the_next_look_fresh(services: OnSystemd, systemd: ScriptedSystemd) -> None:
    services.states()
    services.restart("web")
    services.states()
    assert [line.split()[0] for line in systemd.asked] == ["show", "restart", "show"]


@pytest.mark.parametrize(
    ("changes", "state", "running", "summary"),
    [
        ({}, "active", True, "active"),
        ({"restarts": 3}, "active", True, "active, restarted 3 times"),
        ({"active": "reloading"}, "active", True, "active"),
        ({"active": "activating", "sub": "start"}, "starting", False, "starting"),
        ({"active": "activating", "sub": "auto-restart", "result": "exit-code", "exit_status": 3},
         "backoff", False, "exit status 3; waits to be restarted"),
        ({"active": "failed", "result": "oom-kill"},
         "failed", False, "killed for want of memory; stays down"),
        ({"active": "deactivating"}, "stopping", False, "stopping"),
        ({"active": "inactive"}, "stopped", False, "stopped"),
        ({"active": "inactive", "load": "not-found"},
         "failed", False, "there is no unit shop-web.service"),
    ],
)  # fmt: skip
def test_each_state_of_a_unit_has_its_word(
    services: OnSystemd,
    systemd: ScriptedSystemd,
    changes: dict[str, object],
    state: str,
    running: bool,
    summary: str,
) -> None:
    systemd.units[UP.name] = replace(UP, **changes)  # type: ignore[arg-type]  # by parametrize
    seen = services.state("web")
    assert (seen.state, seen.running, seen.summary) == (state, running, summary)
    assert (seen.unit, seen.since) == ("shop-web.service", 5.0)


def test_acts_wait_as_long_as_the_service_may_take(
    services: OnSystemd, systemd: ScriptedSystemd
) -> None:
    services.start("web")
    services.stop("web")
    services.restart("web")
    services.reload("database")
    assert systemd.asked == [
        "start shop-web.service 90",
        "stop shop-web.service 97",
        "restart shop-web.service 187",
        "reload-or-restart postgresql.service 210",
    ]


def test_a_failed_act_names_the_reason_and_the_log(
    services: OnSystemd, systemd: ScriptedSystemd
) -> None:
    systemd.ends = Completed((), 1, "", "Job for x failed: out of luck.\nSee journalctl.\n", 0.1)
    with pytest.raises(MachineError, match="did not start: Job for x failed") as caught:
        services.start("web")
    assert caught.value.code == "service-failed"
    assert caught.value.hint == "journalctl -u shop-web.service -n 50"


def test_an_unknown_name_never_reaches_systemd(
    services: OnSystemd, systemd: ScriptedSystemd
) -> None:
    for act in (services.state, services.pids, services.start, services.stop, services.reload):
        with pytest.raises(UsageError, match=r"sshd is no service of .*database, web"):
            act("sshd")
    assert systemd.asked == []


def test_no_answer_is_an_error_with_a_hint(services: OnSystemd, systemd: ScriptedSystemd) -> None:
    systemd.deaf = True
    with pytest.raises(MachineError, match="no answer"):
        services.states()


def test_below_a_root_the_daemon_alone_runs_services() -> None:
    with pytest.raises(UsageError, match="run by its daemon"):
        open_services(manifest_of(SHOP), layout_at(Path("/srv/x")), Host())
    opened = open_services(manifest_of(SHOP), layout_at(), Host())
    assert opened.names() == ("database", "web")


def test_one_left_stopped_shows_as_failed_until_somebody_starts_it(root: Path) -> None:
    host = scripted_host(root)
    layout = layout_at(root)
    manifest = manifest_of('[services.web]\ncommand = ["/bin/x"]\n')
    services = OnSystemd(manifest, host, layout)
    note(layout.left_stopped, "web", LeftStopped("run-1", 5.0, "left stopped after 10 restarts"))

    def stands(**facts: str) -> tuple[str, str]:
        host.clock.advance(1.0)
        host.systemd.units["shop-web.service"] = unit("shop-web.service", **facts)  # type: ignore[arg-type] # names are the test's
        state = services.state("web")
        return state.state, state.summary

    down = {"active": "inactive", "sub": "dead"}
    assert stands(**down, invocation="run-1") == ("failed", "left stopped after 10 restarts")
    assert stands(**down, invocation="run-2") == ("stopped", "stopped")
    assert stands(invocation="run-1") == ("active", "active")
    layout.left_stopped.write_text("{")
    assert stands(**down, invocation="run-1") == ("stopped", "stopped")
