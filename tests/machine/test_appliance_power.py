"""Power and disks: switched off in order, cut off in the middle, full, read-only."""

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.machine import wheelhouse as wheels
from tests.machine.appliance import (
    AGENT,
    KEEP,
    OFFLINE,
    SERVICE,
    SETUP,
    binds,
    disk,
    healthz,
    main_pids,
    set_up,
    sql,
)
from tests.machine.conftest import Boot
from tests.machine.machine import Machine

KEPT = "CREATE TABLE kept (id INT)"  # forgotten at each restart, its rows are not


@pytest.fixture
def start(machines: Boot, quick_image: Path) -> Callable[[Path], Machine]:
    """Switch a machine with this disk on."""
    brought = binds(quick_image, wheels.locked_wheels())
    return lambda tree: machines(tree, binds_ro=brought, options=KEEP, degraded=True)


def test_switched_off_and_on_again(installed: Path, start: Callable[[Path], Machine]) -> None:
    with disk(installed) as tree:
        machine = start(tree)
        machine.run(["caretaker", "health", "--wait", "20s"])
        sql(machine, f"{KEPT}; INSERT INTO kept (id) VALUES (7)")
        machine.run(["caretaker", "drain", "--reason", "new disk"])
        identity = machine.read("/etc/machine-id")
        machine.poweroff()

        machine = start(tree)
        assert machine.read("/etc/machine-id") == identity
        # It was drained, and nobody took that back.
        machine.wait_for(lambda: healthz(machine) == "503 fail draining", what="the drain")
        machine.run(["caretaker", "health", "--level", "live", "--wait", "20s"])
        machine.run(["caretaker", "undrain"])
        assert healthz(machine) == "200 pass"
        assert sql(machine, f"{KEPT}; SELECT id FROM kept") == ["7"]
        assert machine.failed_units() == []
        assert "(0 changed" in set_up(machine).out
        machine.kill()

        machine = start(tree)  # after a power cut
        machine.run(["caretaker", "health", "--wait", "20s"])
        assert healthz(machine) == "200 pass"
        assert sql(machine, f"{KEPT}; SELECT id FROM kept") == ["7"]
        machine.kill()


def test_going_down_balancers_hear_of_the_drain_while_the_application_answers(
    appliance: Machine,
) -> None:
    appliance.spawn(["systemctl", "stop", AGENT, SERVICE])
    appliance.wait_for(lambda: healthz(appliance).startswith("503"), what="the drain")
    assert sql(appliance) == ["0"]
    assert appliance.is_active(SERVICE)
    appliance.wait_for(lambda: not appliance.is_active(SERVICE), what="the end")


# What shows that setup has come so far; the power goes a moment after it is there.
MOMENTS = (
    "opt/caretaker/environments",
    "opt/caretaker/venv",
    "etc/sochdb/secrets/sql",
    "var/lib/sochdb/active",
    "etc/systemd/system/sochdb.target",
    "var/lib/caretaker/agent/history.db",
)


def test_power_cuts_in_the_middle_of_setup(
    roots: Callable[[str], Path], start: Callable[[Path], Machine]
) -> None:
    """One disk lives through all of them, each during the run that mends the one before."""
    with disk(roots("bookworm")) as tree:
        for moment in MOMENTS:
            machine = start(tree)
            assert not (tree / moment).is_symlink()
            assert not (tree / moment).exists()
            machine.spawn([*SETUP, *OFFLINE])
            seconds = until_there(tree / moment)
            print(f"cut {seconds:.2f} s into setup: {moment}")
            machine.kill()
        machine = start(tree)
        assert "is healthy" in set_up(machine).out
        assert healthz(machine) == "200 pass"
        assert machine.failed_units() == []
        assert sql(machine) == ["0"]
        assert "(0 changed" in set_up(machine).out
        machine.kill()


def until_there(path: Path, *, timeout: float = 60) -> float:
    began = time.monotonic()
    while not (path.is_symlink() or path.exists()):
        assert time.monotonic() < began + timeout, path
        time.sleep(0.002)
    return time.monotonic() - began


@pytest.fixture
def small(appliance: Machine) -> Machine:
    """The data stands on a disk of its own, of 200 MB."""
    data = "/var/lib/sochdb/generations/1"
    appliance.sh(f"""
        systemctl stop {SERVICE}
        cp -a {data} /mnt/data
        mount -t tmpfs -o size=200m,mode=750 none {data}
        cp -a /mnt/data/. {data}/
        chown --reference=/mnt/data {data}
        systemctl start {SERVICE}
    """)
    appliance.run(["caretaker", "health", "--wait", "20s"])
    return appliance


def test_a_full_data_disk_is_said_and_survived(small: Machine) -> None:
    pids = main_pids(small)
    began = time.monotonic()
    small.sh("head -c 300m /dev/zero >/var/lib/sochdb/active/state/filler", check=False)
    small.wait_for(lambda: healthz(small).startswith("503"), what="503")
    print(f"full disk to 503: {time.monotonic() - began:.2f} s")
    said = small.run(["caretaker", "status"], check=False)
    assert said.code == 6
    assert "disk:" in said.out
    assert main_pids(small)[AGENT] == pids[AGENT]
    small.sh("rm /var/lib/sochdb/active/state/filler")
    small.wait_for(lambda: healthz(small) == "200 pass", what="200")
    assert main_pids(small) == pids
    assert sql(small) == ["0"]


@pytest.mark.parametrize(
    ("what", "options", "filled"), [("full", "size=64k", True), ("read-only", "", False)]
)
def test_the_agent_answers_without_a_disk_of_its_own(
    appliance: Machine, what: str, options: str, *, filled: bool
) -> None:
    state = "/var/lib/caretaker"
    appliance.sh(f"""
        systemctl stop {AGENT}
        cp -a {state} /mnt/state
        mount -t tmpfs {f"-o {options}" if options else ""} none {state}
        cp -a /mnt/state/. {state}/ || true
    """)
    if filled:
        appliance.sh(f"head -c 1m /dev/zero >{state}/filler || true")
    else:
        appliance.sh(f"mount -o remount,ro {state}")
    appliance.systemctl("start", AGENT)
    appliance.wait_for(lambda: healthz(appliance) == "200 pass", what=f"200 while {what}")
    appliance.systemctl("stop", SERVICE)
    appliance.wait_for(lambda: healthz(appliance).startswith("503"), what="503")
    appliance.systemctl("start", SERVICE)
    appliance.wait_for(lambda: healthz(appliance) == "200 pass", what="200 again")
    # A drain holds all the same, and whoever looks reads that it can't be kept.
    appliance.run(["caretaker", "drain"])
    assert healthz(appliance) == "503 fail draining"
    if not filled:
        shown = appliance.run(["caretaker", "status"], check=False).out
        assert "would not outlive a restart" in shown
    assert appliance.is_active(AGENT)
