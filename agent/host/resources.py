"""What the machine uses and has left, by the numbers of psutil.

Owns the names, which carry their units, and turning counters into rates. Refuses judgement, and
file systems that may hang: a caller that can't wait asks from a thread it can lose.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

import psutil

from agent.host.clock import Clock


class Resources:
    """Reads samples. The rates of one are those since the one before; the first has none."""

    def __init__(self, clock: Clock, disk: Path) -> None:
        self._clock = clock
        self._disk = disk
        self._last: tuple[float, dict[str, float]] | None = None
        self._own = psutil.Process()
        psutil.cpu_percent(None)  # the first call only sets the mark

    def read(self) -> dict[str, float]:
        """Name -> value. What this machine does not tell is left out. OSError."""
        memory, swap = psutil.virtual_memory(), psutil.swap_memory()
        facts: dict[str, float] = {
            "cpu_used_percent": psutil.cpu_percent(None),
            "load_1m": os.getloadavg()[0],
            "memory_total_bytes": memory.total,
            "memory_available_bytes": memory.available,
            "swap_used_bytes": swap.used,
            "agent_resident_bytes": self._own.memory_info().rss,
        }
        with contextlib.suppress(FileNotFoundError):  # before the first release is in place
            room = os.statvfs(self._disk)
            facts["disk_total_bytes"] = room.f_blocks * room.f_frsize
            facts["disk_free_bytes"] = room.f_bavail * room.f_frsize
            if room.f_files:  # btrfs has no fixed number
                facts["disk_inodes"] = room.f_files
                facts["disk_inodes_free"] = room.f_favail
        return facts | self._rates()

    def _rates(self) -> dict[str, float]:
        now, counters = self._clock.monotonic(), _counters()
        last, self._last = self._last, (now, counters)
        if last is None or now <= last[0]:
            return {}
        # A counter that fell was reset: a disk or an interface went away.
        return {
            f"{name}_bytes_per_second": max(0.0, value - last[1][name]) / (now - last[0])
            for name, value in counters.items()
            if name in last[1]
        }


def _counters() -> dict[str, float]:
    found: dict[str, float] = {}
    disk = psutil.disk_io_counters()
    if disk is not None:
        found |= {"disk_read": disk.read_bytes, "disk_written": disk.write_bytes}
    network = psutil.net_io_counters()
    if network is not None:
        found |= {"network_received": network.bytes_recv, "network_sent": network.bytes_sent}
    return found
