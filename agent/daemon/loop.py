"""The main thread: signals, the clock's own events, systemd's watchdog, and the end.

Owns the order of coming up and going down. Sleeps until one of them needs it.
"""

from __future__ import annotations

import gc

from agent.daemon.chronicle import headline
from agent.daemon.core import Daemon
from agent.daemon.selfcheck import BEAT
from agent.errors import CaretakerError
from agent.health.track import SLACK
from agent.health.verdict import Mode

SIGNALS = ("SIGTERM", "SIGINT", "SIGHUP", "SIGCHLD")
_ENDS = ("SIGTERM", "SIGINT")
_START_ALLOWANCE = 60.0  # seconds of systemd's 90 that a first verdict may take unannounced
_ANSWER = 0.2  # seconds
_LAST_WORDS = 5.0  # seconds for what is not written yet
_CATCH_UP = 0.5  # seconds for the looks that were due while the machine slept
_FAREWELL = 3600.0  # seconds the child may say "stopping" while services take their time


class Loop:
    """Made and run in the main thread."""

    def __init__(self, daemon: Daemon) -> None:
        self._daemon = daemon
        self._clock = daemon.host.clock
        self._systemd = daemon.host.systemd
        watchdog = self._systemd.watchdog_interval()
        self._every = min(BEAT, watchdog / 3) if watchdog else BEAT
        self._check_at = self._clock.monotonic() + self._every
        self._mend_at = 0.0
        self._ready = False

    def run(self) -> None:
        """Until somebody asks for the end; then go down in order."""
        self._announce()
        while not self._daemon.stop_wanted:
            heard = self._daemon.bell.wait(self._next() - self._clock.monotonic())
            if any(name in heard for name in _ENDS):
                break
            if "SIGHUP" in heard:
                self._reload()
            self._turn()
        self._go_down()

    def _announce(self) -> None:
        checks = self._daemon.appliance.manifest.checks.values()
        longest = max((check.timeout for check in checks), default=0.0) + SLACK
        if longest > _START_ALLOWANCE:
            allowance = int((longest + _START_ALLOWANCE) * 1e6)
            self._systemd.notify(f"EXTEND_TIMEOUT_USEC={allowance}")

    def _next(self) -> float:
        """Ticks at which something is due."""
        daemon = self._daemon
        moments = [daemon.desk.wakes_at(), daemon.keeper.ends_at(), self._check_at]
        if self._mend_at:
            moments.append(self._mend_at)
        return min(moments)

    def _turn(self) -> None:
        daemon, now = self._daemon, self._clock.monotonic()
        if now >= daemon.desk.wakes_at():
            daemon.desk.verdict()
        if now >= daemon.keeper.ends_at():
            daemon.keeper.expire()
        if not self._ready and daemon.desk.decided.is_set():
            self._ready = True
            self._systemd.notify("READY=1", f"STATUS={headline(daemon.desk.verdict())}")
            # What is there now stays: the collector need not walk it again and again.
            gc.collect()
            gc.freeze()
        self._mend_at = daemon.selfcheck.mend_child() or 0.0
        if now >= self._check_at:
            overslept = daemon.timetable.wake_if_overdue()
            self._check_at = now + (_CATCH_UP if overslept else self._every)
            if not overslept:
                self._feed()

    def _feed(self) -> None:
        daemon = self._daemon
        complaint = daemon.selfcheck.complaint()
        before = daemon.notes.get("self", "")
        daemon.notes["self"] = complaint
        if complaint and complaint != before:
            daemon.records.warn(f"the agent itself: {complaint}", code="self-check")
        if not complaint:
            self._systemd.notify("WATCHDOG=1")

    def _reload(self) -> None:
        self._systemd.notify_reloading()
        try:
            self._daemon.reload(actor="signal")
        except CaretakerError:
            pass  # Noted where it was met; what was known before still holds.
        except Exception as error:  # A defect in reading must not end an agent that works.
            self._daemon.records.broken("reload", error)
        finally:
            status = headline(self._daemon.desk.verdict())
            self._systemd.notify("READY=1", f"STATUS={status}")

    def _go_down(self) -> None:
        daemon = self._daemon
        drain = float(daemon.appliance.manifest.daemon.drain)
        daemon.stopping = True
        daemon.mending.stop()
        self._systemd.notify("STOPPING=1", f"EXTEND_TIMEOUT_USEC={int((drain + 30) * 1e6)}")
        daemon.desk.set_mode(Mode("stopping", f"draining for {drain:g} s"))
        daemon.records.noted("agent-stop", actor=daemon.stop_wanted or "signal")
        # Whoever asked over the API gets its answer, also where nothing is to be drained.
        self._drain(max(drain, _ANSWER) if daemon.stop_wanted else drain)
        daemon.timetable.stop()
        daemon.desk.farewell(_FAREWELL)
        if daemon.supervisor is not None:
            try:
                daemon.supervisor.close()
            except CaretakerError as error:
                daemon.records.noted("stop-services", outcome="failed", why=error.message)
        daemon.api.stop()
        daemon.records.refresh()
        daemon.records.finish(_LAST_WORDS)
        daemon.probe.stop()

    def _drain(self, seconds: float) -> None:
        """Say no to balancers for a while before the end; a second signal cuts it short."""
        daemon = self._daemon
        end = self._clock.monotonic() + seconds
        while (now := self._clock.monotonic()) < end:
            wake = min(end, daemon.desk.wakes_at(), self._check_at)
            if any(name in daemon.bell.wait(wake - now) for name in _ENDS):
                return
            self._turn()
