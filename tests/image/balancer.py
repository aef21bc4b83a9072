"""HAProxy on this host, asking a virtual machine through a port of loopback.

Owns its process, its configuration and what it says of the server. Refuses to know the product: it
asks as customers' balancers do.
"""

from __future__ import annotations

import csv
import io
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from agent.host import children
from tests.image.ending import ended

CONFIGURATION = """
global
    stats socket {folder}/stats mode 600 level admin
defaults
    mode http
    timeout connect 5s
    timeout client 10s
    timeout server 10s
    timeout check 4s
frontend front
    bind 127.0.0.1:{front}
    default_backend appliance
backend appliance
    option httpchk GET /healthz
    http-check expect status 200
    server vm 127.0.0.1:{probe} check inter 1s fall 2 rise 2
"""


class Balancer:
    """One that runs. `front` is where clients would come."""

    def __init__(self, folder: Path, front: int) -> None:
        self._folder, self.front = folder, front
        self.seen: list[tuple[float, str]] = []
        """Every change of the server's state that somebody looked at, with its time."""

    def state(self) -> str:
        """`UP`, `DOWN`, or on its way: `UP 1/2`."""
        with socket.socket(socket.AF_UNIX) as line:
            line.settimeout(5)
            line.connect(f"{self._folder}/stats")
            line.sendall(b"show stat\n")
            text = b"".join(iter(lambda: line.recv(65536), b"")).decode()
        for row in csv.DictReader(io.StringIO(text.removeprefix("# "))):
            if (row["pxname"], row["svname"]) == ("appliance", "vm"):
                if not self.seen or self.seen[-1][1] != row["status"]:
                    self.seen.append((time.monotonic(), row["status"]))
                return row["status"]
        raise AssertionError("HAProxy knows no such server")

    def wait(self, status: str, *, timeout: float) -> float:
        """Until it calls the server so; how long that took."""
        begun = time.monotonic()
        while (found := self.state()) != status:
            took = time.monotonic() - begun
            assert took < timeout, f"HAProxy says {found}, not {status}, after {took:.0f} s"
            time.sleep(0.2)
        return time.monotonic() - begun


@contextmanager
def balancing(folder: Path, *, probe: int, front: int) -> Iterator[Balancer]:
    """HAProxy in front of the machine's probe port; ended after the block."""
    configuration = folder / "haproxy.cfg"
    configuration.write_text(CONFIGURATION.format(folder=folder, probe=probe, front=front))
    argv = ["haproxy", "-db", "-f", str(configuration)]
    child = children.start(
        children.Program(argv, {}, folder, folder / "haproxy.log", "image-balancer")
    )
    try:
        deadline = time.monotonic() + 10
        while not (folder / "stats").exists():
            assert time.monotonic() < deadline, (folder / "haproxy.log").read_text()
            time.sleep(0.05)
        yield Balancer(folder, front)
    finally:
        ended(child)
