"""The probe child on real loopback sockets: protocol, publishing, statistics."""

import socket
import time
from collections.abc import Iterator

import pytest

from agent.errors import MachineError
from agent.host.listener import listen
from agent.probe.handle import ProbeHandle
from agent.probe.settings import ProbeSettings
from agent.probe.start import start_child
from tests.unit.probe_client import (
    GET,
    connect,
    everything,
    exchange,
    get,
    parsed,
    running,
    snapshot,
    until,
)

pytestmark = pytest.mark.real


@pytest.fixture(scope="module")
def shared() -> Iterator[ProbeHandle]:
    with running() as handle:
        yield handle


@pytest.fixture
def plane(shared: ProbeHandle) -> ProbeHandle:
    shared.publish(snapshot(), valid_for=60)
    return shared


def test_starting_until_the_first_publication() -> None:
    with running() as handle:
        assert (get(handle.port, "/healthz").status, get(handle.port, "/livez").status) == (
            503,
            503,
        )
        assert get(handle.port, "/readyz/db").body == "fail starting\n"
        handle.publish(snapshot(), valid_for=60)
        assert get(handle.port, "/healthz").status == 200


def test_publishing_changes_every_next_answer(plane: ProbeHandle) -> None:
    for _ in range(50):
        plane.publish(snapshot(), valid_for=60)
        assert get(plane.port, "/healthz").status == 200
        plane.publish(snapshot("fail", reason="fail", weight=0), valid_for=60)
        assert get(plane.port, "/healthz").status == 503


def test_publishing_changes_what_a_kept_connection_hears(plane: ProbeHandle) -> None:
    request = b"GET /healthz HTTP/1.1\r\n\r\n"
    with connect(plane.port) as peer:
        for ready, status in (("pass", b"200"), ("fail", b"503"), ("warn", b"200")):
            plane.publish(snapshot(ready, reason=ready), valid_for=60)
            peer.sendall(request)
            assert peer.recv(4096).split(b" ")[1] == status


def test_the_body_is_the_same_to_the_byte_while_nothing_changes(plane: ProbeHandle) -> None:
    bodies = set()
    for _ in range(20):
        plane.publish(snapshot(), valid_for=60)
        bodies.add(exchange(plane.port, GET % b"/healthz"))
    assert len(bodies) == 1


@pytest.mark.parametrize("path", ["/healthz", "/livez", "/readyz/api", "/health/azure", "/nobody"])
@pytest.mark.parametrize("version", [b"1.0", b"1.1"])
def test_get_head_and_options_have_one_status(
    plane: ProbeHandle, path: str, version: bytes
) -> None:
    plane.publish(snapshot("fail", reason="fail"), valid_for=60)
    end = b" HTTP/%s\r\nConnection: close\r\n\r\n" % version
    answers = [
        parsed(exchange(plane.port, method + b" " + path.encode() + end))
        for method in (b"GET", b"HEAD", b"OPTIONS")
    ]
    assert len({answer.status for answer in answers}) == 1
    assert [bool(answer.body) for answer in answers] == [True, False, True]


def test_haproxys_default_check(plane: ProbeHandle) -> None:
    raw = exchange(plane.port, b"OPTIONS / HTTP/1.0\r\n\r\n")
    assert raw.startswith(b"HTTP/1.0 200 OK\r\n")


def test_any_host_and_none(plane: ProbeHandle) -> None:
    for host in (b"", b"Host: 169.254.1.1:1\r\n", b"Host: evil.example\r\nHost: b\r\n"):
        raw = b"GET /healthz HTTP/1.1\r\n%sConnection: close\r\n\r\n" % host
        assert parsed(exchange(plane.port, raw)).status == 200


def test_a_kept_connection_serves_many(plane: ProbeHandle) -> None:
    began = time.monotonic()
    with connect(plane.port) as peer:
        for _ in range(100):
            peer.sendall(b"GET /healthz HTTP/1.1\r\n\r\n")
            assert peer.recv(4096).endswith(b"\r\n\r\npass\n")
    assert time.monotonic() - began < 5, "each answer waited in the kernel for more"


def test_pipelined_requests_are_answered_in_order(plane: ProbeHandle) -> None:
    paths = [b"/livez", b"/nobody", b"/health/azure", b"/readyz/db"] * 40
    raw = b"".join(b"GET %s HTTP/1.1\r\n\r\n" % path for path in paths) + GET % b"/healthz"
    answers = exchange(plane.port, raw)
    statuses = [part[:3] for part in answers.split(b"HTTP/1.1 ")[1:]]
    assert statuses == [b"200", b"404", b"200", b"200"] * 40 + [b"200"]
    assert answers.endswith(b"pass\n")


