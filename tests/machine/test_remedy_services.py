"""Services in trouble on real systemd: killed, stopped in their tracks, failing over and over.

Each scenario prints how long it took from the fault to 200 of /healthz.
"""

import json
import time
from pathlib import Path

import pytest

from tests.machine import by_hand
from tests.machine.by_hand import LAYOUT, install
from tests.machine.conftest import Boot
from tests.machine.machine import Machine

UNIT = "shop-web.service"
REMEDY = "caretaker-remedy@services.service"
QUICK = 'every = "1s"\ntimeout = "900ms"\n'
MANIFEST = f"""
[appliance]
name = "shop"
title = "Shop"
version = "1.0"
[services.web]
command = ["/usr/bin/python3", "-I", "{{release}}/flaky.py", "{{data}}/broken"]
ports = [8443]
stop_timeout = "2s"
[services.front]
command = ["/usr/bin/python3", "-I", "{{release}}/web.py", "8444"]
ports = [8444]
requires = ["web"]
[checks.answers]
type = "http"
url = "http://127.0.0.1:8443/"
restart = "web"
{QUICK}[checks.front]
type = "http"
url = "http://127.0.0.1:8444/"
restart = "front"
{QUICK}[checks.unit]
type = "unit"
service = "web"
{QUICK}[remediation]
restarts = 5
"""
# Ends at once where it finds that file, with a reason in its log.
FLAKY = f"""
import os, sys
if os.path.exists(sys.argv[1]):
    sys.exit("cannot open the database")
sys.argv[1:] = ["8443"]
{by_hand.WEB}
"""
BROKEN = f"{LAYOUT.data}/broken"


@pytest.fixture
def machine(machines: Boot, tool: Path) -> Machine:
    """Both services and the daemon run, and all checks pass."""
    machine = machines(binds_ro=by_hand.binds(tool))
    install(machine, MANIFEST)
    machine.put(f"{LAYOUT.releases}/1.0/flaky.py", FLAKY)
    machine.systemctl("start", "shop.target", "caretaker.target")
    machine.wait_for(lambda: healthz(machine) == 200, what="200 of /healthz")
    return machine


def healthz(machine: Machine) -> int:
    argv = ["curl", "--silent", "--max-time", "2", "--output", "/dev/null"]
    asked = machine.run(
        [*argv, "--write-out", "%{http_code}", "http://127.0.0.1:8086/healthz"], check=False
    )
    return int(asked.out or 0)


def answers(machine: Machine, port: int = 8443) -> bool:
    return machine.run(
        ["curl", "-sf", "--max-time", "1", f"http://127.0.0.1:{port}/"], check=False
    ).ok


def pid(machine: Machine, unit: str = UNIT) -> int:
    return int(machine.show(unit, "MainPID")["MainPID"])


def starts(machine: Machine) -> int:
    """How often the program was started in this boot, by its own failures."""
    return machine.journal("-u", UNIT, lines=1000).count("cannot open the database")


def ledger(machine: Machine, act: str = "remedy services") -> list[dict[str, object]]:
    lines = machine.caretaker("ledger", "--json", "--limit", "100").out.splitlines()
    return [row for line in lines if (row := json.loads(line))["act"] == act]


def well_after(machine: Machine, begun: float, what: str) -> float:
    """Seconds from the fault to 200 of /healthz with both services answering."""
    machine.wait_for(
        lambda: answers(machine) and answers(machine, 8444) and healthz(machine) == 200,
        timeout=30,
        what=f"200 after {what}",
    )
    took = time.monotonic() - begun
    print(f"{what}: mended after {took:.1f} s")
    return took


def test_a_killed_service_is_back_before_anybody_must_act(machine: Machine) -> None:
    before, front = pid(machine), pid(machine, "shop-front.service")
    begun = time.monotonic()
    machine.systemctl("kill", "--signal=KILL", UNIT)
    assert well_after(machine, begun, "kill -9") < 5.0
    assert pid(machine) != before
    assert pid(machine, "shop-front.service") == front, "a user that is well is not touched"
    assert ledger(machine) == []


