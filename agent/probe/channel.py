"""Messages between the daemon and its probe child.

Owns their form: one letter, then marshal's bytes. SOCK_SEQPACKET keeps each message whole, so half
a snapshot can't be read.
"""

from __future__ import annotations

import _socket
import marshal

SNAPSHOT, ECHO, RELOAD = b"S", b"E", b"R"
_LARGEST = 256 * 1024

# Answered by family, moments of the last probe and of the last from elsewhere, HAProxy's state,
# connections, evicted, expired, stale, TLS error: see stats.ProbeStats.
Report = tuple[dict[str, int], float, float, str, int, int, int, bool, str]
EMPTY: Report = ({}, 0.0, 0.0, "", 0, 0, 0, False, "")


def send(channel: _socket.socket, message: bytes) -> bool:
    """False when the other side does not read any more, for whatever reason; never waits."""
    try:
        channel.send(message, _socket.MSG_DONTWAIT | _socket.MSG_NOSIGNAL)
    except OSError:
        return False
    return True


def receive(channel: _socket.socket) -> bytes:
    """The next message; b"" at the end. Raises BlockingIOError when there is none yet."""
    try:
        return channel.recv(_LARGEST, _socket.MSG_DONTWAIT)
    except ConnectionResetError:  # the other side closed with our last message unread
        return b""


def snapshot(number: int, wire: bytes) -> bytes:
    return SNAPSHOT + marshal.dumps((number, wire))


def read_snapshot(message: bytes) -> tuple[int, bytes]:
    number, wire = marshal.loads(message[1:])  # noqa: S302 (a private pair of sockets)
    return number, wire


def reload(certificate: str, key: str) -> bytes:
    return RELOAD + marshal.dumps((certificate, key))


def read_reload(message: bytes) -> tuple[str, str]:
    certificate, key = marshal.loads(message[1:])  # noqa: S302 (a private pair of sockets)
    return certificate, key


def echo(nonce: int, report: Report = EMPTY) -> bytes:
    """The question without a report, the answer with one."""
    return ECHO + marshal.dumps((nonce, report))


def read_echo(message: bytes) -> tuple[int, Report]:
    nonce, report = marshal.loads(message[1:])  # noqa: S302 (a private pair of sockets)
    return nonce, report
