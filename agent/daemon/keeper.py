"""The keeper of drain and maintenance while the daemon runs.

Owns the current modes, their file, and their end. Refuses to lose a request to a full disk: the
mode holds from now on, and that it would not outlive a restart is said.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

from agent.daemon.records import Noted
from agent.errors import UsageError
from agent.health.verdict import Mode
from agent.host.clock import Clock
from agent.host.failures import FileFailure
from agent.modes import Modes, Moment, Period, period
from agent.state import StateFile


class ModeKeeper:
    """Safe from any thread."""

    def __init__(
        self,
        file: StateFile[Modes],
        clock: Clock,
        *,
        changed: Callable[[Mode], None],
        noted: Noted,
    ) -> None:
        """`changed` hears the mode that stands now; `noted` is for the ledger."""
        self._file = file
        self._clock = clock
        self._changed = changed
        self._noted = noted
        self._boot = clock.boot_id()
        self._lock = threading.Lock()
        self._complaint = ""
        self._lost = False
        self._modes = self._load()

    def announce(self) -> None:
        """Tell `changed` what stands, at the start."""
        if self._lost:
            self._lost = False
            why = "the file held no sense; a drain or maintenance declared before is forgotten"
            self._noted("state-rebuilt", target=self._file.path.name, why=why)
        self._changed(self.current().mode())

    def current(self) -> Modes:
        with self._lock:
            return self._modes.current(self._now())

    def ends_at(self) -> float:
        """Ticks at which `expire` has something to do; infinity: never."""
        now = self._now()
        with self._lock:
            return now.ticks + self._modes.ends_in(now)

    def complaint(self) -> str:
        """Why the modes would not outlive a restart; empty: they would."""
        return self._complaint

    def drain(self, *, reason: str, until: float | None, actor: str) -> None:
        self._set("drain", self._begin(reason, until, actor), actor)

    def undrain(self, *, actor: str) -> None:
        self._clear("drain", actor)

    def maintenance_on(self, *, reason: str, until: float, actor: str) -> None:
        self._set("maintenance", self._begin(reason, until, actor), actor)

    def maintenance_off(self, *, actor: str) -> None:
        self._clear("maintenance", actor)

    def expire(self) -> None:
        """End what has reached its end."""
        with self._lock:
            before = self._modes
            self._modes = before.current(self._now())
            ended = [
                name
                for name, was, is_now in (
                    ("drain", before.drained, self._modes.drained),
                    ("maintenance", before.maintenance, self._modes.maintenance),
                )
                if was is not None and is_now is None
            ]
            if not ended:
                return
            self._save()
        for name in ended:
            self._noted(f"{name}-off", why="its time was over")
        self.announce()

    def _begin(self, reason: str, until: float | None, actor: str) -> Period:
        now = self._now()
        if until is not None and until <= now.wall:
            raise UsageError("usage", "the end lies in the past", hint="give a length: --for 30m")
        return period(reason=reason, until=until, actor=actor, now=now)

    def _set(self, name: str, begun: Period, actor: str) -> None:
        with self._lock:
            drained = begun if name == "drain" else self._modes.drained
            maintenance = begun if name == "maintenance" else self._modes.maintenance
            self._modes = Modes(drained, maintenance)
            self._save()
        self._noted(f"{name}-on", why=begun.reason or "no reason given", actor=actor)
        self.announce()

    def _clear(self, name: str, actor: str) -> None:
        with self._lock:
            if name == "drain":
                self._modes = Modes(None, self._modes.maintenance)
            else:
                self._modes = Modes(self._modes.drained, None)
            self._save()
        self._noted(f"{name}-off", actor=actor)
        self.announce()

    def _now(self) -> Moment:
        return Moment(self._clock.wall(), self._clock.monotonic(), self._boot)

    def _save(self) -> None:
        try:
            self._file.save(self._modes)
            self._complaint = ""
        except FileFailure as failure:
            self._complaint = f"drain and maintenance would not outlive a restart: {failure}"

    def _load(self) -> Modes:
        try:
            self._lost = self._file.broken()
            return self._file.load() or Modes()
        except FileFailure as failure:
            self._complaint = str(failure)
            return Modes()
