"""Keeping one service up, step by step: started, watched, restarted with growing pauses, ended.

Owns the course of one service, to its being left stopped where it keeps failing (`crash_loop`). A
step is a call with the time: something happened, or something is due. Refuses to sleep, to spawn
and to signal by itself: its `Hands` do, and tests hand in others.
"""

from __future__ import annotations

import signal
from enum import Enum, auto
from typing import Protocol

from agent.errors import CaretakerError
from agent.host.children import Child, Identity
from agent.services.crash_loop import STABLE, Limit, is_crash_loop

FIRST_PAUSE = 0.5  # seconds before the first restart; each further pause is twice as long
LONGEST_PAUSE = 60.0
_LOOK_AGAIN = 0.1  # seconds between two looks at processes that are told to end


class Phase(Enum):
    """Where a service stands."""

    STOPPED = auto()
    STARTING = auto()  # the child is not yet its program
    ACTIVE = auto()
    CLEARING = auto()  # the main process is gone unasked, what it left is told to end
    STOPPING = auto()
    PAUSING = auto()  # until the next try
    LEFT = auto()  # stopped though wanted: it kept failing, and waits for a person


class Hands(Protocol):
    """What the keeper needs done, for its one service."""

    def start(self) -> Child:
        """Raises CaretakerError."""
        ...

    def family(self, child: Child | None) -> list[Identity]:
        """The service's living processes, those of an earlier daemon among them."""
        ...

    def below(self, child: Child | None) -> list[Identity]:
        """Its descendants: some take a session of their own and wipe their environment."""
        ...

    def signal(self, members: list[Identity], number: signal.Signals) -> None: ...

    def reap(self, child: Child) -> None: ...

    def last_words(self) -> str:
        """The last line the service logged; empty where it said nothing."""
        ...


class Keeper:
    """One service's course. Times are seconds of the monotonic clock."""

    def __init__(
        self, name: str, stop_timeout: float, hands: Hands, limit: Limit | None = None
    ) -> None:
        """`limit`: restarts before it is left stopped; None: it is restarted for ever."""
        self.name = name
        self.limit = limit
        self.phase = Phase.STOPPED
        self.child: Child | None = None
        self.starts = 0  # of the program, counted so that a caller sees a new one
        self.restarts = 0  # those nobody asked for
        self.why = ""  # how it ended last, or why it could not be started
        self._stop_timeout = stop_timeout
        self._hands = hands
        self._wanted = False
        self._soon = False  # start again without a pause: somebody asked
        self._tries = 0
        self._restarted: list[float] = []  # by itself, since its last run that lasted
        self._begun = 0.0
        self._complaint = ""  # of the leash: why the child did not become its program
        self._due: float | None = None
        self._kill_at = 0.0

    @property
    def due(self) -> float | None:
        """When `tick` must be called at the latest; None: not before something happens."""
        return self._due

    # --- what people ask ---
    def start(self, now: float) -> None:
        self._wanted = True
        if self.phase in (Phase.STOPPED, Phase.LEFT):
            self._soon = True
            self._forget()
            # What an earlier daemon left is ended first: two at once would harm the data.
            if self._hands.family(None):
                self._end(Phase.CLEARING, now)
            else:
                self._start(now)
        elif self.phase is Phase.PAUSING:
            self._forget()
            self._start(now)
        elif self.phase in (Phase.CLEARING, Phase.STOPPING):
            self._soon = True

    def stop(self, now: float) -> None:
        self._wanted = self._soon = False
        if self.phase in (Phase.PAUSING, Phase.LEFT):
            self._settle(now)
        elif self.phase in (Phase.STARTING, Phase.ACTIVE, Phase.CLEARING):
            self._end(Phase.STOPPING, now)

    def restart(self, now: float) -> None:
        self._forget()
        if self.phase in (Phase.STARTING, Phase.ACTIVE):
            self.stop(now)
        self.start(now)

    # --- what happens ---
    def reported(self) -> None:
        """The child has become its program, or said why not; then its end follows."""
        if self.child is None:
            return
        self._complaint = self.child.said()
        if not self._complaint and self.phase is Phase.STARTING:
            self.phase = Phase.ACTIVE

    def ended(self, now: float) -> None:
        """The main process is a zombie. Its pid stays ours until its family is gone too."""
        if self.phase in (Phase.STARTING, Phase.ACTIVE):
            self._remember_why(now)
            self._end(Phase.CLEARING, now)
        else:
            self.tick(now)

    def tick(self, now: float) -> None:
        """Something may be due."""
        if self.phase is Phase.PAUSING and self._due is not None and now >= self._due:
            self.restarts += 1
            self._restarted.append(now)
            self._start(now)
        elif self.phase in (Phase.CLEARING, Phase.STOPPING):
            self._look(now)

    # --- steps ---
    def _start(self, now: float) -> None:
        self._soon = False
        self._due = None
        self._complaint = ""
        self._begun = now
        self.starts += 1
        try:
            self.child = self._hands.start()
        except CaretakerError as error:
            self.why = error.message
            self._pause(now)
            return
        self.phase = Phase.STARTING

    def _end(self, phase: Phase, now: float) -> None:
        self.phase = phase
        self._kill_at = now + self._stop_timeout
        self._hands.signal(self._hands.family(self.child), signal.SIGTERM)
        # A program waits for its own children, and one of those that is stopped never ends.
        self._hands.signal(self._hands.below(self.child), signal.SIGCONT)
        self._look(now)

    def _look(self, now: float) -> None:
        running = self.child is not None and self.child.ended() is None
        if running and now < self._kill_at:
            self._due = self._kill_at  # Its end wakes us; there is nothing to look for before.
            return
        rest = self._hands.family(self.child)
        if not rest and not running:
            self._settle(now)
            return
        if now >= self._kill_at:
            self._hands.signal([*rest, *self._hands.below(self.child)], signal.SIGKILL)
        self._due = now + _LOOK_AGAIN

    def _settle(self, now: float) -> None:
        """Nothing of it runs any more."""
        if self.child is not None:
            self._hands.reap(self.child)
            self.child = None
        self._due = None
        if not self._wanted:
            self.phase = Phase.STOPPED
        elif self._soon:
            self._start(now)
        else:
            self._pause(now)

    def _pause(self, now: float) -> None:
        if now - self._begun >= STABLE:
            self._forget()
        if self.limit and is_crash_loop(self._restarted, now, self.limit, down=True):
            self.phase = Phase.LEFT
            return
        self.phase = Phase.PAUSING
        self._due = now + pause(self._tries)
        self._tries += 1

    def _forget(self) -> None:
        """From here on failures count anew."""
        self._tries = 0
        self._restarted = []

    def _remember_why(self, now: float) -> None:
        assert self.child is not None
        if self._complaint:
            self.why = f"could not be run: {self._complaint}"
            return
        status = self.child.ended()
        words = self._hands.last_words()
        self.why = f"{how(status)} after {now - self._begun:.1f} s{f': {words}' if words else ''}"


def pause(tries: int) -> float:
    """Seconds before the next start, after this many failed ones."""
    return min(LONGEST_PAUSE, FIRST_PAUSE * 2.0 ** min(tries, 16))


def how(status: int | None) -> str:
    """An exit status, or minus a signal, in words."""
    if status is None:
        return "ended"
    if status >= 0:
        return f"exited with status {status}"
    try:
        return f"ended by {signal.Signals(-status).name}"
    except ValueError:
        return f"ended by signal {-status}"
