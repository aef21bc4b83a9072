"""How often the daemon may ask: so that one that was taken over can't keep the machine busy.

Owns the counting. Refuses to know the clock or files: times and the record are handed in.
"""

from __future__ import annotations

import msgspec

WINDOW = 600.0  # seconds
# For each service and remedy. A remedy has a budget of its own besides (agent/remedies).
ACTS = {"service": 5, "remedy": 15}
REFUSALS = 20  # that are written to the ledger; more would push real entries out of it


class Spent(msgspec.Struct, frozen=True):
    """When each thing was last done, in seconds of the monotonic clock."""

    times: dict[str, list[float]] = {}


def spend(spent: Spent, key: str, *, now: float, most: int) -> tuple[Spent, float]:
    """Count one more. The second value is 0.0, or the seconds until there is one left.

    What was not allowed does not count, so asking in vain does not prolong the wait.
    """
    fresh = {
        name: kept
        for name, times in spent.times.items()
        if (kept := [at for at in times if 0 <= now - at < WINDOW])
    }
    used = fresh.get(key, [])
    if len(used) >= most:
        return Spent(fresh), used[-most] + WINDOW - now
    return Spent({**fresh, key: [*used, now]}), 0.0
