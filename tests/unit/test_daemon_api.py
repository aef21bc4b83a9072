"""A real daemon asked over its Unix socket: modes, services, metrics, the end."""

import json
import signal
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.asking import post as act
from agent.errors import CaretakerError, ManifestError
from agent.layout import Layout
from tests.unit.daemon_process import QUICK, DaemonProcess, file_check

pytestmark = pytest.mark.real

SERVICE = '[services.idle]\ncommand = ["/bin/sleep", "1000"]\n'
UNIT = f'[checks.idle]\ntype = "unit"\nservice = "idle"\n{QUICK}'


@pytest.fixture
def flag(root: Path) -> Path:
    path = root / "flag"
    path.touch()
    return path


@pytest.fixture
def daemon(root: Path, flag: Path) -> Iterator[DaemonProcess]:
    made = DaemonProcess(root, file_check("flag", flag))
    yield made
    made.kill()


def get(root: Path, path: str) -> tuple[int, bytes]:
    with socket.socket(socket.AF_UNIX) as stream:
        stream.settimeout(10)
        stream.connect(str(Layout(root).api_socket))
        stream.sendall(f"GET {path} HTTP/1.0\r\n\r\n".encode())
        answer = b""
        while chunk := stream.recv(65536):
            answer += chunk
    head, _, body = answer.partition(b"\r\n\r\n")
    return int(head.split()[1]), body


def test_a_drain_outlives_even_a_kill(daemon: DaemonProcess, root: Path) -> None:
    layout = Layout(root, "shop")
    with daemon.running():
        daemon.says(200)
        act(layout, "/drain", {"reason": "new balancer"})
        daemon.says(503, "draining", within=0.5)
        assert daemon.ask("/livez")[0] == 200
    with daemon.running():
        daemon.says(503, "draining")
        modes = daemon.until(lambda: daemon.report()["modes"])
        assert modes[0]["reason"] == "new balancer"
        act(layout, "/undrain")
        daemon.says(200)
        daemon.until(lambda: "drain-off" in [each["what"] for each in daemon.report()["events"]])


def test_maintenance_ends_by_itself(daemon: DaemonProcess, root: Path, flag: Path) -> None:
    layout = Layout(root, "shop")
    with daemon.running():
        daemon.says(200)
        with pytest.raises(CaretakerError, match="length and a reason"):
            act(layout, "/maintenance/on", {"reason": "disk"})
        begun = time.monotonic()
        act(layout, "/maintenance/on", {"reason": "disk", "for": "1s"})
        daemon.says(503, "maintenance", within=0.5)
        assert daemon.ask("/livez")[0] == 200
        daemon.says(200)
        assert 0.8 < time.monotonic() - begun < 2


def test_a_broken_manifest_is_refused_to_whoever_asked(daemon: DaemonProcess, root: Path) -> None:
    with daemon.running():
        daemon.says(200)
        daemon.declare("[broken")
        with pytest.raises(ManifestError, match=r"appliance\.toml"):
            act(Layout(root), "/reload")
        assert daemon.ask()[0] == 200


def test_services_start_are_restarted_and_stop_with_it(daemon: DaemonProcess, root: Path) -> None:
    layout = Layout(root, "shop")
    layout.data.mkdir(parents=True)
    daemon.declare(UNIT, more=SERVICE)
    with daemon.running():
        daemon.says(200)
        service = daemon.until(lambda: (daemon.report()["services"] or [None])[0])
        assert service["running"]
        act(layout, "/services/idle/restart")
        daemon.until(lambda: daemon.report()["services"][0]["pid"] not in (0, service["pid"]))
        pid = daemon.report()["services"][0]["pid"]
        act(layout, "/stop")
        assert daemon.ended() == 0
    assert not Path(f"/proc/{pid}").exists()


def test_it_speaks_json_and_prometheus(daemon: DaemonProcess, root: Path, flag: Path) -> None:
    with daemon.running():
        daemon.says(200)
        for _ in range(3):
            daemon.ask()
        status, body = get(root, "/status")
        report = json.loads(body)
        assert (status, report["ready"]) == (200, "pass")
        assert report["probe"]["answered"] >= 4
        status, body = get(root, "/metrics")
        assert (status, b'caretaker_health{level="ready"} 1.0' in body) == (200, True)
        assert b"caretaker_memory_available_bytes" in body
        flag.unlink()
        daemon.says(503)
        assert get(root, "/health/detailed")[0] == 503


def test_eight_slow_callers_and_silence_delay_no_probe(daemon: DaemonProcess, root: Path) -> None:
    with daemon.running():
        daemon.says(200)
        silent = []
        for _ in range(8):
            stream = socket.socket(socket.AF_UNIX)
            stream.connect(str(Layout(root).api_socket))
            stream.sendall(b"GET /status HTTP/1.1\r\nHost:")
            silent.append(stream)
        slowest = 0.0
        for _ in range(100):
            begun = time.monotonic()
            assert daemon.ask()[0] == 200
            slowest = max(slowest, time.monotonic() - begun)
        assert slowest < 0.2
        for stream in silent:
            stream.close()
        daemon.signal(signal.SIGTERM)
        assert daemon.ended() == 0
