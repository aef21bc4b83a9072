"""Generated units on real systemd: what the manifest says is what the program gets, and no more."""

import json
from functools import partial
from pathlib import Path

import pytest

from tests.machine import by_hand
from tests.machine.by_hand import LAYOUT, SECRETS, ask_shell, install
from tests.machine.conftest import Boot
from tests.machine.machine import Machine

HEAD = '[appliance]\nname = "shop"\ntitle = "Shop"\nversion = "1.0"\n[secrets.key]\n'
WEB = '["/usr/bin/python3", "-I", "{release}/web.py", '
SHELL = '["/usr/bin/python3", "-I", "{release}/shell.py", "{run}"]'

# Whatever systemd, a shell or a unit file could take for something else.
NASTY = [
    "", " ", "a b", ";", "; rm -rf /", "#", "# no comment", "$HOME", "${HOME}", "$$", "%n", "%%",
    "%", "'", '"', "it's", 'say "so"', "\\", "\\\\", "\\n", "\\x41", "a\tb", "a\nb", "a\rb", "\x01",
    "\x7f", "é", "日本", "\u00a0", "-", "--flag=1", "@x", "~", "*", "?", "[x]", "{}", "|", "&",
    "`id`", "!x", ":", "=", "trailing\\", "trailing ", " leading",
]  # fmt: skip
TELL = """
import json, os, sys
with open("told.json", "w") as told:
    json.dump([sys.argv[1:], dict(os.environ)], told)
import time
time.sleep(600)
"""


@pytest.fixture
def machine(machines: Boot, tool: Path) -> Machine:
    return machines(binds_ro=by_hand.binds(tool))


@pytest.fixture
def sandbox(machine: Machine) -> Machine:
    """A machine on which shell.py runs as a service with nothing relaxed."""
    install(machine, f"{HEAD}[services.web]\ncommand = {SHELL}\n")
    machine.systemctl("start", "shop.target")
    machine.wait_for(lambda: machine.exists(f"{LAYOUT.app_run}/shell.sock"))
    return machine


def test_arguments_and_environment_arrive_as_written(machine: Machine) -> None:
    plain = {f"PLAIN_{n}": text for n, text in enumerate(NASTY)}
    secret = {f"SECRET_{n}": f"{text}{{secret:key}}" for n, text in enumerate(NASTY)}
    command = ["/usr/bin/python3", "-I", "{release}/tell.py", *NASTY]
    lines = [f"{key} = {json.dumps(text)}" for key, text in {**plain, **secret}.items()]
    table = "\n".join([f"command = {json.dumps(command)}", "[services.web.environment]", *lines])
    install(machine, f"{HEAD}[services.web]\n{table}\n")
    machine.put(f"{LAYOUT.releases}/1.0/tell.py", TELL)
    machine.systemctl("start", "shop-web")
    told = f"{LAYOUT.data}/told.json"
    machine.wait_for(lambda: machine.exists(told) and machine.read(told).endswith("}]"))
    arguments, environment = json.loads(machine.read(told))
    assert arguments == NASTY
    for number, text in enumerate(NASTY):
        assert environment[f"PLAIN_{number}"] == text
        assert environment[f"SECRET_{number}"] == text + SECRETS["key"]
    assert environment["HOME"] == str(LAYOUT.data)
    for unit in machine.sh(f"cat {LAYOUT.units}/shop*.service").out.splitlines():
        assert SECRETS["key"] not in unit


@pytest.mark.parametrize(
    "path",
    ["/etc/x", "/usr/x", "/opt/shop/releases/1.0/x", "/var/lib/shop/x", "/srv/x",
     "/var/lib/shop/generations/2/x", "/var/lib/caretaker/x", "/root/x",
     "/run/x", "/run/lock/x", "/run/caretaker/x"],
)  # fmt: skip
def test_a_service_writes_nowhere_else(sandbox: Machine, path: str) -> None:
    said = ask_shell(sandbox, f"open({path!r}, 'w')")
    assert said.startswith(("OSError", "PermissionError", "FileNotFoundError")), said
    assert not sandbox.exists(path)


