"""Clocks: the wall, and one that never steps.

Owns every reading of time in the product. Refuses formatting beyond RFC 3339: how a time is
shown to a person is the command line's business.
"""

from __future__ import annotations

import os
import time
from datetime import UTC, datetime, tzinfo
from pathlib import Path

from agent.host import zone


class Clock:
    """The machine's clocks; a test hands in one that it moves by hand."""

    def wall(self) -> float:
        """Seconds since 1970 UTC. May step, may be wrong; never use it for a duration."""
        return time.time()

    def monotonic(self) -> float:
        """Seconds that only grow. CLOCK_BOOTTIME: a suspended VM must not look freshly checked."""
        return time.clock_gettime(time.CLOCK_BOOTTIME)

    def processor(self) -> float:
        """Seconds of it, ours and those of programs that ended (times(2))."""
        spent = os.times()
        return spent.user + spent.system + spent.children_user + spent.children_system

    def zone(self, *, environment: bool) -> tzinfo:
        """The zone of the machine's clock face, or of this process's `environment`."""
        return zone.local_zone(environment=environment)

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)

    def boot_id(self) -> str:
        """The kernel's random name for this boot (random(4)); empty where there is none."""
        try:
            return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        except OSError:
            return ""


def rfc3339(wall: float) -> str:
    """Seconds since 1970 as `2026-11-21T08:30:00Z`."""
    return datetime.fromtimestamp(wall, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
