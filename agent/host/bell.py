"""A bell for one waiting thread: rung by signals, by other threads, or by the clock.

Owns the pipe and the signal handlers. Refuses to act in a handler: it only notes the name, and
the main thread does the work when its wait returns.
"""

from __future__ import annotations

import os
import select
import signal
from collections.abc import Iterable


class Bell:
    """Made and waited for in the main thread (Python runs signal handlers only there)."""

    def __init__(self, signals: Iterable[str]) -> None:
        """`signals` by name (`SIGTERM`), each noted from now on instead of ending the process."""
        self._read, self._write = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        self._heard: list[str] = []
        signal.set_wakeup_fd(self._write, warn_on_full_buffer=False)
        for name in signals:
            signal.signal(getattr(signal, name), self._note)

    def ring(self) -> None:
        """End the wait. From any thread; rings that nobody waited for are one."""
        try:
            os.write(self._write, b"r")
        except BlockingIOError:
            return  # Full: it rings already.

    def wait(self, seconds: float) -> list[str]:
        """The signals since the last call, after a ring, a signal or at most `seconds`."""
        try:
            select.select([self._read], [], [], max(0.0, min(seconds, 3600.0)))
            os.read(self._read, 4096)
        except BlockingIOError:
            pass
        heard, self._heard = self._heard, []
        return heard

    def _note(self, number: int, _frame: object) -> None:
        self._heard.append(signal.Signals(number).name)


def ignore(*names: str) -> None:
    """Ignore signals (SIGPIPE: a reader that went away is an error of that write alone)."""
    for name in names:
        signal.signal(getattr(signal, name), signal.SIG_IGN)


def end(pid: int) -> None:
    """SIGKILL to a child of ours that has not been reaped, so that the pid is still its own."""
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return
