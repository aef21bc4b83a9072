"""Peers that mean harm, or know no better: each costs itself, and no probe."""

import contextlib
import os
import resource
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.host.listener import DEFERRED
from agent.probe.handle import ProbeHandle
from tests.unit.probe_client import GET, connect, everything, get, running, snapshot, until

pytestmark = pytest.mark.real


@contextlib.contextmanager
def crowd(port: int, count: int, raw: bytes = b"") -> Iterator[list[socket.socket]]:
    with contextlib.ExitStack() as stack:
        peers = [stack.enter_context(connect(port)) for _ in range(count)]
        for peer in peers:
            if raw:
                peer.sendall(raw)
        yield peers


def closed(peer: socket.socket) -> bool:
    peer.setblocking(False)
    try:
        while peer.recv(65536):
            pass
    except BlockingIOError:
        return False
    except ConnectionResetError:
        pass
    return True


def descriptors(handle: ProbeHandle) -> int:
    assert handle.echo(timeout=5)  # it has settled: closed what it inherited
    return len(os.listdir(f"/proc/{handle.pid}/fd"))


def connections(handle: ProbeHandle) -> int:
    assert handle.echo()
    return handle.stats().connections


@pytest.mark.parametrize(("raw", "deferred"), [(b"", DEFERRED), (b"GET /healthz HT", 0)])
def test_silent_clients_are_sent_away_in_time(raw: bytes, deferred: int) -> None:
    with running(head_seconds=0.5) as handle, crowd(handle.port, 20, raw) as peers:
        began = time.monotonic()
        assert not any(closed(peer) for peer in peers)
        assert until(lambda: all(closed(peer) for peer in peers))
        assert 0.3 < time.monotonic() - began - deferred < 1.0
        assert connections(handle) == 0
        assert handle.stats().expired == 20


def test_dripping_bytes_do_not_extend_the_deadline() -> None:
    with running(head_seconds=0.5) as handle, connect(handle.port) as peer:
        began = time.monotonic()
        with contextlib.suppress(OSError):
            while time.monotonic() - began < 3:
                peer.send(b"G")
                time.sleep(0.02)
        assert time.monotonic() - began < 1.0


def test_an_idle_connection_is_kept_longer_than_a_silent_one() -> None:
    with (
        running(head_seconds=0.2, idle_seconds=0.8) as handle,
        crowd(handle.port, 3, b"GET /livez HTTP/1.1\r\n\r\n") as peers,
    ):
        time.sleep(0.5)
        assert not any(closed(peer) for peer in peers)
        assert until(lambda: all(closed(peer) for peer in peers))


def test_no_room_sends_the_oldest_of_the_crowd_away() -> None:
    with running(connections=32) as handle:
        handle.publish(snapshot(), valid_for=60)
        with crowd(handle.port, 100, b"GET /") as silent:
            for _ in range(20):
                assert get(handle.port, "/healthz").status == 200
            assert until(lambda: all(closed(peer) for peer in silent[:60]))
            assert not any(closed(peer) for peer in silent[-20:])
            assert connections(handle) <= 32
            assert handle.stats().evicted >= 68


def test_an_idle_balancer_survives_a_flood_of_silence() -> None:
    with running(connections=32) as handle, connect(handle.port) as balancer:
        balancer.sendall(b"GET /livez HTTP/1.1\r\n\r\n")
        assert balancer.recv(4096)
        with crowd(handle.port, 200, b"GET /"):
            balancer.sendall(b"GET /livez HTTP/1.1\r\n\r\n")
            assert balancer.recv(4096).startswith(b"HTTP/1.1 503 ")


