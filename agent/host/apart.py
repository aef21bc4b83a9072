"""A piece of our own work in a process apart: ended at its time, and harmless when it dies.

Owns the fork, the pipe that brings the result back, and ending the whole family. Refuses threads
in the parent (a fork copies their locks, not them), and to know what the work is.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import FrameType

from agent.host import priority
from agent.host.spawn import end_family

_RESULT_CAP = 16 << 20  # bytes
_BROKE = 70
_LATER = 5.0  # seconds after which the work ends itself, where the parent was killed


@dataclass(frozen=True, slots=True)
class Outcome:
    """How the work ended. `result` is None where it brought none."""

    result: bytes | None
    status: int
    seconds: float
    timed_out: bool = False

    @property
    def reason(self) -> str:
        """Why there is no result, for people."""
        if self.timed_out:
            return f"no end after {self.seconds:.0f} s, so it was ended"
        if self.status < 0:
            with contextlib.suppress(ValueError):
                return f"ended by {signal.Signals(-self.status).name}"
        return f"broke off with status {self.status}"


def call(
    work: Callable[[], bytes],
    *,
    timeout: float,
    gentle: bool,
    meanwhile: Callable[[], None] = lambda: None,
) -> Outcome:
    """Run `work` in a child of ours, at most `timeout` seconds; its result, or how it ended.

    `meanwhile` is run here while the child is at it; what it raises ends the child too. `gentle`:
    the child gets what is left of processor and disk. A lock that the caller holds is held by the
    child too (flock(2)), so it also outlives a caller that is killed. Raises OSError where there
    can be no more processes.
    """
    begun = time.monotonic()
    ours, theirs = os.pipe2(os.O_CLOEXEC)
    sys.stdout.flush()
    sys.stderr.flush()
    # Held back until there is somebody to end: Python loses what is raised while it forks.
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
    try:
        pid = os.fork()
    except OSError:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        os.close(ours)
        os.close(theirs)
        raise
    if pid == 0:
        _live(work, theirs, timeout + _LATER, mask, gentle=gentle)
    os.close(theirs)
    try:
        with _told_to_end():
            signal.pthread_sigmask(signal.SIG_SETMASK, mask)
            meanwhile()
            result = _read(ours, begun + timeout)
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        os.close(ours)
        # What it started and left behind goes too, whether it ended by itself or not, and when we
        # are told to end.
        end_family(pid)
        status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    seconds = time.monotonic() - begun
    return Outcome(result or None, 0 if result else status, seconds, timed_out=result is None)


@contextlib.contextmanager
def _told_to_end() -> Iterator[None]:
    """SIGTERM climbs out of here as SystemExit; the default would leave the child behind."""
    if threading.current_thread() is not threading.main_thread():
        yield  # Python lets no other thread have a handler.
        return
    before = signal.signal(signal.SIGTERM, _end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _end(number: int, _frame: FrameType | None) -> None:
    raise SystemExit(128 + number)


def _live(
    work: Callable[[], bytes], out: int, longest: float, mask: set[int], *, gentle: bool
) -> None:
    """In the child; never returns. A crash before the last byte is no result."""
    code = _BROKE
    try:
        os.setsid()
        for number in (signal.SIGALRM, signal.SIGTERM):
            signal.signal(number, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        signal.setitimer(signal.ITIMER_REAL, longest)
        if gentle:
            priority.give_way()
        result = memoryview(work())
        while result:
            result = result[os.write(out, result) :]
        code = 0
    except BaseException:  # nothing may climb into the parent's code, which this process also is
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _read(pipe: int, deadline: float) -> bytes | None:
    """Everything until the work closes its end; None where the deadline came first.

    A program that it left running has no copy of the pipe, so it can't hold us (O_CLOEXEC).
    """
    found = bytearray()
    poll = select.poll()
    poll.register(pipe, select.POLLIN)
    while (left := deadline - time.monotonic()) > 0:
        if not poll.poll(left * 1000):
            continue
        chunk = os.read(pipe, 65536)
        if not chunk:
            return bytes(found)
        found += chunk[: _RESULT_CAP - len(found)]
    return None
