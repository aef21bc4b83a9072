"""The checks against this machine: real processes, sockets, locks, a full disk."""

import contextlib
import fcntl
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.findings import Finding
from agent.health.context import Context
from agent.health.look import look_once
from agent.host.machine import Host
from agent.manifest.checks import (
    Check,
    ClockCheck,
    CommandCheck,
    DiskCheck,
    LockCheck,
    PortCheck,
    ProcessCheck,
    UnitCheck,
)
from agent.manifest.kinds import Duration, Size
from agent.services.protocol import ServiceState
from tests.unit.checks_world import ScriptedServices, context

pytestmark = pytest.mark.real
SECOND = Duration(1)


@pytest.fixture
def here(root: Path) -> Context:
    """This machine, and services of the test's own."""
    return context(Host(), ScriptedServices(), root)


def code(check: Check, here: Context) -> str:
    return look_once(check, here).code


def test_a_program_that_hangs_ends_with_all_it_started(here: Context, root: Path) -> None:
    note = root / "pids"
    script = f"sleep 61 & echo $! >{note}; setsid sleep 62 & echo $! >>{note}; sleep 63"
    check = CommandCheck(command=["/bin/sh", "-c", script], timeout=Duration(0.5))
    begun = time.monotonic()
    assert code(check, here) == "timeout"
    assert time.monotonic() - begun < 1.0
    for pid in note.read_text().split():
        assert ended(int(pid))


def test_a_program_gets_its_environment_and_no_more(here: Context) -> None:
    check = CommandCheck(
        command=["/usr/bin/env"], environment={"KEY": "{secret:k}"}, contains="KEY=", timeout=SECOND
    )
    finding = look_once(check, here)
    assert finding.ok
    assert "HOME=" not in finding.summary
    missing = CommandCheck(command=["/no/such/program"], timeout=SECOND)
    assert code(missing, here) == "command-missing"


@pytest.fixture
def sleeper() -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen(["/bin/sleep", "60"]) as child:
        try:
            yield child
        finally:
            child.kill()


def state_of(pid: int) -> str:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]


def ended(pid: int) -> bool:
    """Gone, or waiting for PID 1 to notice."""
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        try:
            if state_of(pid) in "ZX":
                return True
        except OSError:
            return True
        time.sleep(0.01)
    return False


def wait_for(pid: int, state: str) -> None:
    deadline = time.monotonic() + 5
    while state_of(pid) != state:
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_a_stopped_and_a_dead_process_are_seen(
    root: Path, sleeper: subprocess.Popen[bytes]
) -> None:
    services = ScriptedServices(processes={"web": [sleeper.pid]})
    state = ServiceState("web", "", running=True, state="active", pid=sleeper.pid, since=1.0)
    services.standing["web"] = state
    process, unit = (context(Host(), services, root) for _ in range(2))
    wait_for(sleeper.pid, "S")
    assert code(ProcessCheck(service="web"), process) == "ok"
    assert code(UnitCheck(service="web"), unit) == "ok"
    os.kill(sleeper.pid, signal.SIGSTOP)
    wait_for(sleeper.pid, "T")
    assert code(ProcessCheck(service="web"), process) == "process-stopped"
    sleeper.kill()
    wait_for(sleeper.pid, "Z")
    assert code(ProcessCheck(service="web"), process) == "process-missing"
    services.standing["web"] = ServiceState("web", "", running=False, state="failed", since=2.0)
    assert code(UnitCheck(service="web"), unit) == "unit-failed"


def test_an_executable_is_found_by_its_path(
    here: Context, root: Path, sleeper: subprocess.Popen[bytes]
) -> None:
    copy = root / "server"
    copy.write_bytes(Path("/bin/sleep").read_bytes())
    copy.chmod(0o755)
    check = ProcessCheck(executable=str(copy))
    assert code(check, here) == "process-missing"
    with subprocess.Popen([copy, "60"]) as child:
        deadline = time.monotonic() + 5
        while code(check, here) != "ok":
            assert time.monotonic() < deadline
        child.kill()
    assert code(check, here) == "process-missing"


