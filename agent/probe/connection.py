"""Connections that could not be answered at once, and how long each may take.

Owns the phases of a connection and the order in which their patience runs out. Knows no socket
and no clock: descriptors and moments are handed in.
"""

from __future__ import annotations

from collections import OrderedDict

FOREVER = float("inf")


class Connection:
    """One peer. `since` is when its present phase began; `fd` its descriptor."""

    __slots__ = ("buffer", "fate", "fd", "out", "phase", "remote", "since")

    def __init__(self, fd: int, *, remote: bool) -> None:
        self.fd = fd
        self.remote = remote  # not from this machine itself
        self.phase: Phase | None = None
        self.since = 0.0
        self.buffer = b""  # read, but not a whole request yet
        self.out = b""  # answered, but the peer has not taken it yet
        self.fate = 0


class Phase:
    """Connections that wait for the same thing, longest-waiting first.

    All have the same patience, so the order of arrival is the order of the deadlines and no heap
    is needed.
    """

    __slots__ = ("_line", "patience")

    def __init__(self, patience: float) -> None:
        self.patience = patience  # seconds
        # Not a plain dict: taking from the front of one is linear in what was taken before.
        self._line: OrderedDict[int, Connection] = OrderedDict()

    def __len__(self) -> int:
        return len(self._line)

    def enter(self, one: Connection, now: float) -> None:
        """Move `one` here, to the end, from wherever it was."""
        if one.phase is self:
            self._line.move_to_end(one.fd)
        else:
            if one.phase is not None:
                one.phase.leave(one)
            one.phase = self
            self._line[one.fd] = one
        one.since = now

    def leave(self, one: Connection) -> None:
        del self._line[one.fd]
        one.phase = None

    def oldest(self) -> Connection | None:
        return next(iter(self._line.values())) if self._line else None

    def due(self) -> float:
        """The moment the first of them has waited long enough; FOREVER when nobody waits."""
        oldest = self.oldest()
        return oldest.since + self.patience if oldest else FOREVER


class Phases:
    """The four things a connection can wait for."""

    __slots__ = ("all", "asking", "idle", "leaving", "taking")

    def __init__(self, *, head_seconds: float, idle_seconds: float) -> None:
        self.asking = Phase(head_seconds)  # its request has not arrived whole
        self.idle = Phase(idle_seconds)  # kept alive between two requests
        self.taking = Phase(head_seconds)  # has not taken all of its answer
        self.leaving = Phase(1.0)  # answered; what it still sends is thrown away
        self.all = (self.asking, self.idle, self.taking, self.leaving)

    def __len__(self) -> int:
        return sum(map(len, self.all))

    def due(self) -> float:
        return min(phase.due() for phase in self.all)

    def expired(self, now: float) -> Connection | None:
        """One whose patience is over, until there is none."""
        for phase in self.all:
            if phase.due() <= now:
                return phase.oldest()
        return None

    def victim(self) -> Connection | None:
        """Whom to send away when there is no room, never one that is being answered.

        The oldest of the larger crowd, the silent or the idle: whoever floods this port fills one
        of the two, and balancers, who are few, are found in the other or at the young end.
        """
        if self.leaving:
            return self.leaving.oldest()
        larger = self.asking if len(self.asking) >= len(self.idle) else self.idle
        return larger.oldest()
