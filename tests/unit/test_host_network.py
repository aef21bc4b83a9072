"""Connections out: one deadline for all addresses of a name, and none to ourselves."""

import errno
import socket
import time

import pytest

from agent.host.network import Network, Wire

pytestmark = pytest.mark.real


def named(monkeypatch: pytest.MonkeyPatch, *places: tuple[str, int]) -> None:
    """The name `db` has these addresses."""
    found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", place) for place in places]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *words, **more: found)


def test_the_next_address_is_tried_and_the_last_refusal_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        named(monkeypatch, ("127.0.0.2", port), ("127.0.0.1", port))
        with Network().connect("db", port, timeout=1) as wire:
            assert isinstance(wire, Wire)
    with pytest.raises(ConnectionRefusedError):
        Network().connect("db", port, timeout=1)


def test_silent_addresses_share_the_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full:
        port = full.getsockname()[1]
        fillers = [socket.socket() for _ in range(4)]
        for filler in fillers:
            filler.setblocking(False)
            filler.connect_ex(("127.0.0.1", port))
        named(monkeypatch, ("127.0.0.1", port), ("127.0.0.1", port), ("127.0.0.1", port))
        begun = time.monotonic()
        with pytest.raises(TimeoutError):
            Network().connect("db", port, timeout=0.3)
        assert time.monotonic() - begun < 0.4
        for filler in fillers:
            filler.close()


def test_a_name_that_is_none_is_an_oserror() -> None:
    for name in ("a..b", "x" * 70 + ".example", "ä" * 70):
        with pytest.raises(OSError):  # noqa: PT011 (its number differs from resolver to resolver)
            Network().connect(name, 1, timeout=1)
        with pytest.raises(OSError):  # noqa: PT011
            Network().resolve(name)


def test_a_socket_connected_to_itself_is_nobody_listening(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    make = socket.socket

    def bound(*words: int) -> socket.socket:
        """One whose own port the kernel happened to choose so."""
        made = make(*words)
        made.bind(("127.0.0.1", port))
        return made

    monkeypatch.setattr(socket, "socket", bound)
    with pytest.raises(ConnectionRefusedError) as caught:
        Network().connect("127.0.0.1", port, timeout=1)
    assert caught.value.errno == errno.ECONNREFUSED