def test_the_owner_of_a_port_is_told(root: Path, sleeper: subprocess.Popen[bytes]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        ours = context(Host(), ScriptedServices(processes={"web": [os.getpid()]}), root)
        assert code(PortCheck(port=port, service="web"), ours) == "ok"
        theirs = context(Host(), ScriptedServices(processes={"web": [sleeper.pid]}), root)
        finding = look_once(PortCheck(port=port, service="web"), theirs)
        assert finding.code == "port-foreign"
        assert f"process {os.getpid()} (" in finding.summary


def test_listeners_stand_first_in_the_kernels_table() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        with socket.create_connection(("127.0.0.1", port)), listener.accept()[0]:
            states = [
                line.split()[3] for line in Host().kernel.lines("/proc/net/tcp") if ":" in line
            ]
    ends = states.index("01")
    assert "0A" in states[:ends]
    assert "0A" not in states[ends:]


def test_locks_of_the_kernel(here: Context, root: Path) -> None:
    path = root / "app.lock"
    path.touch()
    check = LockCheck(path=str(path), kind="flock")
    posix = LockCheck(path=str(path), kind="fcntl")
    with path.open("r+") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        assert look_once(check, here).detail["pid"] == os.getpid()
        assert look_once(posix, here).detail["held"] is False
        fcntl.flock(stream, fcntl.LOCK_UN)
        fcntl.lockf(stream, fcntl.LOCK_EX)
        assert look_once(posix, here).detail["pid"] == os.getpid()
    assert look_once(check, here).detail["held"] is False


def test_pid_files_of_the_living_and_the_dead(here: Context, root: Path) -> None:
    path = root / "app.pid"
    check = LockCheck(path=str(path))
    with subprocess.Popen(["/bin/sleep", "60"]) as child:
        path.write_text(f"{child.pid}\n")
        assert look_once(check, here).detail.get("pid") == child.pid
        os.utime(path, (time.time() - 3600, time.time() - 3600))
        assert code(check, here) == "lock-stale"
        child.kill()
    path.write_text(f"{child.pid}\n")
    assert code(check, here) == "lock-stale"


def test_a_threads_number_is_no_process(here: Context, root: Path) -> None:
    gate, told = threading.Event(), threading.Event()
    numbers: list[int] = []

    def live() -> None:
        numbers.append(threading.get_native_id())
        told.set()
        gate.wait(20)

    thread = threading.Thread(target=live)
    thread.start()
    told.wait(20)
    path = root / "app.pid"
    path.write_text(str(numbers[0]))
    finding = look_once(LockCheck(path=str(path)), here)
    gate.set()
    thread.join()
    assert finding.code == "lock-stale"


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    point = tmp_path / "disk"
    point.mkdir()
    if os.geteuid() != 0:
        pytest.skip("mounting a file system of a test's own needs root")
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "none", point], check=False)
    if done.returncode:
        pytest.skip("this container may not mount")
    try:
        yield point
    finally:
        subprocess.run(["umount", point], check=True)


def test_a_full_and_a_read_only_disk(here: Context, small_disk: Path) -> None:
    def seen() -> Finding:
        return look_once(DiskCheck(path=str(small_disk), fail_free=Size(0)), here)

    assert seen().code == "ok"
    with contextlib.suppress(OSError), (small_disk / "filler").open("wb", buffering=0) as stream:
        while True:
            stream.write(b"x" * 65536)
    assert seen().code == "disk-full"
    (small_disk / "filler").unlink()
    assert seen().code == "ok"
    subprocess.run(["mount", "-o", "remount,ro", small_disk], check=True)
    assert seen().code == "disk-read-only"


def test_the_clock_of_this_machine_is_answered_for(here: Context) -> None:
    assert code(ClockCheck(), here) in ("ok", "clock-unsynchronised")


def test_nothing_heavy_is_imported_by_the_checks_themselves() -> None:
    program = (
        "import sys; import agent.health.look; "
        "print([name for name in ('ssl', 'h2', 'cryptography', 'asyncio', 'http.client', 'ctypes',"
        " 'psutil', 'hashlib', 'flask') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-I", "-c", program], capture_output=True, check=True)
    assert done.stdout.strip() == b"[]"
