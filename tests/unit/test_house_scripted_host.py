"""The scripted machine has every door of the real one, and says no to what nobody scripted."""

import inspect
from pathlib import Path

import pytest

from agent.host.clock import Clock
from agent.host.facts import Facts
from agent.host.kernel import Kernel
from agent.host.machine import Host
from agent.host.network import Network
from agent.host.systemd import Systemd
from tests import scripted_host as ours
from tests.scripted_host import Unscripted, scripted_host

PAIRS = [
    (Clock, ours.ScriptedClock, set()),
    (Facts, ours.ScriptedFacts, set()),
    (Kernel, ours.ScriptedKernel, {"text"}),  # made of `lines`
    (Network, ours.ScriptedNetwork, set()),
    (Systemd, ours.ScriptedSystemd, {"show"}),  # made of `show_all`
    (Host, ours.ScriptedHost, {"path"}),
]


@pytest.mark.parametrize(
    ("real", "fake", "inherited"), PAIRS, ids=[pair[0].__name__ for pair in PAIRS]
)
def test_no_door_of_the_real_machine_is_left_open(
    real: type, fake: type, inherited: set[str]
) -> None:
    doors = {name for name, _ in inspect.getmembers(real, inspect.isfunction) if name[0] != "_"}
    assert doors - set(vars(fake)) == inherited
    for name in doors - inherited:
        assert parameters(real, name) == parameters(fake, name)


def parameters(owner: type, name: str) -> list[str]:
    """Their types are compared by mypy, since the fake derives from the real one."""
    return list(inspect.signature(getattr(owner, name)).parameters)


def test_programs_are_found_by_their_longest_beginning(root: Path) -> None:
    host = scripted_host(root)
    host.programs["psql", "--version"] = "psql 15"
    host.programs["psql"] = 2
    host.programs["slow"] = lambda argv: ours.timed_out(argv, 5)
    assert host.run(["psql", "--version"], timeout=1).stdout == "psql 15"
    assert host.run(["psql", "-c", "select 1"], timeout=1, stdin=b"x").status == 2
    assert host.run(["slow"], timeout=5).timed_out
    assert host.asked[1] == ("psql", "-c", "select 1")
    assert host.inputs == [None, b"x", None]
    with pytest.raises(Unscripted, match="no program 'rm'"):
        host.run(["rm"], timeout=1)


def test_time_passes_only_by_hand(root: Path) -> None:
    clock = scripted_host(root).clock
    wall, ticks = clock.wall(), clock.monotonic()
    clock.sleep(5)
    clock.step(-3600)
    assert (clock.wall() - wall, clock.monotonic() - ticks) == (-3595, 5)
    assert clock.slept == [5]


def test_peers_say_their_lines(root: Path) -> None:
    network = scripted_host(root).network
    network.peers["127.0.0.1:80"] = [b"HTTP/1.1 ", b"200 OK", TimeoutError("timed out")]
    network.peers["127.0.0.1:81"] = ConnectionRefusedError(111, "Connection refused")
    with network.connect("127.0.0.1", 80, timeout=1) as wire:
        wire.send(b"GET /")
        assert wire.receive() + wire.receive() == b"HTTP/1.1 200 OK"
        with pytest.raises(TimeoutError):
            wire.receive()
        assert wire.receive() == b""
    assert (bytes(network.wires[0].sent), network.wires[0].closed) == (b"GET /", True)
    with pytest.raises(ConnectionRefusedError):
        network.connect("127.0.0.1", 81, timeout=1)
    with pytest.raises(Unscripted, match=r"127\.0\.0\.1:82"):
        network.connect("127.0.0.1", 82, timeout=1)


def test_units_and_files_of_the_kernel_are_what_the_test_says(root: Path) -> None:
    host = scripted_host(root)
    host.systemd.units["web.service"] = ours.unit("web.service", active="failed", sub="failed")
    assert host.systemd.show("web.service").active == "failed"
    assert not host.systemd.show("other.service").exists
    assert host.systemd.control("start", "web.service").ok
    assert host.systemd.controlled == [("start", "web.service")]
    host.kernel.files["/proc/loadavg"] = "0.1 0.2 0.3\n"
    assert host.kernel.text("/proc/loadavg") == "0.1 0.2 0.3\n"
    with pytest.raises(FileNotFoundError):
        host.kernel.text("/proc/none")
    assert host.path("/etc/passwd") == root / "etc/passwd"
