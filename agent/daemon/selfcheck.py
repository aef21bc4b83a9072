"""Whether the daemon itself works: what must hold before the watchdog is fed.

Owns the proofs and mending the probe child. Refuses to feed on a doubt: systemd's restart is the
cure for everything that can't be mended here.
"""

from __future__ import annotations

from collections.abc import Callable

from agent.daemon.desk import Desk
from agent.daemon.records import Noted
from agent.daemon.timetable import Timetable
from agent.host import bell
from agent.host.clock import Clock
from agent.probe.handle import ProbeHandle

BEAT = 10.0  # seconds between two beats of the timetable's own job
_BEATS_MISSED = 1.5
_ECHO = 1.0  # seconds the child gets to answer; it takes a hundred microseconds
_PATIENCE = 3  # silent echoes in a row that make a child a dead one
_LONGEST_PAUSE = 30.0  # seconds between two children, however quickly they die


class SelfCheck:
    """Called from the main thread only."""

    def __init__(
        self,
        clock: Clock,
        desk: Desk,
        timetable: Timetable,
        probe: ProbeHandle,
        *,
        api_alive: Callable[[], bool],
        noted: Noted,
    ) -> None:
        self._clock = clock
        self._desk = desk
        self._timetable = timetable
        self._probe = probe
        self._api_alive = api_alive
        self._noted = noted
        self._silent = 0
        self._pause = 0.0
        self._revived_at = float("-inf")

    def complaint(self) -> str:
        """What does not work; empty where all does. Takes at most some two seconds."""
        if not self._desk.responds(within=_ECHO):
            return "the health engine is stuck"
        if self._timetable.age() > BEAT * _BEATS_MISSED:
            return f"the timetable has stood still for {self._timetable.age():.0f} s"
        if not self._child_echoes():
            return "the probe child does not answer"
        if not self._api_alive():
            return "the local API has ended"
        return ""

    def mend_child(self) -> float | None:
        """Put a new probe child in the place of a dead one. Ticks to come again at, if too soon."""
        if self._probe.alive():
            return None
        now = self._clock.monotonic()
        if now < self._revived_at + self._pause:
            return self._revived_at + self._pause
        # A child that lived for a while earns a quick successor; one that dies at once does not.
        lived = now - self._revived_at
        self._pause = 1.0 if lived > 2 * _LONGEST_PAUSE else min(_LONGEST_PAUSE, 2 * self._pause)
        self._pause = max(1.0, self._pause)
        self._revived_at = now
        try:
            revived = self._probe.revive()
        except OSError as error:
            self._noted("probe-restart", outcome="failed", why=error.strerror or str(error))
            return now + self._pause
        if revived:
            self._desk.publish_again()
            self._noted("probe-restart", why="the probe child had ended")
        return None

    def _child_echoes(self) -> bool:
        if self._probe.echo(_ECHO):
            self._silent = 0
            return True
        self._silent += 1
        if self._silent >= _PATIENCE and self._probe.alive():
            self._silent = 0
            bell.end(self._probe.pid)
        return False