def test_a_service_writes_its_data_and_its_run_folder(sandbox: Machine) -> None:
    for folder in (LAYOUT.data, LAYOUT.app_run):
        assert ask_shell(sandbox, f"print(open({str(folder / 'x')!r}, 'w').write('yes'))") == "3"
    facts = sandbox.run(["stat", "--format=%U %a", f"{LAYOUT.generations}/1/x"]).out
    assert facts.strip() == "shop 600"


def test_a_service_reads_no_secret_file(sandbox: Machine) -> None:
    for path in (LAYOUT.secrets / "key", LAYOUT.config / "env", LAYOUT.state):
        said = ask_shell(sandbox, f"import os; print(os.listdir({str(path)!r}))")
        assert "Error" in said, said
    owners = sandbox.run(["stat", "--format=%U %a", f"{LAYOUT.secrets}/key"]).out
    assert owners.strip() == "root 600"


def test_a_service_has_no_rights_and_no_way_to_any(sandbox: Machine) -> None:
    status = ask_shell(sandbox, "print(open('/proc/self/status').read())")
    facts = dict(line.split(":\t") for line in status.splitlines() if ":\t" in line)
    for kind in ("CapEff", "CapPrm", "CapBnd", "CapAmb", "CapInh"):
        assert int(facts[kind], 16) == 0, kind
    assert facts["NoNewPrivs"] == "1"
    assert facts["Seccomp"] == "2"
    assert "0" not in facts["Uid"].split()
    assert "Error" in ask_shell(sandbox, "import os; os.setuid(0)")
    sudo = (
        "import subprocess as s; print(s.run(['sudo', '-n', 'id'], capture_output=True).returncode)"
    )
    assert ask_shell(sandbox, sudo) == "1"


@pytest.mark.parametrize(
    "source",
    [
        "import os; os.kill(1, 9)",
        "import ctypes; assert ctypes.CDLL(None).unshare(0x10000000) == 0",
        "import mmap; mmap.mmap(-1, 4096, prot=7)",
        "import socket; socket.socket(socket.AF_PACKET, socket.SOCK_RAW)",
        "open('/dev/kmsg', 'w')",
        "open('/proc/sys/kernel/hostname', 'w').write('x')",
        "import os; os.mknod('/run/shop/dev', 0o20600, os.makedev(1, 1))",
        "import os; os.chmod('/run/shop/shell.sock', 0o4755)",
    ],
)  # fmt: skip
def test_a_service_is_kept_from(sandbox: Machine, source: str) -> None:
    said = ask_shell(sandbox, f"{source}; print('done')")
    assert "Error" in said, said


def test_a_service_sees_only_itself(sandbox: Machine) -> None:
    said = ask_shell(
        sandbox,
        "import os; print([p for p in os.listdir('/proc') if p.isdigit()] == [str(os.getpid())])",
    )
    assert said == "True"


def test_after_a_flip_the_old_process_cannot_touch_the_new_data(sandbox: Machine) -> None:
    sandbox.sh(f"ln -sfn deployments/2 {LAYOUT.active}")
    write = f"print(open({str(LAYOUT.data / 'y')!r}, 'w').write('yes'))"
    assert "Error" in ask_shell(sandbox, write)
    sandbox.systemctl("restart", "shop-web")
    sandbox.wait_for(lambda: ask_shell(sandbox, write) == "3")
    assert sandbox.exists(f"{LAYOUT.generations}/2/y")
    assert not sandbox.exists(f"{LAYOUT.generations}/1/y")


def test_a_low_port_is_opened_without_root(machine: Machine) -> None:
    install(machine, f'{HEAD}[services.web]\ncommand = {WEB}"80"]\nports = [80]\n')
    machine.systemctl("start", "shop-web")
    machine.wait_for_port(80)
    pid = machine.show("shop-web", "MainPID")["MainPID"]
    assert machine.run(["ps", "-o", "user=", "-p", pid]).out.strip() == "shop"
    caps = machine.run(["grep", "CapEff", f"/proc/{pid}/status"]).out.split()[1]
    assert int(caps, 16) == 1 << 10, "CAP_NET_BIND_SERVICE and nothing else"


