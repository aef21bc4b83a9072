"""Sockets as a client: connect, with every wait under one deadline.

Owns opening connections, TLS included, and resolving names. Refuses protocols: those who speak
HTTP, gRPC or PostgreSQL do it on the `Wire` they get here.
"""

from __future__ import annotations

import errno
import os
import socket
import time
from pathlib import Path
from types import TracebackType
from typing import Any

from agent.host.addresses import own_addresses
from agent.host.local_sockets import connect_unix


class Wire:
    """A connected stream on which every read and write shares one deadline.

    Raises OSError (TimeoutError when the deadline passes, ssl.SSLError for TLS).
    """

    def __init__(self, stream: socket.socket, deadline: float) -> None:
        self._stream = stream
        self._deadline = deadline

    def send(self, content: bytes) -> None:
        self._arm()
        self._stream.sendall(content)

    def receive(self, at_most: int = 65536) -> bytes:
        """Some bytes; empty at the end of the stream."""
        self._arm()
        return self._stream.recv(at_most)

    def start_tls(
        self, server_name: str, *, ca: str = "", verify: bool = True, alpn: tuple[str, ...] = ()
    ) -> None:
        """Go on in TLS. `ca` is a file of certificates; empty trusts the system's."""
        # ssl costs 5 MB; an appliance without TLS checks never pays for it.
        from agent.host.trust import client_context

        context = client_context(ca, verify=verify, alpn=alpn)
        self._arm()
        self._stream = context.wrap_socket(self._stream, server_hostname=server_name)

    def peer_certificate(self) -> bytes:
        """The server's certificate in DER; empty without TLS."""
        stream: Any = self._stream
        certificate = getattr(stream, "getpeercert", None)
        return certificate(binary_form=True) or b"" if certificate else b""

    def _arm(self) -> None:
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError("timed out")
        self._stream.settimeout(left)

    def close(self) -> None:
        self._stream.close()

    def __enter__(self) -> Wire:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


class Network:
    """Connections out of this machine; a test hands in scripted ones."""

    def connect(self, address: str, port: int, *, timeout: float) -> Wire:
        """A TCP connection within `timeout` seconds, which bounds its whole use. OSError."""
        deadline = time.monotonic() + timeout
        try:
            places = socket.getaddrinfo(_plain(address), port, type=socket.SOCK_STREAM)
        except UnicodeError as error:
            raise _no_name() from error
        for number, (family, _, _, _, place) in enumerate(places, start=1):
            # An address that swallows packets must leave time for the next one.
            left = (deadline - time.monotonic()) / (len(places) - number + 1)
            try:
                return Wire(_connected(family, place, left), deadline)
            except OSError:
                if number == len(places):
                    raise
        raise _no_name()

    def connect_unix(self, path: Path, *, timeout: float) -> Wire:
        """A connection to a Unix socket. OSError."""
        deadline = time.monotonic() + timeout
        return Wire(connect_unix(path, timeout=timeout), deadline)

    def resolve(self, name: str) -> list[str]:
        """The addresses of a name, in the resolver's order. OSError. It knows no time limit."""
        try:
            found = socket.getaddrinfo(_plain(name), None, type=socket.SOCK_STREAM)
        except UnicodeError as error:
            raise _no_name() from error
        return list(dict.fromkeys(str(each[4][0]) for each in found))

    def host_name(self) -> str:
        return socket.gethostname()

    def own_addresses(self) -> list[str]:
        """The machine's own, as others reach it."""
        return own_addresses()


def _connected(family: int, place: Any, timeout: float) -> socket.socket:
    stream = socket.socket(family, socket.SOCK_STREAM | socket.SOCK_CLOEXEC)
    try:
        if timeout <= 0:
            raise TimeoutError("timed out")
        stream.settimeout(timeout)
        stream.connect(place)
        local = stream.getsockname()
        if local[:2] == place[:2] and local == stream.getpeername():
            # Nobody listens on a port of the ephemeral range, and the kernel happened to give our
            # own end the same number: TCP's simultaneous open connects a socket to itself.
            raise ConnectionRefusedError(errno.ECONNREFUSED, os.strerror(errno.ECONNREFUSED))
        stream.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    except OSError:
        stream.close()
        raise
    return stream


def _plain(name: str) -> Any:
    """A name in ASCII as bytes: for text Python loads its IDNA codec and Unicode tables."""
    return name.encode() if name.isascii() else name


def _no_name() -> OSError:
    """The resolver's own word for what Python's codec refuses: a label empty or too long."""
    return socket.gaierror(socket.EAI_NONAME, "Not a host name")
