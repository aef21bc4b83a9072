"""What the tests of locks share: a scene with one declared lock, and real processes.

Every process started here ends with the test. Refuses to judge; the tests do.
"""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import msgspec

from agent.host.clock import Clock
from agent.host.kernel import Kernel
from agent.host.machine import Host
from agent.host.systemd import Systemd
from agent.layout import Layout
from agent.manifest.model import Manifest
from agent.manifest.placeholders import Values
from agent.remedies import locks
from agent.remedies.remedy import Fault, Scene
from agent.services.protocol import ServiceState, State

NAME = "db-pid"
NOBODY = 65534
HERE = os.fspath(Path(__file__).resolve().parents[2])


class Quiet(Systemd):
    """Not booted: nothing is known of the clock."""

    def booted(self) -> bool:
        return False


class Shifted(Clock):
    """The wall clock of somebody who set it by so much."""

    def __init__(self, shift: float) -> None:
        self.shift = shift

    def wall(self) -> float:
        return super().wall() + self.shift


class Elsewhere(Kernel):
    """A machine whose file systems are all of one other kind."""

    def __init__(self, kind: str) -> None:
        self.kind = kind

    def lines(self, path: str) -> Iterator[str]:
        for line in super().lines(path):
            if path.endswith("mountinfo"):
                head, _, tail = line.partition(" - ")
                yield f"{head} - {self.kind} {tail.split(' ', 1)[1]}"
            else:
                yield line


@dataclass
class OneService:
    """The service of the lock, as the test says it stands. ``done`` is what was asked of it."""

    standing: State = "stopped"
    members: list[int] = field(default_factory=list)
    done: list[str] = field(default_factory=list)

    def names(self) -> tuple[str, ...]:
        return ("db",)

    def state(self, name: str) -> ServiceState:
        running = self.standing == "active"
        return ServiceState(name, f"{name}.service", running, self.standing)

    def states(self) -> dict[str, ServiceState]:
        return {"db": self.state("db")}

    def pids(self, name: str) -> list[int]:
        return self.members

    def start(self, name: str) -> None:
        self.done.append("start")
        self.standing = "active"

    def stop(self, name: str) -> None:
        self.done.append("stop")
        self.standing = "stopped"

    def restart(self, name: str) -> None:
        raise AssertionError("a lock is no reason to restart")

    reload = restart


class Stage:
    """One lock at ``file``, below a data folder that is not guarded unless the test says so."""

    def __init__(self, root: Path, kind: str = "pidfile", **keys: Any) -> None:
        self.layout = Layout(root, "shop")
        self.services = OneService()
        self.run = root / "run/shop"
        self.data = root / "var/lib/shop/data"
        for folder in (self.run, self.data):
            folder.mkdir(parents=True, mode=0o755, exist_ok=True)
        self.file = Path(keys.pop("path", self.run / "db.pid"))
        self.host = Host(systemd=Quiet())
        lock = {"path": str(self.file), "kind": kind, "service": "db", **keys}
        self.manifest = msgspec.convert(
            {
                "appliance": {"name": "shop", "version": "1"},
                "services": {"db": {"unit": "db.service"}},
                "locks": {NAME: lock},
            },
            Manifest,
        )

    @property
    def scene(self) -> Scene:
        paths = {**self.layout.placeholders(), "data": str(self.data)}
        values = Values(paths=paths, named={})
        return Scene(self.host, self.manifest, self.layout, values, self.services)

    def set_clock(self, shift: float) -> None:
        self.host = replace(self.host, clock=Shifted(shift))

    def find(self) -> Fault | None:
        found = locks.find(self.scene)
        return found[0] if found else None

    def mend(self) -> str:
        """Whatever the look said: a test of what is *not* done must go the whole way."""
        fault = Fault(target=NAME, code="lock-stale", summary="")
        return locks.mend(self.scene, fault)

    def kept(self) -> dict[str, bytes]:
        """Everything in quarantine, by name."""
        folders = (self.layout.quarantine, self.layout.run_quarantine)
        found = [path for folder in folders if folder.is_dir() for path in folder.iterdir()]
        return {path.name: path.read_bytes() for path in found}


class Crew:
    """Processes of a test."""

    def __init__(self) -> None:
        self.processes: list[subprocess.Popen[bytes]] = []
        self.others: list[int] = []

    def python(self, code: str, *arguments: object, **options: Any) -> int:
        """Run a program that prints a line once it is ready; its pid. ``argv`` are strings."""
        return self.program([sys.executable, "-c", code, *map(str, arguments)], **options)[0]

    def program(self, argv: list[str], **options: Any) -> tuple[int, str]:
        """Its pid and the first line it prints."""
        process = subprocess.Popen(argv, stdout=subprocess.PIPE, **options)
        self.processes.append(process)
        assert process.stdout
        return process.pid, process.stdout.readline().decode().strip()

    def start(self, argv: list[str], **options: Any) -> int:
        """Its pid, at once."""
        self.processes.append(subprocess.Popen(argv, **options))
        return self.processes[-1].pid

    def sleeper(self, program: str = "/bin/sleep", **options: Any) -> int:
        pid = self.start([program, "300"], **options)
        wait_for_exec(pid, program)
        return pid

    def end(self) -> None:
        for pid in self.others:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        for process in self.processes:
            process.kill()
            process.wait()
            if process.stdout:
                process.stdout.close()


@contextmanager
def crew() -> Iterator[Crew]:
    found = Crew()
    try:
        yield found
    finally:
        found.end()


def wait_for_exec(pid: int, program: str) -> None:
    wanted = os.path.realpath(program)
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError):
            if os.readlink(f"/proc/{pid}/exe") == wanted:
                return
        time.sleep(0.005)
    raise AssertionError(f"{pid} never became {program}")


def gone_pid() -> int:
    """A number that nobody has: of a process that has just ended."""
    process = subprocess.Popen(["/bin/true"])
    process.wait()
    return process.pid


def backdated(path: Path, when: float) -> None:
    os.utime(path, (when, when))


def written(path: Path, content: str | bytes) -> Path:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def environment() -> Mapping[str, str]:
    return {**os.environ, "PYTHONPATH": HERE}
