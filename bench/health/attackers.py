"""Clients that mean harm: half-open, idle and slow, all at once, kept up for a while.

Owns the crowd, in a process of its own, so that its work does not delay the probes that are timed.
"""

from __future__ import annotations

import multiprocessing
import multiprocessing.connection
import select
import socket
import time
from dataclasses import dataclass, field

HALF_OPEN, IDLE, SLOW = 1000, 200, 8


@dataclass
class Toll:
    """What the crowd went through."""

    opened: int = 0
    refused: int = 0
    evicted_after: list[float] = field(default_factory=list)  # seconds, half-open ones only
    idle_closed: int = 0
    still_open: int = 0  # half-open ones older than five seconds at the end


@dataclass(frozen=True)
class Plan:
    port: int
    path: str
    slow_port: int  # 0: none
    seconds: float


def besiege(plan: Plan) -> tuple[multiprocessing.Process, multiprocessing.connection.Connection]:
    """Start the crowd; it sends its Toll through the connection when `plan.seconds` are over."""
    ours, theirs = multiprocessing.Pipe(duplex=False)
    process = multiprocessing.get_context("fork").Process(target=_crowd, args=(plan, theirs))
    process.start()
    theirs.close()
    return process, ours  # type: ignore[return-value] # a ForkProcess is a Process to its user


def _crowd(plan: Plan, report: multiprocessing.connection.Connection) -> None:
    toll = Toll()
    epoll = select.epoll()
    half: dict[int, tuple[socket.socket, float]] = {}
    idle: dict[int, socket.socket] = {}
    for _ in range(IDLE):
        peer = _open(plan.port, f"GET {plan.path} HTTP/1.1\r\nHost: a\r\n\r\n".encode())
        if peer is not None:
            idle[peer.fileno()] = peer
            epoll.register(peer.fileno(), select.EPOLLIN)
    slow = [_open(plan.slow_port, b"GET /slow HTTP/1.1\r\nHost: a\r\n\r\n") for _ in range(SLOW)]
    end = time.monotonic() + plan.seconds
    while (now := time.monotonic()) < end:
        for number in range(min(50, HALF_OPEN - len(half))):
            _add(plan, epoll, half, toll, partial=bool(number % 2))
        for fd, _ in epoll.poll(0.02):
            _look(fd, half, idle, toll, epoll)
        if plan.slow_port and now % 2 < 0.03:
            slow = [_open(plan.slow_port, b"GET /slow HTTP/1.1\r\n\r\n") for _ in range(SLOW)]
    now = time.monotonic()
    toll.still_open = sum(1 for _, since in half.values() if now - since > 5)
    report.send(toll)
    del slow


def _open(port: int, raw: bytes) -> socket.socket | None:
    if not port:
        return None
    peer = socket.socket()
    peer.settimeout(0.05)
    try:
        peer.connect(("127.0.0.1", port))
        if raw:
            peer.send(raw)
    except OSError:
        peer.close()
        return None
    peer.setblocking(False)
    return peer


def _add(
    plan: Plan,
    epoll: select.epoll,
    half: dict[int, tuple[socket.socket, float]],
    toll: Toll,
    *,
    partial: bool,
) -> None:
    """Every other one is wholly silent; the rest begin a request."""
    since = time.monotonic()
    peer = _open(plan.port, b"GET /healthz HT" if partial else b"")
    if peer is None:
        toll.refused += 1
        return
    toll.opened += 1
    half[peer.fileno()] = peer, since
    epoll.register(peer.fileno(), select.EPOLLIN)


def _look(
    fd: int,
    half: dict[int, tuple[socket.socket, float]],
    idle: dict[int, socket.socket],
    toll: Toll,
    epoll: select.epoll,
) -> None:
    peer = half[fd][0] if fd in half else idle[fd]
    try:
        if peer.recv(65536):
            return
    except BlockingIOError:
        return
    except OSError:
        pass
    epoll.unregister(fd)
    if fd in half:
        toll.evicted_after.append(time.monotonic() - half.pop(fd)[1])
    else:
        del idle[fd]
        toll.idle_closed += 1
    peer.close()
