"""The daemon's own unit on real systemd: its rights, its credentials, its deaths."""

import json
from pathlib import Path

import pytest

from tests.machine import by_hand
from tests.machine.by_hand import LAYOUT, SECRETS, install
from tests.machine.conftest import Boot
from tests.machine.machine import Machine

MANIFEST = f"""{by_hand.MANIFEST}
[checks.web]
type = "http"
url = "http://127.0.0.1:8443/"
every = "200ms"
timeout = "150ms"
[checks.unit]
type = "unit"
service = "web"
every = "500ms"
timeout = "450ms"
[checks.process]
type = "process"
service = "web"
every = "500ms"
timeout = "450ms"
[checks.disk]
type = "disk"
path = "{{data}}"
every = "500ms"
timeout = "450ms"
[checks.told]
type = "command"
command = ["/bin/sh", "-c", "test \\"$KEY\\" = '{SECRETS["key"]}'"]
environment = {{ KEY = "{{secret:key}}" }}
every = "500ms"
timeout = "450ms"
"""


@pytest.fixture
def machine(machines: Boot, tool: Path) -> Machine:
    """The appliance and the daemon run, and all checks pass."""
    machine = machines(binds_ro=by_hand.binds(tool))
    install(machine, MANIFEST)
    machine.systemctl("start", "shop.target", "caretaker.target")
    machine.wait_for(lambda: healthz(machine) == 200, what="200 of /healthz")
    return machine


def healthz(machine: Machine) -> int:
    argv = ["curl", "--silent", "--max-time", "2", "--output", "/dev/null"]
    asked = machine.run(
        [*argv, "--write-out", "%{http_code}", "http://127.0.0.1:8086/healthz"], check=False
    )
    return int(asked.out or 0)


def main_pid(machine: Machine) -> int:
    return int(machine.show("caretaker", "MainPID")["MainPID"])


def members(machine: Machine) -> list[int]:
    text = machine.sh("find /sys/fs/cgroup -path '*caretaker.service/cgroup.procs' -exec cat {} +")
    return sorted({int(word) for word in text.out.split()})


def test_systemd_waits_for_the_first_verdict_and_shows_it(machine: Machine) -> None:
    shown = machine.show("caretaker", "ActiveState", "StatusText", "User", "WatchdogUSec")
    assert shown["ActiveState"] == "active"
    assert shown["User"] == "caretaker"
    assert shown["StatusText"]
    assert shown["WatchdogUSec"] == "20s"
    assert "5 checks pass" in machine.journal("-t", "caretaker")


def test_no_process_of_it_has_a_right_or_a_way_to_one(machine: Machine) -> None:
    uid = machine.run(["id", "-u", "caretaker"]).out.strip()
    pids = members(machine)
    assert len(pids) >= 2, "the daemon and the probe child"
    for pid in pids:
        status = machine.read(f"/proc/{pid}/status")
        facts = dict(line.split(":\t") for line in status.splitlines() if ":\t" in line)
        assert facts["Uid"].split() == [uid] * 4
        for kind in ("CapEff", "CapPrm", "CapBnd", "CapAmb", "CapInh"):
            assert int(facts[kind], 16) == 0, kind
        assert (facts["NoNewPrivs"], facts["Seccomp"]) == ("1", "2")


@pytest.mark.parametrize(
    "folder", ["/etc", "/usr", "/opt/shop", "/var/lib", "/var/lib/caretaker", "/srv", "/run"]
)
def test_even_root_could_not_write_where_it_lives(machine: Machine, folder: str) -> None:
    inside = ["nsenter", f"--target={main_pid(machine)}", "--mount", "touch", f"{folder}/x"]
    assert "Read-only file system" in machine.run(inside, check=False).err


