"""That the application is held still: a record that outlives whoever asked for it.

Owns `frozen.json` and its deadline. It is written before the application hears of it, and goes only
after it was let go, so that no crash in between leaves it frozen unseen. Refuses to hold or let go.
"""

from __future__ import annotations

from msgspec import Struct

from agent.host import passport
from agent.host.clock import Clock
from agent.layout import Layout
from agent.state import StateFile


class Frozen(Struct, frozen=True, kw_only=True):
    """Since when and until when. `ticks` is the deadline by the clock that never steps, of `boot`.

    `owner` is the process that must live, by pid and start; 0: nobody's, the deadline alone counts.
    """

    since: float
    until: float
    ticks: float
    boot: str
    by: str
    owner: int = 0
    owner_began: float = 0.0

    def over(self, clock: Clock) -> str:
        """Why it is over; empty while it is not."""
        if clock.boot_id() != self.boot:
            return "the machine was started anew"
        if clock.monotonic() >= self.ticks:
            return "its time was up"
        if self.owner:
            holder = passport.of(self.owner)
            same = holder is not None and abs(holder.started - self.owner_began) < 0.02
            if holder is None or not same or not holder.lives:
                return "who asked for it is gone"
        return ""


def frozen_file(layout: Layout) -> StateFile[Frozen]:
    return StateFile(layout.state / "frozen.json", Frozen)


def began(pid: int) -> float:
    """When a process of ours began, to know it again."""
    holder = passport.of(pid)
    return holder.started if holder else 0.0
