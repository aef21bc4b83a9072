"""Numbers as people say them in a finding's summary.

Owns amounts of storage and lengths of time. Refuses precision: the finding's `observed` has it.
"""

from __future__ import annotations

_SPANS = ((86400, "day", "days"), (3600, "hour", "hours"), (60, "minute", "minutes"))


def amount(count: float) -> str:
    """Bytes: `12.3 GiB`."""
    for unit in ("bytes", "KiB", "MiB", "GiB"):
        if abs(count) < 1024:
            return f"{count:.0f} {unit}" if unit == "bytes" else f"{count:.1f} {unit}"
        count /= 1024
    return f"{count:.1f} TiB"


def span(seconds: float) -> str:
    """A length of time: `2 days`, `1 hour`, `45 seconds`; rounded down, as what is left is."""
    seconds = abs(seconds)
    for length, one, many in _SPANS:
        if seconds >= length:
            count = int(seconds // length)
            return f"{count} {one if count == 1 else many}"
    return f"{seconds:.0f} {'second' if round(seconds) == 1 else 'seconds'}"
