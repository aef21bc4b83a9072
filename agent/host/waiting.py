"""Sleeping until something happens, without looking every so often.

Owns one wait for descriptors (ended children, their reports) and for a ring from another thread.
Refuses to know what they mean.
"""

from __future__ import annotations

import os
import selectors
import threading
from collections.abc import Hashable


class Waiting:
    """One thread waits; any thread may ring."""

    def __init__(self) -> None:
        self._selector = selectors.DefaultSelector()
        self._bell = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
        self._selector.register(self._bell, selectors.EVENT_READ)
        self._lock = threading.Lock()  # between a late ring and the end
        self._closed = False

    def add(self, descriptor: int, key: Hashable) -> None:
        self._selector.register(descriptor, selectors.EVENT_READ, key)

    def discard(self, descriptor: int) -> None:
        """Before it is closed. Nothing happens where it was never added, or is closed (-1)."""
        if descriptor >= 0 and descriptor in self._selector.get_map():
            self._selector.unregister(descriptor)

    def ring(self) -> None:
        """Quiet once it is closed."""
        with self._lock:
            if not self._closed:
                os.eventfd_write(self._bell, 1)

    def wait(self, seconds: float | None) -> list[Hashable]:
        """Keys of what became ready within `seconds`; None waits for ever."""
        ready = []
        for found, _ in self._selector.select(seconds):
            if found.fd == self._bell:
                os.eventfd_read(self._bell)
            else:
                ready.append(found.data)
        return ready

    def close(self) -> None:
        with self._lock:
            self._closed = True
            self._selector.close()
            os.close(self._bell)
