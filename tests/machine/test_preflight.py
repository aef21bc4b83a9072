"""Preflight on a machine with real systemd: broken for real, seen, and mended by the very cure."""

import json
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.machine.checkout import SOURCE
from tests.machine.conftest import Boot
from tests.machine.counterparts import start_nginx
from tests.machine.machine import TOOL, Machine

# What this machine's being a container, without network, is bound to warn about.
HARMLESS = {"clock-sync", "cgroup", "names", "run-folder"}

LOOK = """
import json, sys, time
sys.path.insert(0, "{source}")
from pathlib import Path
from agent.host.machine import Host
from agent.layout import Layout
from agent.manifest.reader import parse
from agent.preflight.run import run_preflight
from setup.preflight import PREFLIGHT
from setup.preflight.subject import SetupSubject
source = Path("/shop")
manifest = parse((source / "appliance.toml").read_text())
for _ in range(3):
    began = time.perf_counter()
    found = run_preflight(
        SetupSubject(Host(), Layout(Path("/"), "shop"), manifest, source=source), PREFLIGHT
    )
    seconds = min(time.perf_counter() - began, locals().get("seconds", 9.0))
print(json.dumps({{"seconds": seconds, "checks": {{check.code: [finding.status, finding.code,
      finding.summary, check.cure(finding)] for check, finding in found}}}}))
"""

MANIFEST = """
[appliance]
name = "shop"
version = "1.0"
[services.web]
command = ["{release}/web"]
ports = [8443]
"""


@dataclass(frozen=True)
class Seen:
    """One check's finding."""

    status: str
    code: str
    summary: str
    cure: str


def look(machine: Machine) -> dict[str, Seen]:
    script = LOOK.format(source=SOURCE)
    answer = json.loads(machine.run([f"{TOOL}/bin/python", "-I", "-c", script]).out)
    return {code: Seen(*words) for code, words in answer["checks"].items()}


@pytest.fixture
def machine(machines: Boot, tool: Path) -> Machine:
    made = machines(binds_ro={TOOL: tool})
    made.put("/shop/appliance.toml", MANIFEST)
    made.put("/shop/payload/web", "#!/bin/sh\n", mode=0o755)
    return made


def test_a_fresh_machine_passes_quickly(machine: Machine) -> None:
    script = LOOK.format(source=SOURCE)
    answer = json.loads(machine.run([f"{TOOL}/bin/python", "-I", "-c", script]).out)
    bad = {code for code, words in answer["checks"].items() if words[0] != "pass"}
    assert bad <= HARMLESS
    assert len(answer["checks"]) >= 50
    assert answer["seconds"] < 0.2


def cured(machine: Machine, code: str, cure: str) -> None:
    """Carry the cure out as it stands, and look again."""
    machine.sh(cure.replace("sudo ", ""))
    assert look(machine)[code].status == "pass"


def test_a_port_somebody_holds(machine: Machine) -> None:
    start_nginx(machine, "http { server { listen 8443; } }")
    seen = look(machine)["port-services"]
    assert (seen.status, seen.code) == ("fail", "port-taken")
    assert "nginx" in seen.summary
    stop = seen.cure.partition("(")[2].partition(")")[0]
    cured(machine, "port-services", stop)


def test_a_package_manager_at_work(machine: Machine) -> None:
    lock = "import fcntl, time; f = open('/var/lib/dpkg/lock-frontend', 'w')"
    machine.spawn(["python3", "-c", f"{lock}; fcntl.lockf(f, fcntl.LOCK_EX); time.sleep(60)"])
    machine.wait_for(lambda: look(machine)["packages-busy"].status == "warn", what="the lock")
    assert "python3" in look(machine)["packages-busy"].summary


def test_an_interrupted_installation(machine: Machine) -> None:
    machine.sh("mkdir -p /var/lib/dpkg/updates; touch /var/lib/dpkg/updates/0000")
    seen = look(machine)["packages-interrupted"]
    assert seen.status == "fail"
    cured(machine, "packages-interrupted", seen.cure)


def test_a_person_with_the_appliances_name(machine: Machine) -> None:
    machine.sh("useradd --create-home --shell /bin/bash shop")
    seen = look(machine)["users"]
    assert (seen.status, seen.code) == ("fail", "user-taken")
    cured(machine, "users", seen.cure.partition("if nobody uses it: ")[2].partition(";")[0])


def test_somebody_elses_unit(machine: Machine) -> None:
    unit = "[Service]\nExecStart=/bin/sleep 60\n[Install]\nWantedBy=multi-user.target\n"
    machine.put("/etc/systemd/system/shop-web.service", unit)
    seen = look(machine)["unit-names"]
    assert (seen.status, seen.code) == ("fail", "unit-taken")
    assert "/etc/systemd/system/shop-web.service" in seen.cure


def test_a_place_mounted_noexec(machine: Machine) -> None:
    machine.sh("mkdir -p /opt/caretaker; mount -t tmpfs -o noexec none /opt/caretaker")
    seen = look(machine)["runnable"]
    assert (seen.status, seen.code) == ("fail", "noexec")
    cured(machine, "runnable", seen.cure.partition(", and")[0])


@pytest.mark.parametrize(
    ("options", "check", "code"),
    [
        ("ro", "writable", "read-only"),
        ("size=1M", "disk-data", "disk-short"),
        ("nr_inodes=10", "inodes", "inodes-short"),
        ("size=10G", "data-disk", "data-volatile"),
    ],
)
def test_a_data_disk_unfit_for_data(machine: Machine, options: str, check: str, code: str) -> None:
    machine.sh(f"mkdir -p /var/lib/shop; mount -t tmpfs -o {options} none /var/lib/shop")
    seen = look(machine)[check]
    assert seen.code == code, seen
    assert seen.status == ("warn" if check == "data-disk" else "fail")


def test_no_loopback(machine: Machine) -> None:
    machine.sh("ip link set lo down")
    seen = look(machine)["loopback"]
    assert seen.status == "fail"
    cured(machine, "loopback", seen.cure)


def test_an_image_whose_id_was_left_in(machine: Machine) -> None:
    machine.sh("rm -f /var/lib/dbus/machine-id; mkdir -p /var/lib/dbus")
    machine.put("/var/lib/dbus/machine-id", "f" * 32)
    seen = look(machine)["machine-id"]
    assert (seen.status, seen.code) == ("warn", "machine-id-copied")


def test_a_machine_that_does_not_know_its_name(machine: Machine) -> None:
    machine.sh("hostname stranger; sed -i 's/ myhostname//' /etc/nsswitch.conf")
    seen = look(machine)["own-name"]
    assert (seen.status, seen.code) == ("warn", "host-name-unknown")
    cured(machine, "own-name", seen.cure)


def test_another_setup_at_work(machine: Machine) -> None:
    hold = (
        "import sys, time; sys.path.insert(0, '/src'); from pathlib import Path\n"
        "from agent.host.lock import exclusive\n"
        "with exclusive(Path('/var/lib/caretaker/setup.lock'), purpose='setup'): time.sleep(60)"
    )
    machine.sh("mkdir -p /var/lib/caretaker")
    machine.spawn([f"{TOOL}/bin/python", "-I", "-c", hold])
    machine.wait_for(lambda: look(machine)["other-setup"].status == "fail", what="the lock")
    assert "setup (pid " in look(machine)["other-setup"].summary