def test_a_request_in_single_bytes(plane: ProbeHandle) -> None:
    with connect(plane.port) as peer:
        peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for byte in GET % b"/livez":
            peer.send(bytes([byte]))
            time.sleep(0.0005)
        assert parsed(everything(peer)).status == 200


def test_a_half_closed_client_still_gets_its_answer(plane: ProbeHandle) -> None:
    assert parsed(exchange(plane.port, b"GET /healthz HTTP/1.1\r\n\r\n")).status == 200


def test_a_body_is_ignored_and_its_sender_hears_the_answer(plane: ProbeHandle) -> None:
    smuggled = GET % b"/livez"
    for length in (len(smuggled), 200_000):
        body = smuggled + b"x" * (length - len(smuggled))
        head = b"POST /healthz HTTP/1.1\r\nContent-Length: %d\r\n\r\n" % length
        raw = exchange(plane.port, head + body)
        assert raw.count(b"HTTP/1.1 ") == 1
        assert parsed(raw).status == 405


def test_an_unfinished_request_gets_nothing(plane: ProbeHandle) -> None:
    assert exchange(plane.port, b"GET /healthz HTT") == b""
    assert exchange(plane.port, b"") == b""


def test_headers_beyond_the_cap_are_refused(plane: ProbeHandle) -> None:
    raw = exchange(plane.port, b"GET / HTTP/1.1\r\nA: " + b"a" * 8200)
    assert parsed(raw).status == 431


def test_the_agent_port_says_one_line(plane: ProbeHandle) -> None:
    assert plane.agent_port is not None
    for taken, line in (
        (snapshot(), b"up ready 100%\n"),
        (snapshot("fail", reason="maintenance", weight=0), b"up maint\n"),
    ):
        plane.publish(taken, valid_for=60)
        with connect(plane.agent_port) as peer:
            assert everything(peer) == line
        with connect(plane.agent_port) as peer:
            peer.sendall(b"backend name\n" * 100)  # agent-send
            assert everything(peer) == line


def test_echo_and_statistics(plane: ProbeHandle) -> None:
    assert plane.alive()
    assert plane.echo()
    before = plane.stats()
    raw = b"OPTIONS / HTTP/1.0\r\nX-Haproxy-Server-State: UP 2/3; name=b/s\r\n\r\n"
    exchange(plane.port, raw)
    get(plane.port, "/livez")
    assert plane.echo()
    after = plane.stats()
    assert after.answered["ready"] == before.answered["ready"] + 1
    assert after.answered["live"] == before.answered["live"] + 1
    assert after.server_state == "UP 2/3; name=b/s"
    assert after.probe_age is not None
    assert after.probe_age < 5
    assert after.remote_probe_age is None  # everything here came from this machine
    assert not after.stale


def test_a_taken_port_is_an_error_with_a_hint() -> None:
    with running() as handle, pytest.raises(MachineError) as caught:
        start_child(ProbeSettings(address="127.0.0.1", port=handle.port))
    assert caught.value.code == "port-taken"
    assert str(handle.port) in caught.value.message
    assert str(handle.port) in caught.value.hint


def test_a_name_is_not_an_address() -> None:
    with pytest.raises(OSError, match="illegal IP"):
        listen("localhost", 0, backlog=1)


def test_the_first_port_is_closed_again_when_the_second_is_taken() -> None:
    with running() as handle:
        free = listen("127.0.0.1", 0, backlog=1)
        port = free.getsockname()[1]
        free.close()
        with pytest.raises(MachineError):
            start_child(ProbeSettings(address="127.0.0.1", port=port, agent_port=handle.agent_port))
        listen("127.0.0.1", port, backlog=1).close()


def test_ipv6_serves_both_families() -> None:
    with running(address="::") as handle:
        assert get(handle.port, "/healthz").status == 503
        with socket.create_connection(("::1", handle.port), timeout=5) as peer:
            peer.sendall(GET % b"/healthz")
            assert everything(peer).startswith(b"HTTP/1.1 503 ")


def test_an_equal_snapshot_wakes_nobody(plane: ProbeHandle) -> None:
    assert plane.echo()

    def switches() -> int:
        with open(f"/proc/{plane.pid}/status") as status:
            return sum(int(line.split()[1]) for line in status if "ctxt_switches" in line)

    assert until(lambda: not plane.stats().connections or plane.echo())
    time.sleep(0.05)
    before = switches()
    for _ in range(100):
        plane.publish(snapshot(), valid_for=60)
    time.sleep(0.2)
    assert switches() == before
