"""Accepting connections, also when the machine has nothing left to accept them with.

Owns the listening sockets' turn and what happens at EMFILE, ENFILE and ENOMEM. A machine that runs
out of descriptors is exactly the one whose balancer must be told, so one descriptor is kept back
to answer with.
"""

from __future__ import annotations

import _socket
import errno
import os
import select
from collections.abc import Callable

from agent.host.listener import accept
from agent.probe.connection import FOREVER

_ACCEPT_ONCE = 64  # before those already connected have their turn
_PAUSE = 0.1  # seconds; a level-triggered listener that can't be served would spin
_EXHAUSTED = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)
_NONE = -1

Welcome = Callable[[int, str], None]  # descriptor, address of the peer


class Doorman:
    """Takes connections in. `evict()` makes room for one, `drop(fd)` closes one."""

    def __init__(
        self, epoll: select.epoll, evict: Callable[[], bool], drop: Callable[[int], None]
    ) -> None:
        self.paused_until = FOREVER
        self._epoll = epoll
        self._evict = evict
        self._drop = drop
        self._listeners: list[_socket.socket] = []
        self._reserve = _NONE
        self._keep_reserve()

    def open(self, listener: _socket.socket, welcome: Welcome) -> Callable[[float], None]:
        """Watch `listener`; the function returned accepts who waits there, and takes `now`."""
        self._listeners.append(listener)
        self._epoll.register(listener.fileno(), select.EPOLLIN)
        return lambda now: self._accept(listener, welcome, now)

    def resume(self) -> None:
        """The pause is over."""
        self.paused_until = FOREVER
        self._keep_reserve()
        for listener in self._listeners:
            self._epoll.modify(listener.fileno(), select.EPOLLIN)

    def close(self) -> None:
        for listener in self._listeners:
            listener.close()

    def _accept(self, listener: _socket.socket, welcome: Welcome, now: float) -> None:
        for _ in range(_ACCEPT_ONCE):
            try:
                fd, address = accept(listener)
            except BlockingIOError:
                return
            except OSError as error:
                if error.errno not in _EXHAUSTED:
                    continue  # the peer went, or its network did (accept(2)): the next in line
                if not self._evict():  # else the listener is still readable and comes back at once
                    self._squeeze(listener, welcome, now)
                return
            welcome(fd, address)

    def _squeeze(self, listener: _socket.socket, welcome: Welcome, now: float) -> None:
        """Answer one connection with the descriptor kept back; who can't be at once, is dropped."""
        if self._reserve != _NONE:
            os.close(self._reserve)
            self._reserve = _NONE
            try:
                fd, address = accept(listener)
            except OSError:
                pass
            else:
                welcome(fd, address)
                self._drop(fd)
        self._keep_reserve()
        if self._reserve == _NONE:
            self.paused_until = now + _PAUSE
            for waiting in self._listeners:
                self._epoll.modify(waiting.fileno(), 0)

    def _keep_reserve(self) -> None:
        if self._reserve == _NONE:
            try:
                self._reserve = os.open("/dev/null", os.O_RDONLY | os.O_CLOEXEC)
            except OSError:
                self._reserve = _NONE
