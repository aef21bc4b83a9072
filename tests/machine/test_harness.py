"""The ground the machine tests stand on: it boots fast, works, and leaves nothing behind."""

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.machine import container
from tests.machine.checkout import SOURCE
from tests.machine.conftest import Boot
from tests.machine.container import MachineError
from tests.machine.counterparts import haproxy_servers, start_haproxy, start_nginx, wait_for_haproxy
from tests.machine.machine import Machine, boot

OWN_TRACES = (
    container.STATE,
    container.PROPAGATE,
    *container.CGROUP_ROOTS,
    Path("/run/systemd/nspawn/unix-export"),
)


def traces_of(name: str) -> list[Path]:
    return [folder / name for folder in OWN_TRACES if (folder / name).exists()]


def is_alive(pid: int) -> bool:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return stat.rpartition(")")[2].split()[0] != "Z"


def test_boots_quickly_with_systemd_as_pid_one(machines: Boot) -> None:
    started = time.monotonic()
    machine = machines()
    assert time.monotonic() - started < 5
    assert machine.read("/proc/1/comm").strip() == "systemd"
    assert machine.systemctl("is-system-running").out.strip() == "running"


@pytest.mark.parametrize("root", ["minimal", "trixie", "noble", "jammy"])
@pytest.mark.slow
def test_every_root_boots(machines: Boot, root: str) -> None:
    release = machines(root).read("/etc/os-release")
    wanted = {"minimal": "bookworm", "jammy": "jammy"}.get(root, root)
    assert f"VERSION_CODENAME={wanted}" in release


def test_a_newcomers_machine_has_git_and_python_only(machines: Boot) -> None:
    machine = machines("minimal")
    assert machine.run(["python3", "--version"]).out.startswith("Python 3.11")
    assert machine.run(["git", "--version"]).ok
    assert not machine.run(["python3", "-c", "import systemd"], check=False).ok
    assert not machine.run(["python3", "-c", "import ensurepip"], check=False).ok


def test_commands_carry_code_output_input_user_and_folder(machine: Machine) -> None:
    assert machine.run(["sh", "-c", "echo no >&2; exit 3"], check=False).code == 3
    assert machine.run(["cat"], stdin="words").out == "words"
    assert machine.run(["id", "-un"], user="nobody").out.strip() == "nobody"
    assert machine.run(["pwd"], cwd="/etc").out.strip() == "/etc"
    assert machine.run(["printenv", "COLOUR"], env={"COLOUR": "red"}).out.strip() == "red"
    with pytest.raises(MachineError, match="no >&2"):
        machine.run(["sh", "-c", "echo no >&2; exit 3"])


def test_a_command_over_its_time_is_ended_with_its_children(machine: Machine) -> None:
    with pytest.raises(MachineError, match=r"ran over 0\.5 s"):
        machine.run(["sh", "-c", "sleep 4321 & sleep 4321"], timeout=0.5)
    assert "4321" not in machine.run(["ps", "-eo", "args"]).out


def test_files_go_in_and_come_out(machine: Machine, tmp_path: Path) -> None:
    machine.put("/srv/new/secret", "rosebud", mode=0o600, owner="nobody:nogroup")
    assert machine.read("/srv/new/secret") == "rosebud"
    stat = machine.run(["stat", "--format=%a %U:%G", "/srv/new/secret"]).out
    assert stat.strip() == "600 nobody:nogroup"

    (tmp_path / "deep").mkdir()
    (tmp_path / "deep/run.sh").write_text("#!/bin/sh\necho ran\n")
    (tmp_path / "deep/run.sh").chmod(0o755)
    machine.put_tree(tmp_path, "/srv/tree")
    assert machine.run(["/srv/tree/deep/run.sh"]).out == "ran\n"

    assert machine.exists("/etc/passwd")
    assert not machine.exists("/etc/passwd.none")


def test_the_checkout_is_there_and_read_only(machine: Machine) -> None:
    assert "[project]" in machine.read(f"{SOURCE}/pyproject.toml")
    assert not machine.run(["touch", f"{SOURCE}/mark"], check=False).ok
    machine.put_checkout("/srv/checkout")
    assert machine.exists("/srv/checkout/pyproject.toml")
    assert not machine.exists("/srv/checkout/.git")


def test_the_tool_environment_has_the_locked_packages_and_the_checkout(machine: Machine) -> None:
    script = "import agent, flask, psutil, systemd.journal; print(agent.__path__[0])"
    found = machine.run(["/opt/tool/bin/python", "-I", "-c", script]).out.strip()
    assert found == f"{SOURCE}/agent"


