"""The desk: where looks come in and the verdict goes out, one at a time.

Owns the engine's lock, and the rule that every event ends in a published verdict with a deadline.
What is done under the lock never waits: no file, no log, no answer from anyone.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from agent.daemon.publishing import reduce
from agent.findings import Finding
from agent.health.engine import Changes, Engine
from agent.health.verdict import Mode, Verdict
from agent.host.clock import Clock
from agent.manifest.checks import Check
from agent.probe.snapshot import Snapshot

Heard = Callable[[Verdict | None, Verdict], None]
_MOMENT = 0.01  # seconds; sooner than this is the same time


class Publishes(Protocol):
    """What the desk needs of the probe plane (`agent.probe.handle.ProbeHandle`)."""

    def publish(self, snapshot: Snapshot, *, valid_for: float) -> None: ...


class Desk:
    """The health of one appliance. Safe from any thread."""

    def __init__(
        self,
        checks: Mapping[str, Check],
        groups: Mapping[str, Sequence[str]],
        *,
        clock: Clock,
        probe: Publishes,
        heard: Heard,
        sooner: Callable[[], None],
    ) -> None:
        """`heard(old, new)` is told of each change of the verdict, under the lock, in order.

        `sooner()` is called when `wakes_at` moved to an earlier time than it last said.
        """
        self.decided = threading.Event()
        self._lock = threading.Lock()
        self._clock = clock
        self._probe = probe
        self._heard = heard
        self._sooner = sooner
        self._groups = groups
        self._engine = Engine(checks, groups, clock.monotonic())
        self._mode = Mode()
        self._notice = ""
        self._verdict: Verdict | None = None
        self._snapshot: Snapshot | None = None
        self._changes_at = 0.0
        self._told = float("inf")
        self._over = False
        with self._lock:
            self._evaluate()

    def look(self, name: str, check: Check, look: Callable[[], Finding]) -> float | None:
        """Make one look and take in what it saw. When to look again.

        None: there is no such check, or it is declared otherwise by now.
        """
        with self._lock:
            track = self._engine.begin(name, check, self._clock.monotonic())
            self._vouch()
        if track is None:
            return None
        finding = look()
        with self._lock:
            following = self._engine.record(track, finding, self._clock.monotonic())
            self._evaluate()
        return following

    def set_mode(self, mode: Mode) -> None:
        """Put this above the checks from now on."""
        with self._lock:
            self._mode = mode
            self._evaluate()

    def set_notice(self, notice: str) -> None:
        """Something of the agent's own that a person should see to; empty: nothing."""
        with self._lock:
            if notice != self._notice:
                self._notice = notice
                self._evaluate()

    def replace(self, checks: Mapping[str, Check], groups: Mapping[str, Sequence[str]]) -> Changes:
        """Watch these checks from now on; see `Engine.replace`."""
        with self._lock:
            changes = self._engine.replace(checks, groups, self._clock.monotonic())
            self._groups = groups
            self._evaluate()
            return changes

    def verdict(self) -> Verdict:
        """As of now, ages included."""
        with self._lock:
            return self._evaluate()

    def wakes_at(self) -> float:
        """Ticks at which `verdict` should be asked for, because it changes by itself."""
        with self._lock:
            self._told = self._changes_at
            return self._told

    def publish_again(self) -> None:
        """Tell a new probe child what the old one knew."""
        self.verdict()

    def farewell(self, seconds: float) -> None:
        """Let the child repeat the verdict while nobody looks any more; nothing follows."""
        with self._lock:
            self._evaluate()
            self._over = True
            if self._snapshot is not None:
                self._probe.publish(self._snapshot, valid_for=seconds)

    def responds(self, within: float) -> bool:
        """Whether the lock is to be had, for the watchdog."""
        if not self._lock.acquire(timeout=within):
            return False
        self._lock.release()
        return True

    def _evaluate(self) -> Verdict:
        now = self._clock.monotonic()
        old, new = self._verdict, self._engine.verdict(now, self._mode, self._notice)
        self._changes_at = self._engine.changes_at(now)
        changed = old is None or old.gist != new.gist
        self._verdict = new
        if changed or self._snapshot is None:
            self._snapshot = reduce(new, self._groups)
        self._vouch()
        if new.decided:
            self.decided.set()
        if changed:
            self._heard(old, new)
        if self._changes_at < self._told - _MOMENT:
            self._told = self._changes_at
            self._sooner()
        return new

    def _vouch(self) -> None:
        """Publish what is known, for as long as the engine vouches for it."""
        now = self._clock.monotonic()
        # What went stale since the last evaluation must not be repeated as if it had not.
        if self._snapshot is not None and not self._over and now <= self._changes_at:
            left = self._engine.valid_until(now) - now
            self._probe.publish(self._snapshot, valid_for=max(0.0, left))
