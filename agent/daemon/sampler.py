"""Resource samples: one thread a sample, so that a dead disk costs a sample and nothing else.

Owns taking them and remembering the newest. Refuses a second one while the first still hangs.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

from agent.host.clock import Clock
from agent.host.resources import Resources


class Sampler:
    """`begin` is called by the timetable; `newest` by anyone."""

    def __init__(
        self, clock: Clock, disk: Path, sampled: Callable[[dict[str, float]], None]
    ) -> None:
        self.newest: dict[str, float] = {}
        self._resources = Resources(clock, disk)
        self._sampled = sampled
        self._thread: threading.Thread | None = None

    def begin(self) -> None:
        """Take a sample, unless the last one has not come back yet."""
        if self._thread is not None and self._thread.is_alive():
            return
        self._thread = threading.Thread(target=self._take, name="sample", daemon=True)
        self._thread.start()

    def _take(self) -> None:
        try:
            self.newest = self._resources.read()
        except OSError:  # the disk refuses; a check tells of that
            return
        self._sampled(self.newest)
