"""The subject: a real daemon, below a root of its own, started as setup starts it.

Owns the manifest, the private environment (a venv as on a VM: `-I` sees nothing else) and the
process. What is started here is ended here.
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from bench.agent import meters

REPOSITORY = Path(__file__).resolve().parents[2]
APP = "bench"
_PATIENCE = 20.0


def make_python(folder: Path) -> str:
    """A virtual environment that finds the product and its libraries, and nothing of the dev's."""
    subprocess.run(
        ["/usr/bin/python3", "-m", "venv", "--without-pip", str(folder)],
        check=True,
        stdout=subprocess.DEVNULL,
    )
    libraries = next(path for path in sys.path if path.endswith("site-packages"))
    (place,) = folder.glob("lib/python3*/site-packages")
    (place / "subject.pth").write_text(f"{REPOSITORY}\n{libraries}\n")
    return str(folder / "bin/python")


def every_type(at: Mapping[str, Any], *, every: str = "10s", tls: bool = False) -> str:
    """The tables of one check of each type. `at`: see `bench.checks.world`."""
    web, grpc = ("webs", "grpcs") if tls else ("web", "grpc")
    scheme, ca = ("https", f'ca = "{at["ca"]}", ') if tls else ("http", "")
    grpc_tls = f'tls = true, ca = "{at["ca"]}", ' if tls else ""
    rows = {
        "unit": 'type = "unit", service = "idle"',
        "process": 'type = "process", service = "idle"',
        "http": f'type = "http", {ca}url = "{scheme}://127.0.0.1:{at[web]}/", contains = "well"',
        "tcp": f'type = "tcp", port = {at["banner"]}, expect = "220 "',
        "grpc": f'type = "grpc", {grpc_tls}port = {at[grpc]}',
        "postgres": f'type = "postgres", port = {at["postgres"]}',
        "command": 'type = "command", command = ["/bin/true"]',
        "disk": 'type = "disk", path = "{data}"',
        "inodes": 'type = "inodes", path = "{data}"',
        "memory": 'type = "memory"',
        "load": 'type = "load", warn_per_cpu = 1000.0',
        "certificate": 'type = "certificate", certificate = "main"',
        "clock": 'type = "clock", severity = "warning", require_sync = false',
        "dns": 'type = "dns", name = "localhost"',
        "file": f'type = "file", path = "{at["ca"]}"',
        "port": f'type = "port", port = {at["web"]}',
        "lock": f'type = "lock", path = "{at["root"]}/app.pid"',
    }
    tables = (f'\n[checks.{name}]\nevery = "{every}"\n' + _lines(row) for name, row in rows.items())
    return "".join(tables)


def link_certificate(root: Path, world_root: str) -> None:
    """Put the world's TLS pair where this root's manifest looks for it."""
    home = root / f"etc/{APP}/tls"
    home.mkdir(parents=True)
    (home / "main").symlink_to(Path(world_root) / f"etc/{APP}/tls/main")


def _lines(row: str) -> str:
    """An inline table's inside as a table's: split at the commas, but for those in brackets."""
    parts, depth, start = [], 0, 0
    for place, letter in enumerate(row):
        depth += (letter == "[") - (letter == "]")
        if letter == "," and not depth:
            parts.append(row[start:place].strip())
            start = place + 1
    return "\n".join([*parts, row[start:].strip(), ""])


SERVICE = """
[services.idle]
command = ["/bin/sleep", "1000000"]

[certificates.main]
names = ["localhost"]
"""


class Subject:
    """One daemon."""

    def __init__(self, python: str, root: Path, checks: str, *, services: str = "") -> None:
        self.python = python
        self.root = root
        self.port = free_port()
        self.process: subprocess.Popen[bytes] | None = None
        self.begun = 0.0
        config = root / "etc/caretaker"
        config.mkdir(parents=True, exist_ok=True)
        (root / f"var/lib/{APP}/deployments/1/state").mkdir(parents=True, exist_ok=True)
        with contextlib.suppress(FileExistsError):
            (root / f"var/lib/{APP}/active").symlink_to("deployments/1")
        (config / "appliance.toml").write_text(
            f'[appliance]\nname = "{APP}"\nversion = "1.0"\n\n'
            f'[probe]\naddress = "127.0.0.1"\nport = {self.port}\n\n[daemon]\ndrain = "0s"\n'
            f"{services}{checks}"
        )

    @contextlib.contextmanager
    def running(self) -> Iterator[Subject]:
        self.start()
        try:
            yield self
        finally:
            self.end()

    def start(self) -> None:
        log = (self.root / "daemon.log").open("ab")
        self.begun = time.monotonic()
        self.process = subprocess.Popen(
            [self.python, "-I", "-m", "agent.daemon", "--root", str(self.root), "--embedded"],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env={"PATH": "/usr/bin:/bin", "MALLOC_ARENA_MAX": "1"},
            cwd="/",
            start_new_session=True,
        )
        log.close()

    def end(self) -> None:
        if self.process is None or self.process.poll() is not None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.process.pid, signal.SIGCONT)
            self.process.terminate()
        try:
            self.process.wait(_PATIENCE)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()

    def must_live(self) -> None:
        """RuntimeError with its last words where it ended by itself."""
        assert self.process is not None
        status = self.process.poll()
        if status is not None:
            raise RuntimeError(f"the daemon ended with {status}; it said\n{self.last_words()}")

    @property
    def pid(self) -> int:
        assert self.process is not None
        return self.process.pid

    @property
    def child(self) -> int:
        """The probe child."""
        (found,) = [
            pid for pid in meters.children(self.pid) if meters.comm(pid) == "caretaker-probe"
        ]
        return found

    def wait(self, status: int, *, reason: str = "", step: float = 0.002) -> float:
        """Seconds since the start (or `mark`) to the first answer with this status."""
        while time.monotonic() < self.begun + _PATIENCE:
            found, words = self.ask()
            if found == status and reason in words:
                return time.monotonic() - self.begun
            time.sleep(step)
        raise TimeoutError(f"never {status} {reason}; the log ends\n{self.last_words()}")

    def wait_decided(self) -> float:
        """Seconds to the first answer that is a verdict."""
        while time.monotonic() < self.begun + _PATIENCE:
            found, words = self.ask()
            if found and "starting" not in words:
                return time.monotonic() - self.begun
            time.sleep(0.002)
        raise TimeoutError(f"never a verdict; the log ends\n{self.last_words()}")

    def mark(self) -> None:
        """Count from now on."""
        self.begun = time.monotonic()

    def ask(self) -> tuple[int, str]:
        """Status and body of one probe over a new connection; 0 where nobody answers."""
        try:
            with socket.create_connection(("127.0.0.1", self.port), 1.0) as probe:
                probe.sendall(b"GET /healthz HTTP/1.0\r\n\r\n")
                answer = b""
                while chunk := probe.recv(4096):
                    answer += chunk
        except OSError:
            return 0, ""
        head, _, body = answer.partition(b"\r\n\r\n")
        return int(head.split()[1]), body.decode().strip()

    def last_words(self) -> str:
        return "\n".join((self.root / "daemon.log").read_text().splitlines()[-12:])


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port