def test_a_service_that_hangs_is_restarted(machine: Machine) -> None:
    before = pid(machine)
    begun = time.monotonic()
    machine.run(["kill", "-STOP", str(before)])
    well_after(machine, begun, "SIGSTOP")
    assert pid(machine) != before
    (entry,) = machine.wait_for(lambda: ledger(machine))
    assert (entry["target"], entry["outcome"], entry["why"]) == ("web", "done", "web was restarted")
    assert machine.show("shop-front.service", "NRestarts")["NRestarts"] == "0"


def test_a_crash_loop_is_left_stopped_with_evidence_until_a_person_runs_the_remedy(
    machine: Machine,
) -> None:
    machine.run(["touch", BROKEN])
    machine.systemctl("kill", "--signal=KILL", UNIT)
    machine.wait_for(lambda: left(machine), timeout=60)
    assert healthz(machine) == 503
    machine.wait_for(lambda: service(machine)["state"] == "failed", timeout=15)
    said = str(service(machine)["summary"])
    assert said.startswith("left stopped after more than 5 restarts within 30 min"), said
    first, *_ = ledger(machine)
    assert (first["target"], first["outcome"]) == ("web:loop", "done")
    assert "cannot open the database" in first["detail"]["lines"]  # type: ignore[index]
    # Below /run, so a reboot tries again.
    facts = machine.run(["stat", "-c", "%a %U", "/run/caretaker-remedies/left-stopped.json"]).out
    assert facts.strip() == "644 root"
    count = starts(machine)
    print(f"crash loop: {count} starts until it was left stopped")
    assert count < 25, "no storm of restarts"
    time.sleep(5)
    assert starts(machine) <= count + 1, "at most one try more"

    machine.run(["rm", BROKEN])
    begun = time.monotonic()
    machine.caretaker("remedies", "run", "services", "web")
    well_after(machine, begun, "cause gone, remedy run by hand")
    assert not left(machine)


def test_a_stop_by_a_person_is_respected_whatever_the_checks_say(machine: Machine) -> None:
    machine.systemctl("stop", UNIT)
    machine.wait_for(lambda: healthz(machine) == 503)
    machine.systemctl("start", REMEDY)
    time.sleep(5)
    assert not machine.is_active(UNIT)
    assert ledger(machine) == []
    machine.systemctl("start", UNIT)
    machine.wait_for(lambda: healthz(machine) == 200)


OWN = """
[Unit]
Description=A unit of the machine, without Restart=; it ends with 143 when told to, as a JVM does
[Service]
ExecStart=/bin/sh -c 'trap "exit 143" TERM; while :; do sleep 0.1; done'
"""


def test_a_unit_of_the_machine_is_started_again_unless_somebody_stopped_it(
    machines: Boot, tool: Path
) -> None:
    machine = machines(binds_ro=by_hand.binds(tool), degraded=True)
    machine.put("/etc/systemd/system/engine.service", OWN)
    own = '[services.engine]\nunit = "engine.service"\n'
    check = f'[checks.engine]\ntype = "unit"\nservice = "engine"\n{QUICK}'
    install(machine, f"{by_hand.MANIFEST}{own}{check}")
    machine.systemctl("start", "shop.target", "caretaker.target")
    machine.wait_for(lambda: healthz(machine) == 200, what="200 of /healthz")
    begun = time.monotonic()
    machine.systemctl("kill", "--signal=KILL", "engine")
    machine.wait_for(lambda: healthz(machine) == 503)
    machine.wait_for(lambda: healthz(machine) == 200, timeout=20)
    print(f"kill -9 without Restart=: mended after {time.monotonic() - begun:.1f} s")
    (entry,) = machine.wait_for(lambda: ledger(machine))
    assert (entry["target"], entry["outcome"]) == ("engine", "done")

    machine.systemctl("stop", "engine")
    assert machine.show("engine", "ActiveState")["ActiveState"] == "failed", "by its status 143"
    machine.wait_for(lambda: healthz(machine) == 503)
    time.sleep(4)
    assert not machine.is_active("engine")
    assert len(ledger(machine)) == 1


def service(machine: Machine, name: str = "web") -> dict[str, object]:
    """As `caretaker status` shows it."""
    report = json.loads(machine.read("/run/caretaker/status.json"))
    (found,) = [each for each in report["services"] if each["name"] == name]
    return dict(found)


def left(machine: Machine) -> bool:
    path = "/run/caretaker-remedies/left-stopped.json"
    return machine.exists(path) and "web" in json.loads(machine.read(path))["services"]
