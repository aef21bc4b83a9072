"""The event loop of the probe child.

Owns the one call that waits, and the order of things after it. Nothing else in the child blocks.
While nobody asks, it does not wake: staleness is found when a probe comes, not by a timer.
"""

from __future__ import annotations

import select
from collections.abc import Callable

from agent.probe.connection import FOREVER
from agent.probe.doorman import Doorman
from agent.probe.peers import Peers

_EVENTS_ONCE = 256


class Loop:
    """`doors` maps the descriptors that are not peers to what to do when they are readable."""

    def __init__(
        self, epoll: select.epoll, peers: Peers, doorman: Doorman, clock: Callable[[], float]
    ) -> None:
        self.running = True
        self.doors: dict[int, Callable[[float], None]] = {}
        self._epoll = epoll
        self._peers = peers
        self._doorman = doorman
        self._clock = clock

    def run(self, turn: Callable[[float], None]) -> None:
        """Until `running` is false; `turn(now)` comes before each batch of events."""
        poll, doors, peers, clock = self._epoll.poll, self.doors, self._peers, self._clock
        attend = peers.attend
        due = FOREVER
        while self.running:
            events = poll(None if due == FOREVER else max(0.0, due - clock()), _EVENTS_ONCE)
            now = peers.now = clock()
            turn(now)
            for fd, mask in events:
                door = doors.get(fd)
                if door is None:
                    attend(fd, mask)
                else:
                    door(now)
            due = self._due()
            if due <= now:
                self._overdue(now)
                due = self._due()

    def _due(self) -> float:
        return min(self._peers.phases.due(), self._doorman.paused_until)

    def _overdue(self, now: float) -> None:
        self._peers.expire()
        if self._doorman.paused_until <= now:
            self._doorman.resume()
