"""Named acts as root on real systemd: who may ask, for what, how often."""

import json
from pathlib import Path

import pytest

from agent.act import budget
from tests.machine import by_hand
from tests.machine.by_hand import install
from tests.machine.conftest import Boot
from tests.machine.machine import Machine, Ran

SOCKET = "/run/caretaker-act.sock"
CLIENT = """
import sys
from pathlib import Path
from agent.act.client import ask
from agent.errors import CaretakerError
from agent.host.machine import Host
from agent.layout import Layout
try:
    print(ask(*sys.argv[1:], host=Host(), layout=Layout(Path("/")), timeout=30))
except CaretakerError as error:
    sys.exit(f"{error.exit_status} {error.code}: {error.message}")
"""


@pytest.fixture
def machine(machines: Boot, tool: Path) -> Machine:
    """The appliance runs, and the door for acts is open."""
    machine = machines(binds_ro=by_hand.binds(tool))
    install(machine)
    machine.systemctl("start", "shop.target", "caretaker-act.socket")
    return machine


def ask(machine: Machine, *words: str, user: str = "caretaker") -> Ran:
    return machine.run(["/opt/tool/bin/python", "-I", "-c", CLIENT, *words], user=user, check=False)


def send(machine: Machine, line: str, user: str = "caretaker") -> Ran:
    return machine.run(
        ["socat", "-t10", "-", f"UNIX-CONNECT:{SOCKET}"], stdin=line, user=user, check=False
    )


def web_pid(machine: Machine) -> str:
    return machine.show("shop-web", "MainPID")["MainPID"]


def test_the_agent_has_a_service_restarted_by_name(machine: Machine) -> None:
    before = web_pid(machine)
    asked = ask(machine, "restart-service", "web")
    assert (asked.code, asked.out.strip()) == (0, "web was restarted"), asked
    assert web_pid(machine) != before
    entry = json.loads(machine.caretaker("ledger", "--json").out)
    assert (entry["act"], entry["target"], entry["outcome"], entry["actor"]) == (
        "restart-service", "web", "done", "agent",
    )  # fmt: skip
    assert "web was restarted" in machine.journal("-t", "caretaker-act")


def test_the_agent_could_not_do_it_by_itself(machine: Machine) -> None:
    before = web_pid(machine)
    done = machine.run(
        ["systemctl", "--no-ask-password", "restart", "shop-web"], user="caretaker", check=False
    )
    assert not done.ok
    assert web_pid(machine) == before


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("restart-service sshd\n", "service-unknown"),
        ("restart-service shop-web.service\n", "usage"),
        ("restart-service ../../etc/passwd\n", "usage"),
        ("restart-service web --now\n", "usage"),
        ("start-unit web\n", "usage"),
        ("restart-service web", "usage"),
        ("restart-service web\nrestart-service web\n", "usage"),
        ("x" * 5000 + "\n", "usage"),
        ("\0\0\0\n", "usage"),
        ("", "usage"),
    ],
)
def test_everything_else_is_refused(machine: Machine, line: str, code: str) -> None:
    before = web_pid(machine)
    answer = send(machine, line)
    assert json.loads(answer.out)["code"] == code, answer
    assert web_pid(machine) == before
    assert machine.failed_units() == [], "a refusal must not degrade the machine"


def test_a_stranger_does_not_even_reach_the_door(machine: Machine) -> None:
    assert "Permission denied" in send(machine, "restart-service web\n", user="nobody").err
    assert "Permission denied" in send(machine, "restart-service web\n", user="shop").err


def test_a_stranger_is_refused_also_where_the_door_was_left_open(machine: Machine) -> None:
    machine.run(["chmod", "0666", SOCKET])
    before = web_pid(machine)
    answer = send(machine, "restart-service web\n", user="nobody")
    assert json.loads(answer.out)["code"] == "refused"
    assert web_pid(machine) == before


def test_the_budget_ends_a_loop_and_root_is_free_of_it(machine: Machine) -> None:
    for _ in range(budget.ACTS["service"]):
        assert ask(machine, "restart-service", "web").ok
    before = web_pid(machine)
    refused = ask(machine, "restart-service", "web")
    assert refused.err.startswith("7 refused: web was acted upon 5 times within 10 min"), refused
    assert web_pid(machine) == before
    assert ask(machine, "restart-service", "web", user="root").ok
    assert web_pid(machine) != before


def test_a_failing_act_is_told(machine: Machine) -> None:
    machine.sh("rm /etc/systemd/system/shop-web.service; systemctl daemon-reload")
    asked = ask(machine, "restart-service", "web")
    assert asked.err.startswith("4 service-failed: web (shop-web.service) did not restart"), asked


def test_the_one_shot_is_root_without_rights_and_gone_when_done(machine: Machine) -> None:
    machine.put(
        "/etc/systemd/system/caretaker-act@.service.d/look.conf",
        "[Service]\nExecStart=\n"
        "ExecStart=/bin/sh -c 'cat /proc/self/status >&2;"
        " touch /etc/x; touch /var/lib/shop/x; touch /var/lib/caretaker/agent/x; true'\n",
    )
    machine.systemctl("daemon-reload")
    send(machine, "anything\n")
    machine.wait_for(lambda: "NoNewPrivs" in machine.journal("-t", "caretaker-act"))
    said = machine.journal("-t", "caretaker-act", "--output=cat").replace("\t", " ")
    assert "Uid: 0 0 0 0" in said
    assert f"CapEff: {0:016x}" in said
    assert f"CapBnd: {0:016x}" in said
    for path in ("/etc/x", "/var/lib/shop/x", "/var/lib/caretaker/agent/x"):
        assert not machine.exists(path)
    units = machine.systemctl("list-units", "--all", "--plain", "--no-legend", "caretaker-act@*")
    assert units.out.strip() == ""


def test_one_who_connects_and_says_nothing_is_sent_away(machine: Machine) -> None:
    machine.spawn(["socat", "-u", f"UNIX-CONNECT:{SOCKET}", "STDOUT"], user="caretaker")
    machine.wait_for(lambda: _instances(machine) == 1)
    machine.wait_for(lambda: _instances(machine) == 0, timeout=15)


def test_many_at_once_are_held_to_a_few(machine: Machine) -> None:
    for _ in range(12):
        machine.spawn(["socat", "-u", f"UNIX-CONNECT:{SOCKET}", "STDOUT"], user="caretaker")
    machine.wait_for(lambda: _instances(machine) >= 3)
    assert _instances(machine) <= 4
    machine.wait_for(lambda: _instances(machine) == 0, timeout=30)
    assert machine.is_active("caretaker-act.socket"), "the door stays open"
    assert ask(machine, "restart-service", "web").ok


def test_a_flood_does_not_close_the_door_for_good(machine: Machine) -> None:
    flood = (
        "import socket\n"
        "for _ in range(400):\n"
        "    with socket.socket(socket.AF_UNIX) as caller:\n"
        f"        caller.connect({SOCKET!r})\n"
    )
    machine.run(["/opt/tool/bin/python", "-I", "-c", flood], user="caretaker", check=False)
    machine.wait_for(lambda: _instances(machine) == 0, timeout=30)
    assert machine.is_active("caretaker-act.socket")
    assert ask(machine, "restart-service", "web").ok


def _instances(machine: Machine) -> int:
    listed = machine.systemctl("list-units", "--plain", "--no-legend", "caretaker-act@*")
    return len(listed.out.splitlines())
