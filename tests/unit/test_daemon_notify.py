"""What a real daemon tells its service manager, and when (sd_notify(3))."""

import os
import signal
import socket
import threading
import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from tests.unit.daemon_process import DaemonProcess, file_check

pytestmark = pytest.mark.real
WATCHDOG = 0.9  # seconds; the daemon feeds it thrice as often


class ServiceManager:
    """The other end of $NOTIFY_SOCKET."""

    def __init__(self, place: Path) -> None:
        self.address = str(place)
        self.told: list[tuple[float, str]] = []
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(self.address)
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()

    def _listen(self) -> None:
        while message := self._socket.recv(4096):
            for line in message.decode().splitlines():
                self.told.append((time.monotonic(), line))

    def close(self) -> None:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as out:
            out.sendto(b"", self.address)
        self._thread.join(5)
        self._socket.close()

    def heard(self, line: str, *, since: float = 0.0) -> list[float]:
        """When it was told a line that begins so."""
        return [at for at, each in self.told if each.startswith(line) and at > since]


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[ServiceManager]:
    made = ServiceManager(tmp_path / "notify")
    yield made
    made.close()


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


def test_it_is_ready_only_after_the_first_verdict(
    daemon: DaemonProcess, manager: ServiceManager, root: Path
) -> None:
    slow = '[checks.slow]\ntype = "command"\ncommand = ["/bin/sleep", "0.7"]\ntimeout = "2s"\n'
    daemon.declare(file_check("flag", root / "flag") + slow)
    with daemon.running({"NOTIFY_SOCKET": manager.address}):
        daemon.says(503, "starting")
        begun = time.monotonic()
        daemon.until(lambda: manager.heard("READY=1"))
        assert manager.heard("READY=1")[0] - begun > 0.5
        assert daemon.ask()[0] == 200
        assert "STATUS=ready: 2 checks pass" in [line for _, line in manager.told]


def test_the_status_line_says_what_is_wrong(
    daemon: DaemonProcess, manager: ServiceManager, flag: Path
) -> None:
    with daemon.running({"NOTIFY_SOCKET": manager.address}):
        daemon.says(200)
        flag.unlink()
        found = daemon.until(lambda: manager.heard("STATUS=not ready: flag: "))
        assert found


def test_a_reload_begins_and_ends(daemon: DaemonProcess, manager: ServiceManager) -> None:
    with daemon.running({"NOTIFY_SOCKET": manager.address}):
        daemon.until(lambda: manager.heard("READY=1"))
        for manifest in (True, False):
            since = time.monotonic()
            if not manifest:
                daemon.declare("[broken")
            daemon.signal(signal.SIGHUP)
            daemon.until(lambda since=since: manager.heard("READY=1", since=since))  # type: ignore[misc]
            (begun,) = manager.heard("RELOADING=1", since=since)
            assert len(manager.heard("MONOTONIC_USEC=", since=since)) == 1
            assert begun <= manager.heard("READY=1", since=since)[0]


def test_it_says_that_it_stops_and_how_long_it_may_take(
    daemon: DaemonProcess, manager: ServiceManager
) -> None:
    with daemon.running({"NOTIFY_SOCKET": manager.address}):
        daemon.until(lambda: manager.heard("READY=1"))
        daemon.signal(signal.SIGTERM)
        assert daemon.ended() == 0
    assert len(manager.heard("STOPPING=1")) == 1
    assert len(manager.heard("EXTEND_TIMEOUT_USEC=")) == 1


def test_the_watchdog_is_fed_while_all_is_well(
    daemon: DaemonProcess, manager: ServiceManager
) -> None:
    usec = str(int(WATCHDOG * 1e6))
    with daemon.running({"NOTIFY_SOCKET": manager.address, "WATCHDOG_USEC": usec}):
        daemon.until(lambda: len(manager.heard("WATCHDOG=1")) >= 4)
        fed = manager.heard("WATCHDOG=1")
        assert max(later - sooner for sooner, later in pairwise(fed)) < WATCHDOG


def test_a_stopped_child_goes_unfed_and_is_replaced(
    daemon: DaemonProcess, manager: ServiceManager
) -> None:
    env = {"NOTIFY_SOCKET": manager.address, "WATCHDOG_USEC": str(int(WATCHDOG * 1e6))}
    with daemon.running(env):
        daemon.until(lambda: manager.heard("WATCHDOG=1"))
        child = daemon.child()
        os.kill(child, signal.SIGSTOP)
        stopped = time.monotonic()
        daemon.until(lambda: daemon.lines("probe child does not answer"))
        assert manager.heard("WATCHDOG=1", since=stopped + 1.2) == []
        daemon.until(lambda: daemon.lines("probe-restart: done"))
        fed_again = time.monotonic()
        daemon.until(lambda: manager.heard("WATCHDOG=1", since=fed_again))
        daemon.says(200)
        assert daemon.child() != child


def test_without_a_manager_nothing_is_told(daemon: DaemonProcess) -> None:
    with daemon.running():
        daemon.says(200)
        daemon.signal(signal.SIGTERM)
        assert daemon.ended() == 0
