"""A real daemon below a temporary root, for the tests marked `real`.

Owns the process: what is started here is gone when the block ends, however it ends.
"""

import contextlib
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).resolve().parents[2]
_START = (
    "import os, sys; sys.path.insert(0, {repository!r});"
    "from agent.daemon.__main__ import main;"
    "status = main(sys.argv[1:]); sys.stdout.flush(); os._exit(status)"
)
QUICK = 'every = "200ms"\ntimeout = "150ms"\n'


class DaemonProcess:
    """One daemon; `manifest` may be changed between starts, and before a reload."""

    def __init__(self, root: Path, checks: str = "", *, more: str = "", drain: str = "0s") -> None:
        self.root = root
        self.port = free_port()
        self.log = root / "daemon.log"
        self.process: subprocess.Popen[bytes] | None = None
        (root / "etc/caretaker").mkdir(parents=True, exist_ok=True)
        self.declare(checks, more=more, drain=drain)

    def declare(self, checks: str, *, more: str = "", drain: str = "0s") -> None:
        """Write the manifest as an editor would: a new file in the place of the old."""
        place = self.root / "etc/caretaker/appliance.toml"
        aside = place.with_suffix(".new")
        aside.write_text(
            '[appliance]\nname = "shop"\nversion = "1.0"\n'
            f'[probe]\naddress = "127.0.0.1"\nport = {self.port}\n'
            f'[daemon]\ndrain = "{drain}"\n{more}\n{checks}'
        )
        aside.rename(place)

    def start(self, env: Mapping[str, str] | None = None) -> None:
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-I", "-c", _START.format(repository=str(REPOSITORY)),
                 "--root", str(self.root), "--embedded"],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={"PATH": "/usr/bin:/bin", **(env or {})},
                start_new_session=True,
            )  # fmt: skip

    @contextlib.contextmanager
    def running(self, env: Mapping[str, str] | None = None) -> Iterator["DaemonProcess"]:
        self.start(env)
        try:
            yield self
        finally:
            self.kill()

    def kill(self) -> None:
        """End it for certain, its probe child and services with it."""
        if self.process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(10)

    def signal(self, number: signal.Signals) -> None:
        assert self.process is not None
        self.process.send_signal(number)

    def ended(self, within: float = 10) -> int:
        assert self.process is not None
        return self.process.wait(within)

    def child(self) -> int:
        """The pid of the probe child."""
        assert self.process is not None
        for task in Path(f"/proc/{self.process.pid}/task").iterdir():
            for pid in (task / "children").read_text().split():
                if Path(f"/proc/{pid}/comm").read_text().strip() == "caretaker-probe":
                    return int(pid)
        raise AssertionError("there is no probe child")

    def ask(self, path: str = "/healthz") -> tuple[int, str]:
        """Status and body; (0, "") where nobody answers."""
        try:
            with socket.create_connection(("127.0.0.1", self.port), 2) as probe:
                probe.sendall(f"GET {path} HTTP/1.0\r\n\r\n".encode())
                answer = b""
                while chunk := probe.recv(4096):
                    answer += chunk
        except OSError:
            return 0, ""
        head, _, body = answer.partition(b"\r\n\r\n")
        return int(head.split()[1]), body.decode().strip()

    def until(self, what: Callable[[], Any], *, within: float = 20.0) -> Any:
        """What `what` gives once it is true."""
        deadline = time.monotonic() + within
        while not (seen := what()):
            assert time.monotonic() < deadline, f"never came true; the log:\n{self.said()}"
            time.sleep(0.01)
        return seen

    def says(self, status: int, word: str = "", *, within: float = 20.0) -> None:
        """Wait for this answer of /healthz."""
        self.until(lambda: self.ask()[0] == status and word in self.ask()[1], within=within)

    def report(self) -> dict[str, Any]:
        try:
            found: dict[str, Any] = json.loads(
                (self.root / "run/caretaker/status.json").read_text()
            )
        except (FileNotFoundError, json.JSONDecodeError):
            return {}
        return found

    def said(self) -> str:
        return self.log.read_text() if self.log.exists() else ""

    def lines(self, pattern: str) -> list[str]:
        return [line for line in self.said().splitlines() if re.search(pattern, line)]


def file_check(name: str, path: Path, **more: str) -> str:
    """A check that passes while a file is there."""
    extra = "".join(f"{key} = {value}\n" for key, value in more.items())
    return f'[checks.{name}]\ntype = "file"\npath = "{path}"\n{QUICK}{extra}'


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port
