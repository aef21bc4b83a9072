"""The admin's commands on a machine, as root and as anybody."""

import json

import pytest

from tests.machine.appliance import AGENT, SERVICE, healthz, main_pids
from tests.machine.machine import Machine, Ran

MOVING = ("--for", "1h", "--reason", "moving")


def as_root(machine: Machine, *words: str) -> Ran:
    return machine.run(["caretaker", *words], check=False)


def as_anybody(machine: Machine, *words: str) -> Ran:
    return machine.run(["caretaker", *words], user="nobody", check=False)


def test_status_is_for_everybody_and_says_the_same(appliance: Machine) -> None:
    for ask in (as_root, as_anybody):
        shown = ask(appliance, "status")
        assert shown.code == 0
        for words in ("SochDB 0.8.3", "ready: pass", "● sql", "● sochdb", "valid", "Balancers"):
            assert words in shown.out
        told = json.loads(ask(appliance, "status", "--json").out)
        assert (told["report"]["ready"], told["report"]["live"]) == ("pass", "pass")


def test_health_has_an_exit_status_for_scripts(appliance: Machine) -> None:
    for ask in (as_root, as_anybody):
        assert ask(appliance, "health").out.startswith("ready: pass")
        assert json.loads(ask(appliance, "health", "--json").out)["status"] == "pass"
    as_root(appliance, "drain", "--reason", "new disk")
    for ask in (as_root, as_anybody):
        drained = ask(appliance, "health")
        assert drained.code == 6
        assert "new disk" in drained.out
        assert ask(appliance, "health", "--level", "live").code == 0
    as_root(appliance, "undrain")
    assert as_anybody(appliance, "health", "--wait", "5s").code == 0
    # When nobody watches, nobody knows: not "pass", and not "fail" either.
    appliance.sh(f"systemctl mask --runtime {AGENT}; systemctl kill --signal=KILL {AGENT}")
    appliance.wait_for(lambda: not appliance.is_active(AGENT), what="the agent's end")
    dead = as_root(appliance, "health")
    assert dead.code == 4
    assert "does not report" in dead.out
    assert as_root(appliance, "status").code == 4


def test_only_root_acts(appliance: Machine) -> None:
    pids = main_pids(appliance)
    for words in (("drain",), ("restart", "sochdb"), ("maintenance", "on", *MOVING)):
        refused = as_anybody(appliance, *words)
        assert refused.code != 0, words
        assert "Traceback" not in refused.err
        assert "sudo" in refused.err, refused
    assert healthz(appliance) == "200 pass"
    assert main_pids(appliance) == pids

    restarted = as_root(appliance, "restart", "sochdb")
    assert restarted.code == 0
    assert main_pids(appliance)[SERVICE] != pids[SERVICE]
    assert main_pids(appliance)[AGENT] == pids[AGENT]
    wrong = as_root(appliance, "restart", "sochbd")
    assert wrong.code == 2
    assert "sochdb" in wrong.err


def test_ledger_tells_what_was_done_and_by_whom(appliance: Machine) -> None:
    appliance.sh("caretaker drain --reason 'new disk'; caretaker undrain; caretaker restart sochdb")
    appliance.wait_for(lambda: "drain-off" in as_root(appliance, "ledger").out, what="the ledger")
    told = as_root(appliance, "ledger").out
    for words in ("setup", "drain-on", "new disk", "restart", "sochdb"):
        assert words in told
    rows = [json.loads(line) for line in as_root(appliance, "ledger", "--json").out.splitlines()]
    assert {"setup", "drain-on", "drain-off", "restart"} <= {row["act"] for row in rows}
    # Who may not read it is told so, and how to.
    anybody = as_anybody(appliance, "ledger")
    assert "Traceback" not in anybody.err
    assert "new disk" not in anybody.out


@pytest.mark.parametrize("name", ["agent", "sochdb"])
def test_logs(appliance: Machine, name: str) -> None:
    wanted = {"agent": "ready: 6 checks pass", "sochdb": "Starting SochDB gRPC server"}[name]
    assert wanted in as_root(appliance, "logs", name, "-n", "200").out
    anybody = as_anybody(appliance, "logs", name)
    assert "Traceback" not in anybody.err
    assert wanted not in anybody.out


def test_certificates_and_help_need_nobody(appliance: Machine) -> None:
    assert "Usage" in as_anybody(appliance, "--help").out
    assert as_anybody(appliance, "manifest", "check").code == 0
    assert as_anybody(appliance, "nonsense").code == 2
