"""Left-over locks on real systemd: after kill -9, after a power cut, and beside a live holder.

The remedy runs as the product runs it: in its sandboxed units, by name and at boot.
"""

import json
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.machine import by_hand
from tests.machine.appliance import KEEP, disk
from tests.machine.by_hand import LAYOUT, install
from tests.machine.conftest import Boot
from tests.machine.machine import Machine

# Makes its lock in the usual way, and never takes away what it finds.
DB = """
import os, signal, sys, time
path = sys.argv[1]
try:
    fd = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o644)
except FileExistsError:
    sys.exit(f"{path} is there: I run already")
os.write(fd, b"%d\\n" % os.getpid())
os.fsync(fd)
os.close(fd)
def end(number, frame):
    os.unlink(path)
    sys.exit(0)
signal.signal(signal.SIGTERM, end)
while True:
    time.sleep(60)
"""
MANIFEST = """
[appliance]
name = "shop"
version = "1.0"
[secrets.key]
[services.db]
command = ["/usr/bin/python3", "-I", "{release}/db.py", "PLACE/db.pid"]
[locks.db-pid]
path = "PLACE/db.pid"
kind = "pidfile"
service = "db"
"""
UNIT = "shop-db.service"
PLACES = {"data": LAYOUT.data, "run": LAYOUT.app_run}


def lay_out(machine: Machine, place: str) -> str:
    """Install, start, and the path of the lock."""
    install(machine, MANIFEST.replace("PLACE", f"{{{place}}}"))
    machine.put(f"{LAYOUT.releases}/1.0/db.py", DB)
    machine.systemctl("start", UNIT)
    path = f"{PLACES[place]}/db.pid"
    machine.wait_for(lambda: machine.read(path).strip() == main_pid(machine), what="the lock")
    return path


def main_pid(machine: Machine) -> str:
    return machine.show(UNIT, "MainPID")["MainPID"]


def kept(machine: Machine) -> list[str]:
    """Files in any quarantine."""
    found = machine.sh(
        "find / -xdev -path '*quarantine/*' -type f;find /run -xdev -path '*quarantine/*' -type f"
    ).out.split()
    return sorted(set(found))


def runs_with_its_lock(machine: Machine, path: str) -> Callable[[], bool]:
    return lambda: machine.is_active(UNIT) and machine.read(path).strip() == main_pid(machine)


@pytest.mark.parametrize("place", ["data", "run"])
def test_a_lock_left_by_kill_9_goes_and_the_service_starts(
    machines: Boot, tool: Path, place: str
) -> None:
    machine = machines(binds_ro=by_hand.binds(tool))
    path = lay_out(machine, place)
    dead = main_pid(machine)
    machine.systemctl("kill", "--signal=KILL", UNIT)
    machine.wait_for(lambda: "I run already" in machine.journal("-u", UNIT), what="the refusal")
    assert machine.read(path).strip() == dead

    began = time.monotonic()
    machine.systemctl("start", "caretaker-remedy@locks.service", timeout=60)
    machine.wait_for(runs_with_its_lock(machine, path), what="the service")
    print(f"mended in {time.monotonic() - began:.2f} s")
    [file] = kept(machine)
    assert machine.read(file).strip() == dead
    assert "-db-pid-gone-" in file
    entry = json.loads(machine.caretaker("ledger", "--json").out.splitlines()[-1])
    assert (entry["target"], entry["outcome"]) == ("db-pid", "done"), entry
    assert f"mv -n {file} {path}" in json.dumps(entry)

    # Now somebody holds it: nothing is done, asked for or not.
    alive = main_pid(machine)
    machine.systemctl("start", "caretaker-remedy@locks.service")
    assert (machine.read(path).strip(), main_pid(machine)) == (alive, alive)
    assert kept(machine) == [file]


def test_a_holder_outside_its_unit_keeps_its_lock(machines: Boot, tool: Path) -> None:
    """The unit is down, its number is gone; another unit's process has the data open."""
    machine = machines(binds_ro=by_hand.binds(tool))
    path = lay_out(machine, "data")
    dead = main_pid(machine)
    machine.run(["systemd-run", "--unit=stray", "-p", "PrivateTmp=yes", "-p",
                 f"WorkingDirectory={LAYOUT.data}", "sleep", "300"])  # fmt: skip
    machine.systemctl("kill", "--signal=KILL", UNIT)
    machine.wait_for(lambda: "I run already" in machine.journal("-u", UNIT), what="the refusal")
    machine.systemctl("start", "caretaker-remedy@locks.service", timeout=60)
    assert machine.read(path).strip() == dead
    assert kept(machine) == []
    assert "works in" in machine.journal("-u", "caretaker-remedy@locks.service")
    machine.systemctl("stop", "stray")
    machine.caretaker("remedies", "run", "locks", timeout=60)
    machine.wait_for(runs_with_its_lock(machine, path), what="the service")


def test_after_a_power_cut_the_lock_is_gone_before_the_service_starts(
    machines: Boot, tool: Path, roots: Callable[[str], Path]
) -> None:
    with disk(roots("bookworm")) as tree:
        machine = machines(tree, binds_ro=by_hand.binds(tool), options=KEEP)
        path = lay_out(machine, "data")
        machine.systemctl("enable", "shop.target", "caretaker.target", "caretaker-boot.service")
        dead = main_pid(machine)
        machine.kill()

        machine = machines(tree, binds_ro=by_hand.binds(tool), options=KEEP)
        machine.wait_for(runs_with_its_lock(machine, path), what="the service")
        assert "I run already" not in machine.journal("-u", UNIT, "-b")
        assert machine.show(UNIT, "NRestarts")["NRestarts"] == "0"
        [file] = kept(machine)
        assert machine.read(file).strip() == dead
        machine.kill()