def test_without_network_there_is_none(machine: Machine) -> None:
    install(machine, f"{HEAD}[services.web]\ncommand = {SHELL}\nnetwork = false\n")
    machine.systemctl("start", "shop-web")
    machine.wait_for(lambda: machine.exists(f"{LAYOUT.app_run}/shell.sock"))
    said = ask_shell(machine, "import socket; socket.socket(socket.AF_INET)")
    assert "Error" in said


def test_services_start_and_end_in_order_as_one(machine: Machine) -> None:
    install(
        machine,
        f'{HEAD}[services.web]\ncommand = {WEB}"8443"]\nrequires = ["db"]\n'
        f'[services.db]\ncommand = {WEB}"8444"]\n',
    )
    machine.systemctl("start", "shop.target")
    assert machine.is_active("shop-web")
    assert machine.is_active("shop-db")
    stamp = "ActiveEnterTimestampMonotonic"
    started = {unit: int(machine.show(unit, stamp)[stamp]) for unit in ("shop-web", "shop-db")}
    assert started["shop-db"] < started["shop-web"]
    machine.systemctl("stop", "shop.target")
    assert not machine.is_active("shop-web")
    assert not machine.is_active("shop-db")


def test_a_crash_is_mended_and_a_stop_is_respected(machine: Machine) -> None:
    install(machine)
    machine.sh(f"sed -i s/RestartSec=1/RestartSec=200ms/ {LAYOUT.units}/shop-web.service")
    machine.systemctl("daemon-reload")
    machine.systemctl("start", "shop-web")
    pid = machine.show("shop-web", "MainPID")["MainPID"]
    for times in range(1, 9):  # more than StartLimitBurst's default of 5
        machine.systemctl("kill", "--signal=KILL", "shop-web")
        machine.wait_for(partial(has_restarted, machine, times))
    assert machine.show("shop-web", "MainPID")["MainPID"] != pid
    machine.systemctl("stop", "shop-web")
    assert not machine.is_active("shop-web")


def has_restarted(machine: Machine, times: int) -> bool:
    shown = machine.show("shop-web", "NRestarts", "ActiveState")
    return shown == {"NRestarts": str(times), "ActiveState": "active"}


ASK = """
import json, sys
from pathlib import Path
from agent.cli.appliance import manifest_of
from agent.host.machine import Host
from agent.layout import Layout
from agent.services.open import open_services
manifest, layout = manifest_of(Layout(Path("/")))
services = open_services(manifest, layout, Host())
for verb in sys.argv[1:]:
    getattr(services, verb)("web")
state = services.state("web")
print(json.dumps([state.state, state.running, state.pid, services.pids("web"), state.summary]))
"""


def ask_services(machine: Machine, *verbs: str, user: str = "") -> list[object]:
    ran = machine.run(["/opt/tool/bin/python", "-I", "-c", ASK, *verbs], user=user)
    answer: list[object] = json.loads(ran.out)
    return answer


def test_the_agents_view_of_services_is_systemds(machine: Machine) -> None:
    install(machine)
    assert ask_services(machine)[:3] == ["stopped", False, 0]
    assert ask_services(machine, "start")[:2] == ["active", True]
    pid = int(machine.show("shop-web", "MainPID")["MainPID"])
    assert ask_services(machine, user="caretaker")[2:4] == [pid, [pid]]
    assert ask_services(machine, "restart")[2] != pid
    assert ask_services(machine, "reload", "stop")[0] == "stopped"
    machine.sh(f"rm {LAYOUT.releases}/1.0/web.py")
    machine.systemctl("start", "shop-web", check=False)
    machine.wait_for(lambda: ask_services(machine)[0] == "backoff")
    assert ask_services(machine)[4] == "exit status 2; waits to be restarted"


def test_an_existing_unit_gets_its_place_in_the_order(machine: Machine) -> None:
    install(
        machine,
        f'{HEAD}[services.front]\nunit = "nginx.service"\nrequires = ["web"]\n'
        f'[services.web]\ncommand = {WEB}"8443"]\n',
    )
    shown = machine.show("nginx.service", "After", "Wants")
    assert "shop-web.service" in shown["After"].split()
    assert "shop-web.service" in shown["Wants"].split()
    machine.systemctl("start", "nginx")
    assert machine.is_active("shop-web")
