"""Remedies on real systemd: the agent asks, a sandboxed one-shot acts as the right user, the check
passes again; safe mode and its end; kills in the middle; boot."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest

from tests.machine import by_hand
from tests.machine.by_hand import LAYOUT, install
from tests.machine.conftest import Boot
from tests.machine.machine import Machine

MARK = f"{LAYOUT.data}/mark"
MANIFEST = (
    by_hand.MANIFEST
    + """
[checks.mark]
type = "file"
path = "{data}/mark"
every = "500ms"
timeout = "400ms"
fall = 1
rise = 1
[remedies.touch]
checks = ["mark"]
command = ["/bin/sh", "-c", "%s"]
attempts = 2
"""
)
GOOD = "id -un > {data}/mark; id -Gn >> {data}/mark"
VAIN = "id -un >> {run}/tries"


@pytest.fixture
def machine(machines: Boot, tool: Path) -> Machine:
    return machines(binds_ro=by_hand.binds(tool))


def begin(machine: Machine, command: str) -> None:
    """The appliance runs and is healthy."""
    install(machine, MANIFEST % command)
    machine.run(["install", "-o", "shop", "-g", "shop", "/dev/null", MARK])
    machine.systemctl("start", "caretaker.target", "shop.target")
    machine.wait_for(lambda: answer(machine) == "200 pass", what="healthy", timeout=30)


def answer(machine: Machine) -> str:
    done = machine.run(
        ["curl", "-s", "-m2", "-w", " %{http_code}", "http://127.0.0.1:8086/healthz"], check=False
    )
    body, _, code = done.out.strip().rpartition(" ")
    return f"{code} {body.strip()}"


def entries(machine: Machine) -> list[dict[str, Any]]:
    said = machine.caretaker("remedies", "history", "--json").out
    return [json.loads(line) for line in said.splitlines()]


def status(machine: Machine) -> dict[str, Any]:
    said = machine.caretaker("status", "--json", check=False).out
    report: dict[str, Any] = json.loads(said)["report"]
    return report


def test_a_fault_is_mended_as_the_right_user_within_seconds(machine: Machine) -> None:
    begin(machine, GOOD)
    begun = time.monotonic()
    machine.run(["rm", MARK])
    machine.wait_for(lambda: machine.exists(MARK), what="the remedy", timeout=15)
    machine.wait_for(lambda: answer(machine) == "200 pass", what="healthy again", timeout=15)
    print(f"from the fault to 200: {time.monotonic() - begun:.1f} s")
    assert machine.read(MARK).split() == ["shop", "shop"]
    [entry] = [each for each in entries(machine) if each["target"] == "touch"]
    assert (entry["outcome"], entry["actor"]) == ("done", "agent")
    assert entry["detail"]["after"] == "gone"
    assert machine.failed_units() == []
    machine.wait_for(
        lambda: status(machine)["remedies"].get("touch") == {"done": 1}, what="the report"
    )


def test_safe_mode_stops_it_names_the_way_out_and_a_person_ends_it(machine: Machine) -> None:
    begin(machine, VAIN)
    machine.run(["rm", MARK])
    machine.wait_for(lambda: status(machine)["safe_mode"], what="safe mode", timeout=60)
    tries = f"{LAYOUT.app_run}/tries"
    assert machine.read(tries).split() == ["shop", "shop"]
    [safe] = status(machine)["safe_mode"]
    assert (safe["remedy"], safe["target"]) == ("touch", "touch")
    assert answer(machine) == "503 fail"
    machine.run(["install", "-o", "shop", "-g", "shop", "/dev/null", MARK])
    machine.wait_for(lambda: answer(machine) == "200 warn", what="a warning", timeout=15)
    assert status(machine)["reason"] == "safe-mode"
    assert "caretaker remedies reset touch touch" in machine.caretaker("status").out
    assert machine.failed_units() == []
    machine.caretaker("remedies", "reset", "touch")
    machine.wait_for(lambda: answer(machine) == "200 pass", what="all well", timeout=20)
    assert len(machine.read(tries).split()) == 2


def test_in_maintenance_nothing_runs_by_itself(machine: Machine) -> None:
    begin(machine, GOOD)
    machine.caretaker("maintenance", "on", "--for", "1h", "--reason", "disk")
    machine.run(["rm", MARK])
    machine.wait_for(lambda: "mark" in str(status(machine)["causes"]), what="seen", timeout=15)
    machine.run(["sleep", "3"])
    assert not machine.exists(MARK)
    machine.caretaker("maintenance", "off")
    machine.wait_for(lambda: machine.exists(MARK), what="the remedy", timeout=15)


def test_a_killed_one_shot_has_counted_and_the_next_one_converges(machine: Machine) -> None:
    begin(machine, "test -e {run}/second || { touch {run}/second; sleep 60; }; touch {data}/mark")
    machine.run(["rm", MARK])
    machine.wait_for(lambda: machine.exists(f"{LAYOUT.app_run}/second"), what="the act")
    machine.systemctl("kill", "--signal=KILL", "caretaker-remedy@touch.service")
    record = json.loads(machine.read("/var/lib/caretaker/remedies.json"))
    assert record["targets"]["touch"]["touch"]["streak"] == 1
    assert record["targets"]["touch"]["touch"]["acting"]
    machine.wait_for(lambda: machine.exists(MARK), what="the second act", timeout=40)
    told = [(each["outcome"], each["target"]) for each in entries(machine)]
    assert ("failed", "touch") in told
    machine.wait_for(lambda: answer(machine) == "200 pass", what="healthy again", timeout=15)


def test_the_sandbox_keeps_a_vendors_program_in_its_place(machine: Machine) -> None:
    out = "{run}/seen"
    begin(
        machine,
        f"grep CapEff /proc/self/status > {out}; touch /etc/x 2>> {out};"
        f" ls /proc | grep -c -x 1 >> {out}; touch {{data}}/mark",
    )
    machine.run(["rm", MARK])
    machine.wait_for(lambda: machine.exists(MARK), what="the remedy", timeout=15)
    seen = machine.read(f"{LAYOUT.app_run}/seen")
    assert "CapEff:\t0000000000000000" in seen
    assert "/etc/x" in seen
    assert seen.split()[-1] == "0", "other users' processes are none of its business"


def test_at_boot_the_application_waits_for_it_and_it_never_fails(machine: Machine) -> None:
    install(machine, MANIFEST % GOOD)
    machine.systemctl("start", "caretaker-boot.service", "shop.target")
    shown = machine.show("caretaker-boot.service", "ActiveState", "Result")
    assert (shown["ActiveState"], shown["Result"]) == ("active", "success")
    before = machine.show("caretaker-boot.service", "Before")["Before"].split()
    assert {"shop-web.service", "shop.target"} <= set(before)
    machine.put("/etc/caretaker/appliance.toml", "[")
    machine.systemctl("restart", "caretaker-boot.service")
    assert machine.failed_units() == []


def test_the_agent_can_only_name_remedies_there_are(machine: Machine) -> None:
    begin(machine, GOOD)
    send = ["socat", "-t10", "-", "UNIX-CONNECT:/run/caretaker-act.sock"]
    for line in ("run-remedy nothing\n", "run-remedy touch mark\n", "run-remedy ../touch\n"):
        said = machine.run(send, stdin=line, user="caretaker", check=False).out
        assert json.loads(said)["status"] == 2, said
    said = machine.run(send, stdin="run-remedy touch\n", user="caretaker").out
    assert json.loads(said) == {
        "status": 0, "message": "touch was run", "code": "", "hint": "",
    }  # fmt: skip
