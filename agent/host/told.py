"""Being told to stop: by Ctrl-C, by a service manager, by a connection that broke.

Owns the handlers for as long as a block runs. The first word only counts; whoever works looks at
it and comes to a good end. The second raises. Refuses to run in another thread than the first.
"""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

_NUMBERS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


class Abandoned(BaseException):
    """Told twice: nothing is to be finished, only tidied up."""


class Told:
    """How often so far."""

    def __init__(self) -> None:
        self.times = 0

    def to_stop(self) -> bool:
        return self.times > 0

    def hear(self, _number: int, _frame: FrameType | None) -> None:
        self.times += 1
        if self.times == 2:  # Once: a third word must not interrupt the tidying up.
            raise Abandoned


@contextmanager
def listening() -> Iterator[Told]:
    """Handlers for the length of a block."""
    told = Told()
    before = {number: signal.signal(number, told.hear) for number in _NUMBERS}
    try:
        yield told
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
