"""The stopwatch: what balancers and customers see of one machine, from before a fault to after.

Owns two loops in the machine's network: one asks /healthz, one asks the application through
HAProxy, as fast as they get answers and at most every 20 ms. Refuses to know what happened.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from bench.faults.subject import BALANCED

PROBE = 8086
_PACE = 0.02  # seconds
_CLONE_NEWNET = 0x40000000  # linux/sched.h


class Watch:
    """What was seen: (moment, status) of /healthz where it changed, and each customer's answer."""

    def __init__(self, leader: int, probe: int, balanced: int) -> None:
        self._leader, self._probe, self._balanced = leader, probe, balanced
        self._over = threading.Event()
        self.healthz: list[tuple[float, int]] = []
        self.asked = 0
        self.lost = 0

    def loop_healthz(self) -> None:
        enter_network(self._leader)
        while not self._over.wait(_PACE):
            status = ask(self._probe, "/healthz")
            if not self.healthz or self.healthz[-1][1] != status:
                self.healthz.append((time.monotonic(), status))

    def loop_customer(self) -> None:
        enter_network(self._leader)
        while not self._over.wait(_PACE):
            self.asked += 1
            self.lost += ask(self._balanced, "/") != 200

    def end(self) -> None:
        self._over.set()

    def status(self) -> int:
        return self.healthz[-1][1] if self.healthz else 0

    def first(self, since: float, *, good: bool) -> float | None:
        """Seconds from `since` to the first change to 200, or away from it."""
        for at, status in self.healthz:
            if at >= since and (status == 200) == good:
                return at - since
        return None


def enter_network(leader: int) -> None:
    """Be in the network of this process; 0: stay. Only this thread: a network namespace is a
    thread's (setns(2))."""
    if not leader:
        return
    fd = os.open(f"/proc/{leader}/ns/net", os.O_RDONLY)
    try:
        if ctypes.CDLL(None, use_errno=True).setns(fd, _CLONE_NEWNET):
            raise OSError(ctypes.get_errno(), "setns")
    finally:
        os.close(fd)


@contextmanager
def watching(leader: int, probe: int = PROBE, balanced: int = BALANCED) -> Iterator[Watch]:
    """Watch until the block ends. `leader`: a process in the network to ask in; 0: ours."""
    watch = Watch(leader, probe, balanced)
    threads = [
        threading.Thread(target=watch.loop_healthz, daemon=True),
        threading.Thread(target=watch.loop_customer, daemon=True),
    ]
    for thread in threads:
        thread.start()
    try:
        yield watch
    finally:
        watch.end()
        for thread in threads:
            thread.join(5)


def ask(port: int, path: str) -> int:
    """The status of one answer; 0 where there is none."""
    request = f"GET {path} HTTP/1.0\r\nHost: localhost\r\n\r\n".encode()
    with contextlib.suppress(OSError, ValueError, IndexError):
        with socket.create_connection(("127.0.0.1", port), 2.0) as wire:
            wire.settimeout(2.0)
            wire.sendall(request)
            answer = b""
            while b"\r\n" not in answer and (chunk := wire.recv(4096)):
                answer += chunk
        return int(answer.split()[1])
    return 0
