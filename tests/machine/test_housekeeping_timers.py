"""Housekeeping on real systemd: timers that agree with us, tasks that run by them, once."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from agent.housekeeping.timers import task_units
from agent.manifest.model import Manifest
from agent.values import values_for
from tests.machine import by_hand
from tests.machine.appliance import KEEP, disk
from tests.machine.by_hand import LAYOUT, install
from tests.machine.conftest import Boot
from tests.machine.machine import TOOL, Machine

STAMPS = "/var/lib/systemd/timers"
MANIFEST = """
[appliance]
name = "shop"
version = "1.0"
[services.web]
command = ["/usr/bin/python3", "-I", "{release}/web.py", "8443"]
[tasks.soon]
calendar = "*:*:0/5"
command = ["sh", "-c", "date +%s >> {data}/soon; id -un > {data}/who"]
[tasks.fails]
calendar = "*:*:0/5"
command = ["sh", "-c", "echo the broom broke >&2; exit 3"]
[tasks.nightly]
calendar = "*-*-* 03:30 Europe/Berlin"
jitter = "3h"
command = ["true"]
[tasks.monthly]
calendar = "Sun *-*~07/1 02:15:30.5"
jitter = "20m"
persistent = false
command = ["true"]
[tasks.missed]
calendar = "daily"
command = ["sh", "-c", "echo x >> {data}/missed"]
"""


@pytest.fixture
def machine(machines: Boot, tool: Path) -> Machine:
    machine = machines(binds_ro=by_hand.binds(tool))
    put_timers(machine, install(machine, MANIFEST))
    return machine


def test_after_a_power_cut_what_was_missed_runs_once_and_what_was_begun_counts(
    machines: Boot, tool: Path, roots: Callable[[str], Path]
) -> None:
    begun, marks = f"{LAYOUT.data}/begun", f"{LAYOUT.data}/missed"
    with disk(roots("bookworm")) as tree:
        machine = machines(tree, binds_ro=by_hand.binds(tool), options=KEEP)
        slow = '[tasks.slow]\ncalendar = "hourly"\n'
        slow += f'command = ["sh", "-c", "echo x >> {begun}; sleep 60"]\n'
        put_timers(machine, install(machine, MANIFEST + slow))
        timers = ["caretaker-task@slow.timer", "caretaker-task@missed.timer"]
        machine.systemctl("start", *timers)
        machine.run(["touch", "--date=5 days ago", *(f"{STAMPS}/stamp-{name}" for name in timers)])
        machine.systemctl("restart", "caretaker-task@slow.timer")
        machine.wait_for(lambda: machine.exists(begun), timeout=20)
        machine.kill()

        machine = machines(tree, binds_ro=by_hand.binds(tool), options=KEEP)
        machine.systemctl("start", *timers)
        machine.wait_for(lambda: ran(machine, "missed") == ["done"], timeout=40)
        assert machine.read(marks) == "x\n"
        assert machine.read(begun) == "x\n"
        assert not machine.is_active("caretaker-task@slow.service")
        assert listed(machine)["slow"]["outcome"] == "broke off"
        machine.kill()


def put_timers(machine: Machine, manifest: Manifest) -> None:
    for each in task_units(manifest, LAYOUT, values_for(manifest, LAYOUT)):
        machine.put(str(each.path), each.text)
    machine.systemctl("daemon-reload")


def listed(machine: Machine) -> dict[str, dict[str, object]]:
    # One set up by setup has the command where people find it, a bare one the checkout's.
    command = "caretaker" if machine.exists("/usr/local/bin/caretaker") else f"{TOOL}/bin/caretaker"
    lines = machine.run([command, "housekeeping", "list", "--json"]).out.splitlines()
    return {each["name"]: each for each in map(json.loads, lines)}


def ran(machine: Machine, task: str) -> list[str]:
    """How its runs ended, oldest first."""
    lines = machine.caretaker("housekeeping", "history", "--json").out.splitlines()
    return [each["outcome"] for each in map(json.loads, lines) if each["target"] == task]


def test_timers_elapse_when_we_say_and_tasks_run_by_them(machine: Machine) -> None:
    quiet = ["nightly", "monthly", "missed"]
    machine.caretaker("housekeeping", "run", "--due")  # reckons new tasks from now
    machine.systemctl("start", *(f"caretaker-task@{name}.timer" for name in quiet))
    ours = listed(machine)
    for name in quiet:
        assert abs(float(str(ours[name]["due"])) - elapses(machine, name)) < 1.0, name
    # Two that are due every few seconds, one of which always fails.
    machine.systemctl("start", "caretaker-task@fails.timer", "caretaker-task@soon.timer")
    machine.wait_for(lambda: ran(machine, "soon").count("done") > 1, timeout=40)
    assert set(ran(machine, "fails")) == {"failed"}
    assert machine.read(f"{LAYOUT.data}/who") == "shop\n"
    assert machine.failed_units() == []
    # The clock says the machine was off for a while: one run makes up for all.
    machine.systemctl("stop", "caretaker-task@missed.timer")
    stamp = f"{STAMPS}/stamp-caretaker-task@missed.timer"
    machine.run(["touch", "--date=5 days ago", stamp])
    machine.systemctl("start", "caretaker-task@missed.timer")
    machine.wait_for(lambda: ran(machine, "missed") == ["done"], timeout=40)
    assert machine.read(f"{LAYOUT.data}/missed") == "x\n"
    due = float(str(listed(machine)["missed"]["due"]))
    assert abs(due - elapses(machine, "missed")) < 1.0


def elapses(machine: Machine, task: str) -> float:
    """When systemd says that the task's timer elapses next, since 1970, to the second."""
    told = machine.show(f"caretaker-task@{task}.timer", "NextElapseUSecRealtime")
    shown = told["NextElapseUSecRealtime"]
    return float(machine.run(["date", "--date", shown, "+%s"]).out)


def test_set_up_by_setup_the_list_is_that_of_systemd(appliance: Machine) -> None:
    units = json.loads(
        appliance.systemctl("list-timers", "--all", "--output=json", "caretaker-task@*").out
    )
    theirs = {each["unit"]: each["next"] / 1e6 for each in units}
    ours = {
        f"caretaker-task@{name}.timer": float(str(each["due"]))
        for name, each in listed(appliance).items()
        if each["due"] is not None
    }
    assert theirs.keys() == ours.keys()
    assert len(ours) > 5
    assert {name for name in ours if abs(ours[name] - theirs[name]) >= 1.0} == set()
    # Each does its work in its sandbox; what a task can't do on this machine, it says.
    for name in listed(appliance):
        appliance.systemctl("start", f"caretaker-task@{name}.service", timeout=120)
    bad = {
        name: each["why"] for name, each in listed(appliance).items() if each["outcome"] != "done"
    }
    assert bad == {}
