"""TLS on the probe port: handshakes that never wait, under the deadline of a request's head.

Owns the sessions and the certificate in use. Refuses to fail over a bad pair: a reload that can't
be loaded keeps the one in use and says so in `error`; without any, connections are closed, which
every balancer reads as down.

Loaded in the child only, and only when TLS is on: `ssl` costs 6 MB and 13 ms.
"""

from __future__ import annotations

import contextlib
import os
import select
import socket
import ssl

from agent.probe.transport import Transport

_WHOLE = 32 * 1024  # more than a TLS record, so nothing decrypted stays behind unseen by epoll
_IN, _OUT = select.EPOLLIN, select.EPOLLOUT


class Tls:
    """The sessions by descriptor."""

    def __init__(self, epoll: select.epoll, certificate: str, key: str) -> None:
        self.error = ""
        self._epoll = epoll
        self._context: ssl.SSLContext | None = None
        self._sessions: dict[int, ssl.SSLSocket] = {}
        self._shaking: set[int] = set()
        self._wants_out: set[int] = set()
        self.reload(certificate, key)

    def transport(self) -> Transport:
        return Transport(
            read=self.read, write=self.write, shut=self.shut, close=self.close, prompt=False
        )

    def reload(self, certificate: str, key: str) -> None:
        """Use this pair for new connections; one that doesn't load changes nothing but `error`."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.options |= ssl.OP_NO_RENEGOTIATION | ssl.OP_NO_COMPRESSION
        context.num_tickets = 0  # balancers open a new connection a probe; tickets are only bytes
        try:
            context.load_cert_chain(certificate, key or None, password=_no_password)
        except (OSError, ValueError) as error:
            self.error = f"{certificate}: {error}"
            return
        self._context = context
        self.error = ""

    def read(self, fd: int, size: int) -> bytes:
        session = self._session(fd)
        try:
            if fd in self._shaking:
                session.do_handshake()
                self._shaking.discard(fd)
            data = session.recv(max(size, _WHOLE))
        except ssl.SSLWantWriteError:
            self._wants_out.add(fd)
            self._epoll.modify(fd, _IN | _OUT)
            raise BlockingIOError from None
        except ssl.SSLWantReadError:
            self._calm(fd)
            raise BlockingIOError from None
        self._calm(fd)
        return data

    def write(self, fd: int, data: bytes) -> int:
        try:
            return self._session(fd).send(data)
        except (ssl.SSLWantWriteError, ssl.SSLWantReadError):
            raise BlockingIOError from None

    def shut(self, fd: int) -> None:
        self._session(fd).shutdown(socket.SHUT_WR)

    def close(self, fd: int) -> None:
        self._shaking.discard(fd)
        self._wants_out.discard(fd)
        session = self._sessions.pop(fd, None)
        if session is not None:
            session.close()
            return
        # A wrap that fails half-way has closed it already.
        with contextlib.suppress(OSError):
            os.close(fd)

    def _session(self, fd: int) -> ssl.SSLSocket:
        session = self._sessions.get(fd)
        if session is None:
            if self._context is None:
                raise OSError(self.error)
            peer = socket.socket(fileno=fd)
            peer.settimeout(0)
            # Detaches `peer`; the descriptor is the session's from here on.
            session = self._context.wrap_socket(
                peer, server_side=True, do_handshake_on_connect=False
            )
            self._sessions[fd] = session
            self._shaking.add(fd)
        return session

    def _calm(self, fd: int) -> None:
        if fd in self._wants_out:
            self._wants_out.discard(fd)
            self._epoll.modify(fd, _IN)


def _no_password() -> str:
    """An encrypted key would make OpenSSL ask on the terminal, and so wait for ever."""
    raise ValueError("the key is encrypted")
