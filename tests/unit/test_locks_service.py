"""The service of a lock, and the clock: when the first counts as down and the second as steady."""

import os
from dataclasses import replace
from pathlib import Path

import pytest

from agent.host.clock import Clock
from agent.locks import witness
from agent.manifest.reader import examine
from agent.services.protocol import ServiceState, State
from tests.scripted_host import NOW, ScriptedHost, scripted_host
from tests.unit.locks_stage import OneService, Stage, crew, gone_pid, written
from tests.unit.test_locks_matrix import HOLD, WORK_IN

pytestmark = pytest.mark.real
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root may look at every process")


class Patient(Clock):
    """Notes how long it was asked to wait, and does not."""

    def __init__(self) -> None:
        self.slept: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)


class Looping(OneService):
    """A program that ends at once, each time it is started: its states, look by look."""

    states_seen: tuple[State, ...] = ("starting", "active", "backoff")
    restarts = 3
    looks = 0

    def state(self, name: str) -> ServiceState:
        found = self.states_seen[min(self.looks, len(self.states_seen) - 1)]
        self.looks += 1
        return ServiceState(name, "db.service", found == "active", found, restarts=self.restarts)


def looping(root: Path, *states: State, restarts: int = 3) -> tuple[Stage, Looping]:
    stage, service = Stage(root), Looping()
    service.states_seen, service.restarts = states, restarts
    stage.services = service
    stage.host = replace(stage.host, clock=Patient())
    written(stage.file, f"{gone_pid()}\n")
    return stage, service


def slept(stage: Stage) -> list[float]:
    assert isinstance(stage.host.clock, Patient)
    return stage.host.clock.slept


@as_root
@pytest.mark.parametrize(
    ("states", "waits"),
    [
        (("starting", "active", "backoff"), 2),
        (("backoff",), 0),
        (("failed",), 0),
        # It came up while the processes were looked at: what was seen goes together with nothing.
        (("backoff", "starting", "active", "backoff"), 2),
    ],
)
def test_a_service_started_over_and_over_is_judged_between_two_starts(
    root: Path, states: tuple[State, ...], waits: int
) -> None:
    stage, _ = looping(root, *states)
    fault = stage.find()
    assert fault is not None
    assert fault.plan.startswith("stop db, look again")
    assert slept(stage) == [0.6] * waits


@as_root
def test_processes_of_a_start_that_is_over_are_waited_for(root: Path) -> None:
    stage, service = looping(root, "backoff")
    service.members = [4242]
    fault = stage.find()
    assert fault is not None
    assert "yet processes of it run" in fault.refusal
    assert slept(stage) == [0.6] * 3


def test_a_service_that_runs_is_not_waited_for(root: Path) -> None:
    stage, _ = looping(root, "active", restarts=0)
    assert stage.find() is None
    assert slept(stage) == []


def test_a_lock_of_the_running_service_s_own_is_not_waited_for(root: Path) -> None:
    stage, service = looping(root, "active")
    service.members = [4242]
    written(stage.file, "4242\n")
    assert stage.find() is None
    assert slept(stage) == []


class Two(OneService):
    """The service of the lock is down, its neighbour is up."""

    neighbour = 0

    def names(self) -> tuple[str, ...]:
        return ("db", "web")

    def pids(self, name: str) -> list[int]:
        return [self.neighbour] if name == "web" else []


@as_root
@pytest.mark.parametrize(
    ("protects", "code", "stays"),
    [
        ([], WORK_IN, False),  # every service works in {data}
        ([], HOLD, True),
        (["{data}"], WORK_IN, True),
    ],
)
def test_a_neighbour_may_be_at_home_where_only_the_default_guards(
    root: Path, protects: list[str], code: str, stays: bool
) -> None:
    stage = Stage(root, path=root / "var/lib/shop/data/db.pid", protects=protects)
    stage.services = two = Two()
    written(stage.file, f"{gone_pid()}\n")
    with crew() as people:
        held = stage.file if code == HOLD else stage.data
        two.neighbour = people.python(code, held, "open")
        assert ("left alone" in stage.mend()) == stays


# --- the clock ---
def manager(host: ScriptedHost, *, wall: float, monotonic: float) -> ScriptedHost:
    """systemd noted these two times when it started."""
    for name, seconds in (("", wall), ("Monotonic", monotonic)):
        argv = (*witness._MANAGER, f"UserspaceTimestamp{name}")
        host.programs[argv] = f"t {int(seconds * 1e6)}\n"
    return host


@pytest.mark.parametrize(
    ("step", "steady"), [(0.0, True), (1.5, True), (3600.0, False), (-3600.0, False)]
)
def test_a_clock_is_steady_while_both_of_systemd_s_run_together(
    root: Path, step: float, steady: bool
) -> None:
    # The scripted machine has been up for 1000 seconds.
    host = manager(scripted_host(root), wall=NOW - 997.0, monotonic=3.0)
    host.clock.advance(86400)
    host.clock.step(step)
    assert witness._is_steady(host) is steady


def test_a_clock_of_which_nobody_tells_is_not_steady(root: Path) -> None:
    assert witness._is_steady(scripted_host(root, booted=False)) is False
    host = scripted_host(root)
    host.programs["busctl"] = 1
    assert witness._is_steady(host) is False
    host.programs["busctl"] = "s nonsense\n"
    assert witness._is_steady(host) is False


# --- the manifest ---
@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("/tmp/db.pid", "a folder that each unit has for itself"),
        ("db.pid", "no whole path"),
        ("{data}/../db.pid", "goes up by"),
        ("{run}/db.pid", ""),
    ],
)
def test_a_lock_stands_where_the_remedy_can_see_it(path: str, words: str) -> None:
    text = f"""
[appliance]
name = "shop"
version = "1"
[services.db]
unit = "db.service"
[locks.pid]
path = "{path}"
kind = "pidfile"
service = "db"
"""
    _, mistakes = examine(text)
    assert words in " ".join(each.message for each in mistakes)
    assert bool(mistakes) == bool(words)
