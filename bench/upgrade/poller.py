"""A customer who asks ten times a second, and counts how long there was no answer.

Owns the pace and the gap. Refuses to know what is asked: the subject hands that in.
"""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from bench.faults.watch import enter_network

PACE = 0.1  # seconds


@dataclass
class Poller:
    """`seen` holds when each answer was there (ticks), and whether it was a good one."""

    asks: Callable[[], bool]
    leader: int
    seen: list[tuple[float, bool]] = field(default_factory=list)
    over: threading.Event = field(default_factory=threading.Event)

    def loop(self) -> None:
        enter_network(self.leader)
        due = time.monotonic()
        while not self.over.wait(max(0.0, due - time.monotonic())):
            # An answer that took longer does not make up for missed turns.
            due = max(due + PACE, time.monotonic())
            good = self.asks()
            self.seen.append((time.monotonic(), good))

    def gap(self) -> float:
        """Seconds between two good answers with bad ones between them, at most: as it is for who
        comes at the worst moment."""
        good = [at for at, fine in self.seen if fine]
        bad = [at for at, fine in self.seen if not fine]
        spans = [
            later - before
            for before, later in itertools.pairwise(good)
            if any(before < at < later for at in bad)
        ]
        return max(spans, default=0.0)

    def gaps(self) -> int:
        """How often it was away."""
        turns = [fine for _, fine in self.seen]
        return sum(before and not now for before, now in itertools.pairwise(turns))

    def missed(self) -> int:
        return sum(not fine for _, fine in self.seen)


@contextmanager
def polling(leader: int, *asks: Callable[[], bool]) -> Iterator[tuple[Poller, ...]]:
    """Ask each until the block ends, in the network of the process `leader`."""
    pollers = tuple(Poller(each, leader) for each in asks)
    threads = [threading.Thread(target=each.loop, daemon=True) for each in pollers]
    for thread in threads:
        thread.start()
    try:
        yield pollers
    finally:
        for each in pollers:
            each.over.set()
        for thread in threads:
            thread.join(5)
