"""Sending malformed requests, many at once, and watching the child survive.

Owns the assault and its accounting. One thread with an epoll loop of its own: the sender must not
be slower than what it sends to.
"""

from __future__ import annotations

import contextlib
import itertools
import select
import socket
from dataclasses import dataclass

from bench.health.malformed import malformed

_AT_ONCE = 200


@dataclass
class Outcome:
    """What came back, by the first status code of each connection."""

    answered: int = 0  # 200, 404, 503
    refused: int = 0  # 4xx and 505, other than 404
    silent: int = 0  # closed without a word: an unfinished request

    def add(self, other: Outcome) -> None:
        self.answered += other.answered
        self.refused += other.refused
        self.silent += other.silent


def assault(port: int, count: int, *, seed: int) -> Outcome:
    """Send `count` malformed requests to the loopback `port`, each on its own connection."""
    outcome = Outcome()
    requests = itertools.islice(malformed(seed), count)
    waiting: dict[int, tuple[socket.socket, bytes]] = {}
    epoll = select.epoll()
    with contextlib.closing(epoll):
        done = False
        while not done or waiting:
            while not done and len(waiting) < _AT_ONCE:
                raw = next(requests, None)
                if raw is None:
                    done = True
                    break
                peer = _send(port, raw)
                if peer is None:
                    outcome.silent += 1
                    continue
                waiting[peer.fileno()] = peer, b""
                epoll.register(peer.fileno(), select.EPOLLIN)
            for fd, _ in epoll.poll(1.0):
                _take(waiting, fd, outcome)
    return outcome


def _send(port: int, raw: bytes) -> socket.socket | None:
    peer = socket.create_connection(("127.0.0.1", port))
    peer.settimeout(5)
    try:
        peer.sendall(raw)
        peer.shutdown(socket.SHUT_WR)  # so that an unfinished request ends now, not in seconds
    except OSError:  # refused before all of it was sent
        peer.close()
        return None
    peer.setblocking(False)
    return peer


def _take(waiting: dict[int, tuple[socket.socket, bytes]], fd: int, outcome: Outcome) -> None:
    peer, head = waiting[fd]
    try:
        chunk = peer.recv(65536)
    except BlockingIOError:
        return
    except OSError:
        chunk = b""
    if chunk:
        waiting[fd] = peer, head or chunk[:16]
        return
    peer.close()
    del waiting[fd]
    code = head[9:12]
    if not head:
        outcome.silent += 1
    elif code in (b"200", b"404", b"503"):
        outcome.answered += 1
    else:
        outcome.refused += 1
