"""The local API on real sockets: who the kernel says is asking, laziness, slow clients."""

from __future__ import annotations

import os
import socket
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.api import server as api_server
from agent.api.server import ApiServer, open_server
from agent.asking import post as act
from agent.errors import MachineError, UsageError
from agent.host.clock import Clock
from agent.host.network import Network
from agent.layout import Layout
from tests.unit.test_api import Daemon

pytestmark = pytest.mark.real


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    # Deeper than the 108 bytes a Unix address may have.
    layout = Layout(tmp_path / ("deep" * 20) / ("deeper" * 10), "shop")
    layout.run.mkdir(parents=True)
    return layout


@pytest.fixture
def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.fixture
def daemon() -> Daemon:
    return Daemon()


@pytest.fixture
def server(layout: Layout, daemon: Daemon, free_port: int) -> Iterator[ApiServer]:
    server = open_server(layout, os.geteuid(), free_port)
    server.start(daemon, Clock())
    yield server
    server.stop()


def get(port: int, path: str, token: str = "") -> bytes:
    with Network().connect("127.0.0.1", port, timeout=10) as wire:
        bearer = f"Authorization: Bearer {token}\r\n" if token else ""
        wire.send(f"GET {path} HTTP/1.0\r\n{bearer}\r\n".encode())
        answer = b""
        while chunk := wire.receive():
            answer += chunk
    return answer


def test_the_kernel_vouches_for_who_asks(layout: Layout, server: ApiServer, daemon: Daemon) -> None:
    assert server.alive()
    assert act(layout, "/drain", {"reason": "test"}) == {"outcome": "done"}
    assert daemon.asked == [("drain", "test", None, f"uid {os.geteuid()}")]
    with pytest.raises(MachineError, match="no service web"):
        act(layout, "/services/web/restart")
    with pytest.raises(UsageError):
        act(layout, "/nowhere")


def test_the_socket_is_for_owner_and_group_only(layout: Layout, server: ApiServer) -> None:
    assert layout.api_socket.stat().st_mode & 0o777 == 0o660
    assert (layout.run / "api.token").stat().st_mode & 0o777 == 0o600


def test_loopback_takes_the_token(layout: Layout, server: ApiServer, free_port: int) -> None:
    token = (layout.run / "api.token").read_text().strip()
    assert b" 403 " in get(free_port, "/status").splitlines()[0]
    assert b" 200 " in get(free_port, "/status", token).splitlines()[0]


def test_a_dead_socket_of_an_earlier_run_is_replaced(
    layout: Layout, daemon: Daemon, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket(socket.AF_UNIX) as old, monkeypatch.context() as patch:
        patch.chdir(layout.run)
        old.bind("api.sock")
    server = open_server(layout, os.geteuid(), 0)
    server.start(daemon, Clock())
    try:
        assert act(layout, "/undrain") == {"outcome": "done"}
    finally:
        server.stop()


def test_silent_clients_do_not_keep_others_out(
    layout: Layout, server: ApiServer, free_port: int
) -> None:
    silent = [socket.create_connection(("127.0.0.1", free_port)) for _ in range(100)]
    try:
        begun = time.monotonic()
        act(layout, "/reload")
        assert time.monotonic() - begun < 5
    finally:
        for each in silent:
            each.close()


def test_flask_is_not_loaded_before_somebody_asks(layout: Layout) -> None:
    from agent.host.spawn import run

    code = (
        "import sys, agent.api.server as s; from pathlib import Path;"
        "from agent.layout import Layout; from agent.host.clock import Clock;"
        f"server = s.open_server(Layout(Path({str(layout.root)!r})), 0, 0);"
        "server.start(None, Clock()); print('flask' in sys.modules, 'waitress' in sys.modules);"
        "server.stop()"
    )
    here = str(Path(__file__).parents[2])
    done = run([sys.executable, "-c", code], timeout=20, env={"PYTHONPATH": here})
    assert done.stdout == "False False\n", done.stderr


def test_the_first_question_is_no_cause_for_a_warning(
    server: ApiServer, free_port: int, caplog: pytest.LogCaptureFixture
) -> None:
    get(free_port, "/status")
    assert [record.message for record in caplog.records] == []


def test_its_life_is_tried_not_believed(
    layout: Layout, server: ApiServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(api_server, "LOOP_TURNS_WITHIN", 0.2)
    assert server.alive()
    act(layout, "/undrain")
    assert server.alive()
    hangs = threading.Event()
    serving = next(counter.server for counter in server.counters if counter.server is not None)
    serving.trigger.pull_trigger(lambda: hangs.wait(5))
    assert not server.alive()
    hangs.set()
    deadline = time.monotonic() + 5
    while not server.alive():
        assert time.monotonic() < deadline
