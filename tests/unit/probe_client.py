"""A client that sends exactly the bytes it is given, and a probe plane to send them to."""

from __future__ import annotations

import contextlib
import socket
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from agent.probe.handle import ProbeHandle
from agent.probe.settings import ProbeSettings
from agent.probe.snapshot import CheckState, Snapshot
from agent.probe.start import start_child

GET = b"GET %s HTTP/1.1\r\nHost: node\r\nConnection: close\r\n\r\n"
CHECKS = (
    CheckState("db", "pass", level="live", groups=("data",)),
    CheckState("api", "pass"),
    CheckState("disk", "pass", severity="warning", groups=("data",)),
)


@dataclass(frozen=True)
class Response:
    status: int
    headers: dict[str, str]
    body: str


def snapshot(ready: str = "pass", live: str = "pass", **more: object) -> Snapshot:
    facts: dict[str, object] = {"checks": CHECKS, "groups": {"data": "pass"}, **more}
    return Snapshot(live=live, ready=ready, **facts)  # type: ignore[arg-type]


@contextlib.contextmanager
def running(**settings: object) -> Iterator[ProbeHandle]:
    """A probe child on free loopback ports, stopped at the end."""
    chosen: dict[str, object] = {"address": "127.0.0.1", "port": 0, "agent_port": 0, **settings}
    handle = start_child(ProbeSettings(**chosen))  # type: ignore[arg-type]
    try:
        yield handle
    finally:
        handle.stop()


def connect(port: int, timeout: float = 5.0) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=timeout)


def everything(peer: socket.socket) -> bytes:
    """All the peer sends until it closes; a reset counts as closing."""
    received = b""
    with contextlib.suppress(ConnectionResetError):
        while chunk := peer.recv(65536):
            received += chunk
    return received


def exchange(port: int, raw: bytes) -> bytes:
    """Send `raw`, half-close, and return everything that comes back."""
    with connect(port) as peer:
        peer.sendall(raw)
        peer.shutdown(socket.SHUT_WR)
        return everything(peer)


def parsed(raw: bytes) -> Response:
    head, _, body = raw.partition(b"\r\n\r\n")
    line, *fields = head.decode("ascii").split("\r\n")
    headers = dict(field.split(": ", 1) for field in fields)
    return Response(int(line.split(" ")[1]), headers, body.decode("ascii"))


def get(port: int, path: str) -> Response:
    return parsed(exchange(port, GET % path.encode("ascii")))


def until(true: Callable[[], bool], seconds: float = 5.0) -> bool:
    """Whether `true` became so in time."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if true():
            return True
        time.sleep(0.01)
    return true()
