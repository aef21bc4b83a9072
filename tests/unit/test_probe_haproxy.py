"""A real HAProxy reading every dialect it knows: checks, soft stop, agent lines with weights."""

import contextlib
import csv
import io
import shutil
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.probe.handle import ProbeHandle
from agent.probe.snapshot import Snapshot
from tests.unit.probe_client import running, snapshot, until

pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif(shutil.which("haproxy") is None, reason="needs apt-get install haproxy"),
]

CONFIGURATION = """
global
    stats socket {socket} mode 600 level admin
defaults
    mode http
    timeout connect 1s
    timeout client 5s
    timeout server 5s
backend plain
    option httpchk
    http-check send-state
    server node 127.0.0.1:{port} check inter 50ms fall 1 rise 1
backend soft
    option httpchk GET /health/haproxy
    http-check disable-on-404
    server node 127.0.0.1:{port} check inter 50ms fall 1 rise 1
backend agent
    option httpchk GET /livez
    default-server check inter 50ms fall 1 rise 1 agent-check agent-inter 50ms agent-port {agent}
    server node 127.0.0.1:{port} weight 100
"""

OK = snapshot()
WARN = snapshot("warn", reason="warn", weight=40)
DRAINING = snapshot("fail", reason="draining", weight=0, drained=True)
MAINTENANCE = snapshot("fail", reason="maintenance", weight=0)
FAILED = snapshot("fail", "fail", reason="fail", weight=0)

# What each backend must come to show: state, and weight where an agent sets it.
STORY: tuple[tuple[Snapshot, dict[str, str]], ...] = (
    (OK, {"plain": "UP", "soft": "UP", "agent": "UP 100"}),
    (WARN, {"plain": "UP", "soft": "UP", "agent": "UP 40"}),
    (DRAINING, {"plain": "DOWN", "soft": "NOLB", "agent": "DRAIN (agent) 40"}),
    (OK, {"plain": "UP", "soft": "UP", "agent": "UP 100"}),
    (MAINTENANCE, {"plain": "DOWN", "soft": "DOWN", "agent": "MAINT 100"}),
    (OK, {"plain": "UP", "soft": "UP", "agent": "UP 100"}),
    (FAILED, {"plain": "DOWN", "soft": "DOWN", "agent": "DOWN (agent) 100"}),
    (OK, {"plain": "UP", "soft": "UP", "agent": "UP 100"}),
)


@contextlib.contextmanager
def haproxy(folder: Path, handle: ProbeHandle) -> Iterator[Path]:
    """Running against the handle's ports; the path of its control socket."""
    control = folder / "control"
    text = CONFIGURATION.format(socket=control, port=handle.port, agent=handle.agent_port)
    (folder / "haproxy.cfg").write_text(text)
    process = subprocess.Popen(
        ["haproxy", "-q", "-db", "-f", str(folder / "haproxy.cfg")], stderr=subprocess.DEVNULL
    )
    try:
        assert until(control.exists)
        yield control
    finally:
        process.kill()
        process.wait()


def shown(control: Path) -> dict[str, str]:
    with socket.socket(socket.AF_UNIX) as line:
        line.connect(str(control))
        line.sendall(b"show stat\n")
        text = b"".join(iter(lambda: line.recv(65536), b"")).decode()
    rows = csv.DictReader(io.StringIO(text.lstrip("# ")))
    return {
        row["pxname"]: row["status"] + (f" {row['weight']}" if row["pxname"] == "agent" else "")
        for row in rows
        if row["svname"] == "node"
    }


def test_every_state_arrives_in_every_dialect(tmp_path: Path) -> None:
    with running() as handle, haproxy(tmp_path, handle) as control:
        for taken, expected in STORY:
            handle.publish(taken, valid_for=60)
            until(lambda expected=expected: shown(control) == expected)  # type: ignore[misc]
            assert shown(control) == expected, taken.reason
        handle.publish(OK, valid_for=0.1)
        assert until(lambda: shown(control)["plain"] == "DOWN")
        assert until(lambda: shown(control)["agent"].startswith("DOWN"))
        assert handle.echo()
        assert "plain/node" in handle.stats().server_state
        age = handle.stats().probe_age
        assert age is not None
        assert age < 5
