"""HTTP questions to a port of ours that leads into the virtual machine.

Owns the bytes: a status, or why there was none; and asking anew while an older question still
hangs. Refuses bodies, redirects and TLS: `/healthz` on the probe port has none of them.
"""

from __future__ import annotations

from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from types import TracebackType
from typing import Self

from agent.host.machine import Host

_HEAD = 4096  # bytes
_PATIENCE = 3.0  # seconds for one answer
_LOOK = 0.2  # seconds until the console is looked at again
_EACH = 0.5  # seconds from one question to the next
_AT_ONCE = 7  # _PATIENCE / _EACH, and one


class Asking:
    """Asks over and over. A question that QEMU took before the machine had a network hangs until
    its time is over; the next one must not wait for it, or healthy is seen seconds late."""

    def __init__(self, host: Host, port: int, path: str) -> None:
        self._host, self._port, self._path = host, port, path
        self._pool = ThreadPoolExecutor(_AT_ONCE)
        self._hanging: set[Future[int]] = set()
        self._asked = float("-inf")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self._pool.shutdown(wait=False, cancel_futures=True)

    def has(self, status: int) -> bool:
        """Whether an answer with this status came. Takes up to _LOOK."""
        now = self._host.clock.monotonic()
        if now - self._asked >= _EACH and len(self._hanging) < _AT_ONCE:
            self._asked = now
            self._hanging.add(self._pool.submit(self._ask))
        done, self._hanging = wait(self._hanging, _LOOK, FIRST_COMPLETED)
        return any(each.result() == status for each in done)

    def _ask(self) -> int:
        return status_of(self._host, self._port, self._path, timeout=_PATIENCE)


def status_of(host: Host, port: int, path: str, *, timeout: float) -> int:
    """The status of a GET on loopback; 0 where nobody answered in HTTP. Seconds."""
    request = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n"
    try:
        with host.network.connect("127.0.0.1", port, timeout=timeout) as wire:
            wire.send(request.encode())
            head = b""
            while b"\r\n" not in head and len(head) < _HEAD and (chunk := wire.receive()):
                head += chunk
    except OSError:
        # QEMU takes the connection before the machine has a network, and drops it.
        return 0
    words = head.split(b"\r\n", 1)[0].split()
    if len(words) < 2 or not words[0].startswith(b"HTTP/1.") or not words[1].isdigit():
        return 0
    return int(words[1])
