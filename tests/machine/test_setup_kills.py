"""setup.sh killed with -9 on a machine with systemd, all its helpers too; then run again."""

import json
import subprocess
from pathlib import Path

import pytest

from bench.setup import appliance
from bench.setup.arena import copy_tool
from bench.setup.state import differences
from bench.setup.trace import MOMENTS, Point, points_of, spread
from tests.machine import wheelhouse as wheels
from tests.machine.checkout import SOURCE
from tests.machine.conftest import Boot
from tests.machine.machine import Machine

SETUP = ["/checkout/setup/setup.sh", "/tiny", "--offline", "--wheelhouse", "/wheels"]
POINTS = 6
TOPS = ("/etc/tiny", "/etc/caretaker", "/etc/systemd/system", "/etc/sysusers.d",
        "/etc/tmpfiles.d", "/var/lib/tiny", "/opt/tiny", "/usr/local/bin")  # fmt: skip
SNAPSHOT = f"""
import json, sys
from pathlib import Path
sys.path.insert(0, {SOURCE!r})
from bench.setup.state import snapshot
print(json.dumps({{top + "/" + path: what for top in {TOPS!r}
                  for path, what in snapshot(Path(top)).items()}}))
"""

Folders = dict[str, Path]


@pytest.fixture
def folders(machines: Boot, tmp_path: Path) -> Folders:
    """What every machine here is given; the private environment was made on another one."""
    tiny = appliance.write(tmp_path / "tiny", probe=8086, port=8080)
    checkout, opt = copy_tool(tmp_path / "checkout"), tmp_path / "opt"
    opt.mkdir()
    shared = {"/tiny": tiny, "/wheels": wheels.locked_wheels(), "/checkout": checkout}
    builder = machines(binds={"/opt": opt}, binds_ro=shared)
    builder.run(SETUP, timeout=120)
    builder.run(["rm", "-r", "/opt/tiny"])
    builder.poweroff()
    return shared | {"opt": opt}


def fresh(machines: Boot, folders: Folders, copy: Path) -> Machine:
    subprocess.run(["cp", "-a", str(folders["opt"]), str(copy)], check=True)
    shared = {inside: path for inside, path in folders.items() if inside != "opt"}
    return machines(binds={"/opt": copy}, binds_ro=shared)


def in_a_unit(machine: Machine, *argv: str) -> int:
    """Run in a unit of its own: when its first process dies, systemd kills all the others."""
    unit = ["systemd-run", "--quiet", "--wait", "--collect", "--unit=the-setup",
            "--property=KillSignal=SIGKILL"]  # fmt: skip
    return machine.run([*unit, *argv], timeout=120, check=False).code


def snapshot(machine: Machine) -> dict[str, str]:
    found: dict[str, str] = json.loads(machine.run(["python3", "-Bc", SNAPSHOT]).out)
    return found


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_killed_anywhere_the_next_run_converges(
    machines: Boot, folders: Folders, tmp_path: Path
) -> None:
    calm = fresh(machines, folders, tmp_path / "calm")
    strace = ["strace", "-qq", "-e", "signal=none", "-o", "/run/trace", "-e"]
    assert in_a_unit(calm, *strace, f"trace={','.join(MOMENTS)}", *SETUP) == 0
    wanted = snapshot(calm)
    points = points_of(calm.read("/run/trace").splitlines())
    calm.poweroff()
    for number, point in enumerate(spread(points, POINTS)):
        machine = fresh(machines, folders, tmp_path / f"opt-{number}")
        check_point(machine, point, wanted)
        machine.poweroff()


def check_point(machine: Machine, point: Point, wanted: dict[str, str]) -> None:
    where = f"killed at {point.call} #{point.nth}"
    assert in_a_unit(machine, *point.under(), *SETUP) != 0, where
    again = machine.run(SETUP, timeout=120, check=False)
    assert again.ok, f"{where}: {again}"
    second = machine.run(SETUP, timeout=60)
    assert "healthy (0 changed" in second.out, f"{where}: {second}"
    assert differences(wanted, snapshot(machine)) == [], where
    assert machine.failed_units() == [], where
