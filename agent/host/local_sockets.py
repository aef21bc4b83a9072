"""Listening sockets for people and programs of this machine: Unix, and loopback.

Owns opening them safely, asking the kernel who is on the other end, and waiting for the first
caller. Refuses every other address.
"""

from __future__ import annotations

import contextlib
import os
import select
import socket
import stat
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from agent.host.failures import FileFailure

Socket = socket.socket
_BACKLOG = 64


def listen_unix(path: Path, *, mode: int) -> Socket:
    """A listening Unix socket; a dead one of an earlier run is replaced. Raises FileFailure."""
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC)
    try:
        _remove_dead(path)
        # From birth no wider than asked for: bind() makes the file with the umask's mode.
        before = os.umask(0o777 & ~mode)
        try:
            with _short(path) as address:
                listener.bind(address)
        finally:
            os.umask(before)
        listener.listen(_BACKLOG)
        listener.settimeout(0.0)
    except OSError as error:
        listener.close()
        raise FileFailure(path, "listen on", error.strerror or str(error)) from error
    return listener


def connect_unix(path: Path, *, timeout: float) -> Socket:
    """A connection to a Unix socket, however long its path. OSError."""
    stream = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC)
    try:
        stream.settimeout(timeout)
        with _short(path) as address:
            stream.connect(address)
    except OSError:
        stream.close()
        raise
    return stream


def listen_loopback(port: int) -> Socket:
    """A listening socket on 127.0.0.1. Raises OSError where the port is taken."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM | socket.SOCK_CLOEXEC)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", port))
        listener.listen(_BACKLOG)
        listener.settimeout(0.0)
    except OSError:
        listener.close()
        raise
    return listener


def peer_uid(stream: Socket) -> int | None:
    """The uid at the other end of a Unix socket, as the kernel knows it; None on TCP."""
    if stream.family != socket.AF_UNIX:
        return None
    # struct ucred: pid, uid, gid (unix(7), SO_PEERCRED), as of connect(2).
    raw = stream.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
    uid: int = struct.unpack("3i", raw)[1]
    return uid


@dataclass
class Doorbell:
    """A listener, and a way to stop waiting at it."""

    listener: Socket
    _wake: tuple[Socket, Socket] = field(default_factory=socket.socketpair)

    def wait(self) -> bool:
        """Sleep until somebody calls; False once `stop` was called."""
        ready, _, _ = select.select([self.listener, self._wake[0]], [], [])
        return self._wake[0] not in ready

    def stop(self) -> None:
        with contextlib.suppress(OSError):
            self._wake[1].send(b"x")
        self.listener.close()


def _remove_dead(path: Path) -> None:
    with contextlib.suppress(FileNotFoundError):
        if not stat.S_ISSOCK(os.lstat(path).st_mode):
            raise FileFailure(path, "listen on", "something else than a socket stands there")
        os.unlink(path)


@contextlib.contextmanager
def _short(path: Path) -> Iterator[str]:
    """A name of the socket that fits sun_path's 108 bytes (unix(7)), by way of its folder."""
    folder = os.open(path.parent, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield f"/proc/self/fd/{folder}/{path.name}"
    finally:
        os.close(folder)
