"""A peer that runs: started on a port of its own, watched through /proc, ended for certain.

Owns processes and their figures: CPU seconds, memory, descriptors, context switches.
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from bench.health.peers import Peer

_TICKS = os.sysconf("SC_CLK_TCK")
_START_SECONDS = 10.0


@dataclass(frozen=True)
class Server:
    peer: Peer
    port: int
    pid: int

    def pids(self) -> list[int]:
        """The whole tree: nginx answers from a worker, we from a child."""
        found, look = [], [self.pid]
        while look:
            pid = look.pop()
            found.append(pid)
            for task in Path(f"/proc/{pid}/task").glob("*/children"):
                with contextlib.suppress(OSError):
                    look.extend(map(int, task.read_text().split()))
        return found

    def cpu_seconds(self) -> float:
        return sum(_cpu_seconds(pid) for pid in self.pids())

    def probe_child(self) -> int:
        """Our own answering process."""
        for pid in self.pids():
            if Path(f"/proc/{pid}/comm").read_text() == "caretaker-probe\n":
                return pid
        raise LookupError("no probe child")


def _cpu_seconds(pid: int) -> float:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / _TICKS


def memory_kb(pid: int) -> dict[str, int]:
    """Rss, Pss and Uss."""
    sizes: dict[str, int] = {}
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:]:
        name, value = line.split(":")
        sizes[name] = int(value.split()[0])
    private = sizes["Private_Clean"] + sizes["Private_Dirty"]
    return {"Rss": sizes["Rss"], "Pss": sizes["Pss"], "Uss": private}


def descriptors(pid: int) -> int:
    return len(os.listdir(f"/proc/{pid}/fd"))


def switches(pid: int) -> int:
    """Times it went to sleep or was put aside: every wake-up ends in one."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return sum(int(line.split()[1]) for line in lines if "ctxt_switches" in line)


def free_port() -> int:
    """One whose successor is free as well: some servers here open two."""
    while True:
        with socket.socket() as one, socket.socket() as two:
            one.bind(("127.0.0.1", 0))
            port: int = one.getsockname()[1]
            try:
                two.bind(("127.0.0.1", port + 1))
            except (OSError, OverflowError):
                continue
            return port


def pinned(cpu: int | None) -> list[str]:
    """On a machine with one CPU there is nothing to keep apart."""
    if cpu is None or cpu not in os.sched_getaffinity(0):
        return []
    return ["taskset", "-c", str(cpu)]


def answers(port: int, path: str, timeout: float = 2.0) -> int:
    """The status code of one GET over a new connection, as balancers ask; 0: none came."""
    request = f"GET {path} HTTP/1.1\r\nHost: node\r\nConnection: close\r\n\r\n".encode()
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=timeout) as peer:
            peer.sendall(request)
            head = b""
            while len(head) < 12:
                chunk = peer.recv(4096)
                if not chunk:
                    return 0
                head += chunk
            return int(head[9:12])
    except (OSError, ValueError):
        return 0


@contextlib.contextmanager
def running(peer: Peer, *, cpu: int | None = 0, good: int = 200) -> Iterator[Server]:
    """Start it, wait until it answers, and end it with everything it started."""
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="bench-health-") as name:
        os.chmod(name, 0o755)  # workers that change user must reach it
        command = [*pinned(cpu), *peer.command(port, Path(name))]
        process = subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
        )
        try:
            wait_for(port, peer.path, good, process)
            yield Server(peer, port, process.pid)
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def wait_for(port: int, path: str, good: int, process: subprocess.Popen[bytes]) -> float:
    """Seconds until it answers `good`. Raises RuntimeError when it does not start."""
    began = time.perf_counter()
    while time.perf_counter() - began < _START_SECONDS:
        if answers(port, path, timeout=1.0) == good:
            return time.perf_counter() - began
        if process.poll() is not None:
            break
        time.sleep(0.0005)
    raise RuntimeError(f"{process.args!r} did not answer {good} on port {port}")
