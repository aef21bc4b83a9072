"""When the bundle was made, as the machine's own clock said.

Owns where that stands. Refuses this machine's clock: the vendor looks a week later and must see
the same.
"""

from __future__ import annotations

import re

import msgspec

from support.analysers.analyser import Evidence
from support.analysers.documents import document

CLOCK = "time/clock.json"


_TICKS = re.compile(r"\[ *(\d+\.\d+)\]")


class _Wall(msgspec.Struct):
    wall: float | None = None
    up_seconds: float | None = None


def end_of(evidence: Evidence, otherwise: float) -> float:
    """Seconds since 1970."""
    found = document(evidence, CLOCK, _Wall)
    return otherwise if found is None or found.wall is None else found.wall


def since_boot(evidence: Evidence, line: str) -> float | None:
    """When a line of dmesg was written, which counts seconds of this boot; None where nobody knows.

    The count stands still while the machine sleeps, so after that it is too early.
    """
    found = _TICKS.match(line)
    clock = document(evidence, CLOCK, _Wall)
    if found is None or clock is None or clock.wall is None or clock.up_seconds is None:
        return None
    return clock.wall - clock.up_seconds + float(found.group(1))


def spell(seconds: float) -> str:
    """A length of time: `9 h`, `25 min`, `3 days`."""
    for unit, length in (("days", 86400.0), ("h", 3600.0), ("min", 60.0)):
        if seconds >= 2 * length:
            return f"{seconds / length:.0f} {unit}"
    return f"{max(seconds, 0.0):.0f} s"


def amount(count: float) -> str:
    """Bytes: `12.3 GiB`."""
    for unit in ("B", "KiB", "MiB", "GiB"):
        if abs(count) < 1024:
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1024
    return f"{count:.1f} TiB"
