"""Whether any balancer still asks: a node nobody probes gets no traffic, and nobody notices.

Owns the rule of `probe.silent_after`. Asks the probe child no more often than the answer needs.
"""

from __future__ import annotations

from typing import Protocol

from agent.host.clock import Clock
from agent.probe.stats import ProbeStats


class Asked(Protocol):
    """What it needs of the probe plane."""

    def echo(self, timeout: float = 1.0) -> bool: ...

    def stats(self) -> ProbeStats: ...


class Silence:
    """`after` in seconds; 0 never complains."""

    def __init__(self, clock: Clock, after: float) -> None:
        self.after = after
        self._clock = clock
        self._since = clock.monotonic()

    def complaint(self, probe: Asked) -> str:
        """`no balancer has probed for 90 s`, or nothing."""
        if not self.after:
            return ""
        quiet = self._clock.monotonic() - self._since
        age = probe.stats().remote_probe_age
        if age is not None and age <= self.after:
            return ""
        # What is known of probes is as old as the last echo.
        if quiet > self.after and probe.echo():
            age = probe.stats().remote_probe_age
        quiet = quiet if age is None else age
        return f"no balancer has probed for {quiet:.0f} s" if quiet > self.after else ""
