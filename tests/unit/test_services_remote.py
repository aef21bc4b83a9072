"""Services by way of the daemon: its report for how they stand, its socket for acts."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from agent.errors import BusyError, CaretakerError, MachineError, UsageError
from agent.host import files, lock
from agent.layout import Layout
from agent.manifest.reader import parse
from agent.services.remote import Remote
from tests.scripted_host import ScriptedHost, scripted_host

MANIFEST = parse(
    '[appliance]\nname = "shop"\nversion = "1"\n'
    '[services.web]\ncommand = ["/bin/web"]\nrequires = ["db"]\n'
    '[services.db]\ncommand = ["/bin/db"]\n'
)
RUNNING = {
    "name": "db", "running": True, "state": "active", "pid": 7, "restarts": 1, "since": 5.0,
    "summary": "active",
}  # fmt: skip


def remote(root: Path, *, begun: bool = True) -> tuple[Remote, ScriptedHost, Layout]:
    layout = Layout(root, "shop")
    host = scripted_host(root)
    files.ensure_folder(layout.run)
    return Remote(MANIFEST, layout, host, begun=begun), host, layout


def reply(status: str, body: object) -> list[bytes]:
    head = f"HTTP/1.0 {status}\r\nContent-Type: application/json\r\n\r\n"
    return [head.encode(), msgspec.json.encode(body)]


@pytest.fixture
def daemon(root: Path) -> Iterator[None]:
    """Somebody holds the daemon's lock."""
    files.ensure_folder(Layout(root).run)
    with lock.exclusive(Layout(root).daemon_lock, purpose="test"):
        yield


def test_without_a_daemon_everything_is_stopped(root: Path) -> None:
    services, _, layout = remote(root)
    files.replace(layout.status, msgspec.json.encode({"services": [RUNNING]}))
    assert services.names() == ("db", "web")
    assert {state.state for state in services.states().values()} == {"stopped"}
    assert services.pids("db") == []


@pytest.mark.usefixtures("daemon")
def test_the_report_on_disk_says_how_they_stand(root: Path) -> None:
    services, _, layout = remote(root)
    assert services.state("db").state == "stopped", "no report yet"
    files.replace(layout.status, msgspec.json.encode({"services": [RUNNING]}))
    state = services.state("db")
    assert (state.running, state.pid, state.restarts) == (True, 7, 1)
    assert services.state("web").state == "stopped"
    files.replace(layout.status, b'{"services": [{"name": 7}]}')
    with pytest.raises(MachineError, match="report"):
        services.states()


@pytest.mark.usefixtures("daemon")
def test_before_the_start_an_earlier_daemons_report_means_nothing(root: Path) -> None:
    services, _, layout = remote(root, begun=False)
    files.replace(layout.status, msgspec.json.encode({"services": [RUNNING]}))
    assert services.state("db").state == "stopped"


@pytest.mark.parametrize("verb", ["start", "stop", "restart", "reload"])
def test_an_act_is_asked_for_and_then_the_daemon_itself(root: Path, verb: str) -> None:
    services, host, layout = remote(root)
    door = str(layout.api_socket)
    host.network.peers[door] = reply("200 OK", {"outcome": "done"})
    getattr(services, verb)("db")
    sent = bytes(host.network.wires[0].sent)
    assert sent.startswith(f"POST /services/db/{verb} HTTP/1.0\r\n".encode())
    host.network.peers[door] = reply("200 OK", {"services": [RUNNING], "more": 1})
    assert services.state("db").pid == 7


@pytest.mark.parametrize(
    ("status", "family"), [("503 x", MachineError), ("409 x", BusyError), ("400 x", UsageError)]
)
def test_a_refusal_is_the_daemons(root: Path, status: str, family: type[CaretakerError]) -> None:
    services, host, layout = remote(root)
    problem = {"title": "it did not stop", "code": "service-failed", "hint": "look"}
    host.network.peers[str(layout.api_socket)] = reply(status, problem)
    with pytest.raises(family, match="did not stop"):
        services.restart("db")


def test_a_name_that_is_none_is_not_asked_for(root: Path) -> None:
    services, host, _ = remote(root)
    with pytest.raises(UsageError):
        services.restart("sshd")
    assert host.network.wires == []
