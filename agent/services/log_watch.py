"""Watching how fast a log grows, and cutting it in time.

Owns when to look again: the faster it grows, the sooner; the longer it was quiet, the later.
Refuses to lose the newest: what is cut is kept once, beside it.
"""

from __future__ import annotations

from pathlib import Path

from agent.host import rotation

CAP = 8 << 20  # bytes; with what was cut before, a log takes twice that
_SOONEST = 1.0  # seconds between two looks
_LATEST = 15.0


class LogWatch:
    """One log. Times are seconds of the monotonic clock."""

    def __init__(self, path: Path, now: float) -> None:
        self._path = path
        self._at = now
        self._size = 0
        self._step = _SOONEST
        self.due = now

    def look(self, now: float) -> None:
        """Cut it if it is too long. OSError where that failed; it is tried again."""
        size = rotation.size(self._path)
        grown, passed = max(0, size - self._size), max(now - self._at, _SOONEST)
        in_time = (CAP - size) * passed / grown / 2 if grown else _LATEST
        self._step = max(_SOONEST, min(in_time, 2 * self._step, _LATEST))
        self._at, self._size, self.due = now, size, now + self._step
        if size > CAP:
            rotation.cut(self._path)
            self._size = 0
