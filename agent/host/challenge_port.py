"""A port that answers one question: what an ACME authority asks to see over HTTP (RFC 8555, 8.3).

Owns a listening socket and a thread, both only as long as the `with` lasts. It faces the network
as root, so it knows no files, no headers and no names: a path is looked up whole among the few
that were offered, and everything else is told 404 and shut. Bytes, seconds and connections have
limits. Refuses to know what the answers mean.
"""

from __future__ import annotations

import contextlib
import errno
import selectors
import socket
import threading
import time
from dataclasses import dataclass, field
from types import TracebackType

from agent.host import listener

FOLDER = "/.well-known/acme-challenge/"
_MOST = 32  # connections; an authority asks from some five places at once
_WAITING = 256  # more in the kernel's queue, so that a flood delays an authority, not drops it
_SECONDS = 5.0  # for a whole connection
_BYTES = 8192  # of a request; an authority's has some 300


@dataclass(slots=True)
class _Guest:
    stream: socket.socket
    until: float
    heard: bytearray = field(default_factory=bytearray)
    answer: bytes = b""
    told: int = 0


class ChallengePort:
    """`address` is numeric; empty means every one, IPv4 and IPv6."""

    def __init__(self, address: str, port: int) -> None:
        self._address, self._port = address, port
        self._offers: dict[bytes, bytes] = {}
        self._guests: dict[int, _Guest] = {}
        self._thread = threading.Thread(target=self._serve, name="challenge-port", daemon=True)
        self.shown = 0  # answers given that were asked for

    @property
    def port(self) -> int:
        """The one in use; where 0 was asked for, the one that the kernel chose."""
        return listener.bound_port(self._door)

    def offer(self, token: str, content: str) -> None:
        """Show `content` to whoever asks for this token. ValueError: it can't stand in a path."""
        if not token or not set(token.encode()) <= _TOKEN:
            raise ValueError("the token is not of the letters that RFC 8555 allows")
        # One assignment, so the serving thread sees all of it or nothing.
        self._offers = {**self._offers, f"{FOLDER}{token}".encode(): content.encode()}

    def __enter__(self) -> ChallengePort:
        """Raises OSError: the port is taken, or not for this user."""
        self._door = _open(self._address, self._port)
        self._selector = selectors.DefaultSelector()
        self._bell, self._ear = socket.socketpair()
        self._selector.register(self._door.fileno(), selectors.EVENT_READ)
        self._selector.register(self._ear.fileno(), selectors.EVENT_READ)
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._bell.close()
        self._thread.join()
        self._selector.close()
        self._ear.close()
        self._door.close()

    def _serve(self) -> None:
        try:
            while True:
                ready = self._selector.select(1.0 if self._guests else None)
                now = time.monotonic()
                for key, _ in ready:
                    if key.fd == self._ear.fileno():
                        return  # the bell was closed
                    if key.fd == self._door.fileno():
                        self._welcome(now)
                    elif key.fd in self._guests:
                        self._attend(self._guests[key.fd])
                for guest in [each for each in self._guests.values() if each.until < now]:
                    self._see_off(guest)
        finally:
            for guest in list(self._guests.values()):
                self._see_off(guest)

    def _welcome(self, now: float) -> None:
        try:
            descriptor, _ = listener.accept(self._door)
        except OSError as error:
            # No descriptors left: the waiting ones would wake us at once, for ever.
            if error.errno in (errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ENOBUFS):
                time.sleep(0.1)
            return
        if len(self._guests) >= _MOST:
            self._see_off(next(iter(self._guests.values())))  # who has been here longest
        self._guests[descriptor] = _Guest(socket.socket(fileno=descriptor), now + _SECONDS)
        self._selector.register(descriptor, selectors.EVENT_READ)

    def _attend(self, guest: _Guest) -> None:
        try:
            if guest.answer:
                self._tell(guest)
            else:
                self._hear(guest)
        except BlockingIOError:
            pass
        except OSError:
            self._see_off(guest)

    def _hear(self, guest: _Guest) -> None:
        chunk = guest.stream.recv(_BYTES - len(guest.heard))
        guest.heard += chunk
        # The whole head is read first: closing over unread bytes would reset the connection, and
        # could take the answer with it (RFC 9112, section 9.6).
        if b"\r\n\r\n" in guest.heard:
            guest.answer = self._answer(bytes(guest.heard))
        elif not chunk or len(guest.heard) >= _BYTES:
            self._see_off(guest)
            return
        if guest.answer:
            self._selector.modify(guest.stream.fileno(), selectors.EVENT_WRITE)

    def _tell(self, guest: _Guest) -> None:
        if guest.told < len(guest.answer):
            guest.told += guest.stream.send(guest.answer[guest.told :])
        if guest.told == len(guest.answer):
            with contextlib.suppress(OSError):
                guest.stream.shutdown(socket.SHUT_WR)
            self._see_off(guest)

    def _answer(self, head: bytes) -> bytes:
        words = head.partition(b"\r\n")[0].split(b" ")
        if len(words) != 3 or not words[2].startswith(b"HTTP/1."):
            return _response(b"400 Bad Request", b"")
        if words[0] not in (b"GET", b"HEAD"):
            return _response(b"405 Method Not Allowed", b"")
        content = self._offers.get(words[1])
        if content is None:
            return _response(b"404 Not Found", b"")
        self.shown += 1
        return _response(b"200 OK", content, bare=words[0] == b"HEAD")

    def _see_off(self, guest: _Guest) -> None:
        descriptor = guest.stream.fileno()
        self._guests.pop(descriptor, None)
        with contextlib.suppress(KeyError, ValueError):
            self._selector.unregister(descriptor)
        guest.stream.close()


_TOKEN = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")


def _open(address: str, port: int) -> socket.socket:
    if address:
        return _wrapped(address, port)
    try:
        return _wrapped("::", port)
    except OSError as error:
        if error.errno not in (errno.EAFNOSUPPORT, errno.EADDRNOTAVAIL):
            raise
    return _wrapped("0.0.0.0", port)  # noqa: S104  (the authority asks from outside; no IPv6 here)


def _wrapped(address: str, port: int) -> socket.socket:
    found = listener.listen(address, port, backlog=_WAITING)
    return socket.socket(fileno=found.detach())


def _response(status: bytes, content: bytes, *, bare: bool = False) -> bytes:
    head = (
        b"HTTP/1.1 " + status + b"\r\nContent-Type: application/octet-stream\r\n"
        b"Content-Length: " + str(len(content)).encode() + b"\r\nConnection: close\r\n\r\n"
    )
    return head if bare else head + content