def test_a_peer_that_does_not_read_is_not_read_and_not_evicted_but_expires() -> None:
    with running(head_seconds=1.0, connections=8) as handle, connect(handle.port) as deaf:
        deaf.setblocking(False)
        sent = 0
        with contextlib.suppress(BlockingIOError):
            while sent < 64 << 20:
                sent += deaf.send(b"GET /livez HTTP/1.1\r\n\r\n" * 1000)
                time.sleep(0.001)
        assert sent < 64 << 20, "the child went on reading"
        with crowd(handle.port, 20, b"GET /"):
            assert get(handle.port, "/healthz").status == 503
        assert until(lambda: connections(handle) == 0)


def resident_kb(handle: ProbeHandle) -> int:
    return int(Path(f"/proc/{handle.pid}/statm").read_text().split()[1]) * 4


@pytest.mark.parametrize(
    "raw",
    [
        b"GET / HTTP/1.1\r\nA: " + b"a" * 8000,  # never whole
        b"GET /livez HTTP/1.1\r\n\r\n" * 40_000,  # never read
    ],
)
def test_a_crowd_can_not_fill_the_memory(raw: bytes) -> None:
    with running() as handle:
        assert get(handle.port, "/healthz").status == 503
        before = resident_kb(handle)
        with contextlib.ExitStack() as stack:
            for _ in range(600):
                peer = stack.enter_context(connect(handle.port))
                peer.setblocking(False)
                with contextlib.suppress(BlockingIOError, ConnectionError):
                    peer.send(raw)
            assert handle.echo(timeout=5)
            assert get(handle.port, "/healthz").status == 503
            assert resident_kb(handle) - before < 5 * 1024


def test_partial_writes_lose_nothing() -> None:
    with running() as handle, socket.socket() as peer:
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
        peer.settimeout(5)
        peer.connect(("127.0.0.1", handle.port))
        count, answers, pieces = 20_000, 0, b""
        peer.setblocking(False)
        raw = memoryview(b"GET /livez HTTP/1.1\r\n\r\n" * (count - 1) + GET % b"/livez")
        began = time.monotonic()
        while time.monotonic() - began < 30:
            with contextlib.suppress(BlockingIOError):
                raw = raw[peer.send(raw[:65536]) :] if raw else raw
            try:
                chunk = peer.recv(1500)
            except BlockingIOError:
                time.sleep(0.0002)
                continue
            if not chunk:
                break
            pieces += chunk
            *whole, pieces = pieces.split(b"HTTP/1.1 ")
            answers += sum(1 for one in whole if one)
        assert answers + 1 == count
        assert pieces.endswith(b"fail starting\n")


def test_no_descriptor_left_makes_room_from_the_crowd() -> None:
    with running() as handle:
        limit = descriptors(handle) + 8
        resource.prlimit(handle.pid, resource.RLIMIT_NOFILE, (limit, limit))
        with crowd(handle.port, 100, b"GET /"):
            for _ in range(20):
                assert get(handle.port, "/healthz").status == 503
        assert until(lambda: connections(handle) == 0)


def test_no_descriptor_left_at_all_still_answers_one_at_a_time() -> None:
    with running() as handle:
        limit = descriptors(handle)
        resource.prlimit(handle.pid, resource.RLIMIT_NOFILE, (limit, limit))
        for _ in range(20):
            assert get(handle.port, "/healthz").status == 503
        with connect(handle.port) as slow:
            slow.sendall(b"GET /")
            assert everything(slow) == b""  # can't be kept, so is dropped
        assert get(handle.port, "/healthz").status == 503


def test_the_child_holds_only_what_it_needs(tmp_path: Path) -> None:
    with open(tmp_path / "secret", "w") as secret, running() as handle:
        assert handle.echo(timeout=5)
        folder = Path(f"/proc/{handle.pid}/fd")
        held = {int(link.name): os.readlink(link) for link in folder.iterdir()}
        assert str(tmp_path / "secret") not in held.values(), secret
        assert held[0] == "/dev/null"
        # Two listeners, the channel, epoll and the descriptor kept in reserve.
        assert len([number for number in held if number > 2]) == 5
        assert Path(f"/proc/{handle.pid}/comm").read_text() == "caretaker-probe\n"
