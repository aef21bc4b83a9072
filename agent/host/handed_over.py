"""A connection that systemd accepted for us and handed over as standard input.

Owns reading one short line from it in time, asking the kernel who sent it, and answering. Refuses
to accept connections itself (systemd.socket(5), Accept=yes).
"""

from __future__ import annotations

import contextlib
import socket
import time
from types import TracebackType

from agent.host.local_sockets import peer_uid


class Caller:
    """The one at the other end. OSError where standard input is no socket."""

    def __init__(self, descriptor: int = 0) -> None:
        self._stream = socket.socket(fileno=descriptor)

    @property
    def uid(self) -> int | None:
        """As the kernel knew it when the connection was made; None off Unix sockets."""
        return peer_uid(self._stream)

    def line(self, *, cap: int, timeout: float) -> bytes | None:
        """All that was sent up to the end of the first line, within `timeout` seconds.

        None where more than `cap` bytes came, or something after the line, or no line in time.
        """
        content = b""
        deadline = time.monotonic() + timeout
        while not content.endswith(b"\n"):
            self._stream.settimeout(max(0.001, deadline - time.monotonic()))
            try:
                chunk = self._stream.recv(cap + 1 - len(content))
            except OSError:
                return None
            content += chunk
            if not chunk or len(content) > cap:
                return None
        return None if b"\n" in content[:-1] else content

    def answer(self, content: bytes, *, timeout: float) -> None:
        """Quiet where nobody waits for it any more."""
        self._stream.settimeout(timeout)
        with contextlib.suppress(OSError):
            self._stream.sendall(content)

    def __enter__(self) -> Caller:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stream.close()
