"""Listening TCP sockets, for whoever must be reachable before anything heavy is loaded.

Owns the socket options that a port facing load balancers needs. Refuses host names (resolving one
can hang for seconds, and a probe port must open in milliseconds) and knows no protocol.

`_socket` is the C half of `socket`: the Python half costs 4 ms and 1 MB (enum, selectors), and the
probe child must answer within milliseconds of exec and stay small for the life of the machine.
"""

from __future__ import annotations

import _socket
import os

_NO = False  # os.set_blocking takes no keywords


# Seconds, which the kernel rounds to re-sent SYN-ACKs: one, after a second.
DEFERRED = 1
_BUFFER = 16 * 1024  # bytes each way, doubled by the kernel for its own accounting


def listen(address: str, port: int, *, backlog: int, brief: bool = False) -> _socket.socket:
    """A non-blocking TCP socket listening on a numeric IPv4 or IPv6 address; port 0: any free one.

    `brief`: for connections that mostly carry one request and one answer. Each is handed over with
    its first bytes, or after `DEFERRED` seconds without any, and is corked: `uncork` the ones that
    stay open. Raises OSError: the address is not numeric, not of this machine, or the port is
    taken.
    """
    family = _socket.AF_INET6 if ":" in address else _socket.AF_INET
    _socket.inet_pton(family, address)  # OSError for a name
    listener = _socket.socket(family, _socket.SOCK_STREAM | _socket.SOCK_NONBLOCK, 0)
    try:
        # A restarted daemon binds at once although connections of the old one are in TIME_WAIT.
        # Linux still refuses a second live listener, so a port really taken is noticed.
        listener.setsockopt(_socket.SOL_SOCKET, _socket.SO_REUSEADDR, 1)
        # Inherited by every accepted socket, so it costs no system call a connection.
        listener.setsockopt(_socket.IPPROTO_TCP, _socket.TCP_NODELAY, 1)
        if family == _socket.AF_INET6:
            # "::" means every address; balancers reach it by IPv4 too.
            listener.setsockopt(_socket.IPPROTO_IPV6, _socket.IPV6_V6ONLY, 0)
        if brief:
            _for_brief_connections(listener)
        listener.bind((address, port))
        listener.listen(backlog)
    except OSError:
        listener.close()
        raise
    return listener


def _for_brief_connections(listener: _socket.socket) -> None:
    """Half the CPU a probe, measured; like the others, inherited by what is accepted."""
    # Left to itself the kernel would let each peer fill megabytes, charged to our memory limit.
    listener.setsockopt(_socket.SOL_SOCKET, _socket.SO_RCVBUF, _BUFFER)
    listener.setsockopt(_socket.SOL_SOCKET, _socket.SO_SNDBUF, _BUFFER)
    # One wake-up and no fruitless read a connection. Silent clients meanwhile hold a request in
    # the kernel's SYN queue and nothing here; when that is full, SYN cookies take over and
    # connections arrive at once again.
    listener.setsockopt(_socket.IPPROTO_TCP, _socket.TCP_DEFER_ACCEPT, DEFERRED)
    # The answer leaves in one packet with the end of the connection that follows it.
    listener.setsockopt(_socket.IPPROTO_TCP, _socket.TCP_CORK, 1)


def uncork(descriptor: int) -> bool:
    """Let an answer leave although its connection stays; else the kernel holds it for 200 ms.

    False when the peer is gone already, as the next read will say too.
    """
    borrowed = _socket.socket(fileno=descriptor)
    try:
        borrowed.setsockopt(_socket.IPPROTO_TCP, _socket.TCP_CORK, 0)
    except OSError:
        return False
    finally:
        borrowed.detach()
    return True


def accept(listener: _socket.socket) -> tuple[int, str]:
    """The descriptor (non-blocking, close-on-exec) and the address of the next peer in line.

    A bare descriptor: wrapping it in a socket object costs more than the answer does. Raises
    BlockingIOError when nobody waits, and OSError (EMFILE, ENFILE, ENOMEM, ECONNABORTED).
    """
    # Half-private in CPython (socket.accept is a wrapper around it), so the stubs do not list it.
    descriptor, peer = listener._accept()  # type: ignore[attr-defined]
    os.set_blocking(descriptor, _NO)  # CPython calls accept4 without SOCK_NONBLOCK
    return descriptor, peer[0]


def bound_port(listener: _socket.socket) -> int:
    """The port the kernel gave, for sockets opened on port 0."""
    port: int = listener.getsockname()[1]
    return port