def test_it_writes_its_own_folders_only(machine: Machine) -> None:
    owned = machine.sh("stat --format='%n %U %a' /var/lib/caretaker* /var/lib/caretaker/agent").out
    assert owned.splitlines() == [
        "/var/lib/caretaker root 755",
        "/var/lib/caretaker/agent caretaker 700",
    ]
    foreign = (
        "find / -xdev -user caretaker -not -path '/proc/*' -not -path '/var/lib/caretaker/agent*'"
    )
    found = machine.sh(f"{foreign} -not -path '/run/c*'").out.split()
    assert found == []


def test_a_secret_reaches_the_check_that_uses_it_and_nobody_else(machine: Machine) -> None:
    path = f"{LAYOUT.secrets}/key"
    assert not machine.run(["cat", path], user="caretaker", check=False).ok
    said = machine.caretaker("health", "--json").out
    assert json.loads(said)["summary"] == "5 checks pass", "the check that needs it among them"
    for pid in members(machine):
        for file in ("cmdline", "environ"):
            # One that ended meanwhile (a check's program) shows nothing any more.
            shown = machine.run(["cat", f"/proc/{pid}/{file}"], check=False).out
            assert SECRETS["key"] not in shown
    assert SECRETS["key"] not in machine.journal(lines=2000)


def test_a_lost_secret_costs_its_check_and_not_the_daemon(machine: Machine) -> None:
    machine.run(["rm", f"{LAYOUT.secrets}/key"])
    machine.systemctl("restart", "caretaker")
    machine.wait_for(lambda: healthz(machine) == 503)
    assert machine.is_active("caretaker")
    machine.wait_for(lambda: "told" in machine.caretaker("status", check=False).out)


def test_a_killed_daemon_comes_back(machine: Machine) -> None:
    before = members(machine)
    machine.run(["kill", "-KILL", str(main_pid(machine))])
    machine.wait_for(lambda: healthz(machine) == 200 and main_pid(machine) not in before)
    assert not set(before) & set(members(machine)), "the old probe child is gone too"


def test_a_daemon_that_hangs_is_restarted_by_the_watchdog(machine: Machine) -> None:
    machine.put("/etc/systemd/system/caretaker.service.d/soon.conf", "[Service]\nWatchdogSec=3\n")
    machine.systemctl("daemon-reload")
    machine.systemctl("restart", "caretaker")
    machine.wait_for(lambda: healthz(machine) == 200)
    before = main_pid(machine)
    machine.run(["kill", "-STOP", str(before)])
    machine.wait_for(lambda: healthz(machine) == 503, what="red while it hangs")
    machine.wait_for(lambda: main_pid(machine) not in (0, before), timeout=20, what="a new one")
    machine.wait_for(lambda: healthz(machine) == 200)
    assert "watchdog" in machine.journal("-u", "caretaker").lower()


def test_a_stop_leaves_nothing(machine: Machine) -> None:
    pids = members(machine)
    machine.systemctl("stop", "caretaker", timeout=60)
    assert machine.show("caretaker", "Result")["Result"] == "success"
    for pid in pids:
        assert not machine.exists(f"/proc/{pid}")
    assert machine.exists("/run/caretaker/status.json"), "the last word stays readable"
    assert machine.is_active("shop-web"), "the application does not go with its watcher"


def test_a_restart_over_the_local_api_goes_by_the_named_act(machine: Machine) -> None:
    before = machine.show("shop-web", "MainPID")
    asked = machine.run([
        "curl", "--silent", "--show-error", "--unix-socket", "/run/caretaker/api.sock",
        "--request", "POST", "http://localhost/services/web/restart",
    ])  # fmt: skip
    assert machine.show("shop-web", "MainPID") != before, asked
    assert "web was restarted" in machine.journal("-t", "caretaker-act")


def test_the_running_sandbox_is_as_tight_as_the_file_says(machine: Machine) -> None:
    for unit in ("caretaker.service", "shop-web.service"):
        said = machine.run(["systemd-analyze", "security", "--no-pager", unit]).out
        exposure = float(said.rpartition("Overall exposure level for ")[2].split()[1])
        assert exposure <= 1.5, said
