"""How bytes get in and out of one connection, plain.

Owns the record that `peers` is handed, and the plain kind of it; `tls` has the other. All calls
are non-blocking: BlockingIOError says "not now", another OSError says the peer is lost.
"""

from __future__ import annotations

import _socket
import os
from collections.abc import Callable


class Transport:
    """A record of functions. `prompt`: bytes may be there as soon as a peer is accepted."""

    __slots__ = ("close", "prompt", "read", "shut", "write")

    def __init__(
        self,
        *,
        read: Callable[[int, int], bytes],
        write: Callable[[int, bytes], int],
        shut: Callable[[int], None],
        close: Callable[[int], None],
        prompt: bool,
    ) -> None:
        self.read = read
        self.write = write
        self.shut = shut  # no more from us; the peer may still send
        self.close = close
        self.prompt = prompt


def plain() -> Transport:
    """Straight system calls on the descriptor, which are the fastest Python has."""
    return Transport(read=os.read, write=os.write, shut=shut_down, close=os.close, prompt=True)


def shut_down(descriptor: int) -> None:
    """Half-close: the peer gets its answer and end-of-file, and no reset over what it still sends.

    Raises OSError when the peer is gone already.
    """
    borrowed = _socket.socket(fileno=descriptor)
    try:
        borrowed.shutdown(_socket.SHUT_WR)
    finally:
        borrowed.detach()