def test_units_and_the_journal_work(machine: Machine) -> None:
    machine.put(
        "/etc/systemd/system/greeter.service",
        "[Service]\nExecStart=/bin/sh -c 'echo hello from inside; exec sleep 600'\n"
        "DynamicUser=yes\nProtectSystem=strict\nPrivateTmp=yes\nSystemCallFilter=@system-service\n",
    )
    machine.systemctl("daemon-reload")
    machine.systemctl("start", "greeter")
    assert machine.is_active("greeter")
    shown = machine.show("greeter", "MainPID", "NRestarts")
    assert int(shown["MainPID"]) > 1
    machine.wait_for(lambda: "hello from inside" in machine.journal("-u", "greeter"))

    machine.systemctl("kill", "--signal=KILL", "greeter")
    machine.wait_for(lambda: machine.failed_units() == ["greeter.service"])
    entry = machine.journal("-u", "greeter", "--output=json", lines=1)
    assert json.loads(entry)["_HOSTNAME"] == "appliance"


def test_a_machine_has_a_network_of_its_own(machine: Machine) -> None:
    devices = machine.run(["ip", "-brief", "link"]).out.splitlines()
    assert [line.split()[0] for line in devices] == ["lo"]
    machine.spawn(["nc", "-lk", "127.0.0.1", "8086"])
    machine.wait_for_port(8086)
    listening = machine.run_outside(["ss", "-Hltn", "sport = :8086"]).out
    assert "127.0.0.1:8086" in listening


def test_two_machines_of_one_root_do_not_meet(machines: Boot) -> None:
    first, second = machines(hostname="db1"), machines(hostname="db2")
    first.put("/etc/mark", "first")
    assert not second.exists("/etc/mark")
    assert second.run(["hostname"]).out.strip() == "db2"
    first.run(["systemd-run", "--unit=same", "sleep", "600"])
    assert not second.is_active("same")
    assert first.read("/etc/machine-id") != second.read("/etc/machine-id")
    first.poweroff()
    assert second.systemctl("is-system-running").out.strip() == "running"


def test_haproxy_nginx_and_strace_are_at_hand(machine: Machine) -> None:
    for unit in ("haproxy", "nginx", "postgresql"):
        assert machine.systemctl("is-enabled", unit, check=False).out.strip() == "disabled"
    machine.systemctl("start", "nginx")
    machine.wait_for_port(80)
    traced = machine.run(["strace", "-e", "trace=openat", "cat", "/etc/passwd"]).err
    assert '"/etc/passwd"' in traced


def test_a_test_body_that_raises_leaves_nothing_behind(roots: Callable[[str], Path]) -> None:
    seen: list[Machine] = []

    def body() -> None:
        with boot(roots("bookworm")) as machine:
            seen.append(machine)
            assert traces_of(machine.name)
            machine.spawn(["sleep", "600"])
            raise RuntimeError("the body broke")

    with pytest.raises(RuntimeError, match="the body broke"):
        body()
    [machine] = seen
    assert traces_of(machine.name) == []
    assert not is_alive(machine.leader)
    assert machine.name not in Path("/proc/mounts").read_text()


def test_power_cut_leaves_nothing_behind(machines: Boot) -> None:
    machine = machines()
    machine.kill()
    assert traces_of(machine.name) == []
    assert not is_alive(machine.leader)
    with pytest.raises(MachineError, match="is not running"):
        machine.run(["true"])


def test_a_killed_test_process_takes_its_machine_along(roots: Callable[[str], Path]) -> None:
    script = """if True:
        import sys, time
        from pathlib import Path
        from tests.machine.container import start
        machine = start(Path(sys.argv[1]))
        print(machine.name, machine.leader, flush=True)
        time.sleep(600)
    """
    argv = [sys.executable, "-c", script, str(roots("bookworm"))]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as owner:
        assert owner.stdout
        name, leader = owner.stdout.readline().split()
        assert is_alive(int(leader))
        owner.send_signal(signal.SIGKILL)
    deadline = time.monotonic() + 5
    while is_alive(int(leader)) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not is_alive(int(leader))
    assert name in container.sweep()
    assert traces_of(name) == []


def test_haproxy_sees_a_server_come_and_go(machine: Machine) -> None:
    start_nginx(machine, "http { server { listen 127.0.0.1:8086; return 200 healthy; } }")
    start_haproxy(
        machine,
        """
frontend front
    bind 127.0.0.1:8000
    default_backend app
backend app
    option httpchk GET /healthz
    server one 127.0.0.1:8086 check inter 100ms fall 2 rise 1
""",
    )
    wait_for_haproxy(machine, "app/one", "UP")
    assert machine.run(["curl", "-fsS", "http://127.0.0.1:8000"]).out == "healthy"
    machine.systemctl("stop", "nginx")
    wait_for_haproxy(machine, "app/one", "DOWN")
    assert haproxy_servers(machine)["app/one"]["check_status"] == "L4CON"


def test_the_wheelhouse_installs_without_a_network(machines: Boot, wheelhouse: Path) -> None:
    machine = machines(binds_ro={"/wheels": wheelhouse})
    machine.run(["python3", "-m", "venv", "/opt/try"])
    install = ["/opt/try/bin/pip", "install", "--no-index", "--find-links=/wheels"]
    machine.run([*install, "caretaker[systemd]"], timeout=90)
    script = "import agent, setup, support, systemd.daemon; print(agent.__file__)"
    found = machine.run(["/opt/try/bin/python", "-I", "-c", script]).out
    assert found.startswith("/opt/try/lib/")
