"""How much a whole bundle may take: time, bytes, and room on the disk.

Owns the account that all collectors of one bundle share, and the reasons why one is left out.
Refuses to stop anything: who runs collectors asks here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from agent.host.clock import Clock
from support.collectors.collector import LAST, LATER, SOON, Collector
from support.collectors.names import OURS

RAW = 1 << 30  # bytes before redaction and compression
_MOMENT = 0.2  # seconds; less than that begins nothing
_LEAST = 64 << 10  # bytes
# Of all there may be, what collectors of this priority leave for those before them.
_RESERVE = {SOON: 0.0, LATER: 0.05, LAST: 0.15}


def _plenty() -> int:
    return RAW


@dataclass
class Limits:
    """One bundle's account. `deadline` is a time of the host's monotonic clock.

    `room` says how many bytes of the finished file may still be written, by its size limit and the
    disk's headroom together; `packed` is how much of the raw bytes is left when they are packed.
    """

    clock: Clock
    deadline: float
    raw: int = RAW
    room: Callable[[], int] = _plenty
    packed: float = 0.2
    given: int = 0
    names: set[str] = field(default_factory=lambda: set(OURS))

    def seconds(self) -> float:
        return self.deadline - self.clock.monotonic()

    def bytes(self, priority: int) -> int:
        """Raw bytes that a collector of this priority may still give."""
        whole = min(self.raw, int((self.room() + self.given * self.packed) / self.packed))
        return int(whole * (1 - _RESERVE.get(priority, 0.0))) - self.given

    def refusal(self, collector: Collector) -> str:
        """Why this one is not even begun; empty: it may."""
        if self.seconds() < _MOMENT:
            return "the time for collecting was over"
        if self.bytes(collector.priority) < _LEAST:
            return "there was no room left"
        return ""
