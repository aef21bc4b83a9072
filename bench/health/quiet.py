"""How much of the machine others used while something was measured.

Owns the reading of /proc/stat. A figure taken while strangers had the CPUs is a figure about them:
benches prefer the quiet parts of a run and say so when there were too few.
"""

from __future__ import annotations

import os
import resource
import time
from collections.abc import Iterable
from pathlib import Path

from bench.health.server import Server

QUIET = 0.05  # of all CPUs
_SAMPLE = 0.2  # seconds
_TICKS = os.sysconf("SC_CLK_TCK")


class Watch:
    """Started when made; `foreign` tells the share of the machine that others had since."""

    def __init__(self, servers: Iterable[Server]) -> None:
        self._servers = list(servers)
        self._began = time.monotonic()
        self._busy = _busy()
        self._own = self._ours()

    def foreign(self) -> float:
        wall = time.monotonic() - self._began
        used = _busy() - self._busy - (self._ours() - self._own)
        return max(0.0, used / (wall * (os.cpu_count() or 1)))

    def _ours(self) -> float:
        """Seconds of the servers, of this process and of those it waited for (wrk)."""
        seconds = sum(server.cpu_seconds() for server in self._servers)
        for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN):
            used = resource.getrusage(who)
            seconds += used.ru_utime + used.ru_stime
        return seconds


def calm(patience: float) -> None:
    """Wait until others leave the machine alone, `patience` seconds at most."""
    end = time.monotonic() + patience
    while time.monotonic() < end:
        watch = Watch([])
        time.sleep(_SAMPLE)
        if watch.foreign() < QUIET:
            return


def _busy() -> float:
    """Seconds of user, nice, system and stolen time; interrupts are mostly our own packets."""
    fields = Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:]
    user, nice, system, _idle, _iowait, _irq, _softirq, steal = map(int, fields[:8])
    return (user + nice + system + steal) / _TICKS
