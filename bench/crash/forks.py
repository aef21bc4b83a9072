"""Work in a forked child, and the end of everything it started.

Owns the fork server's one act: fork, wait, collect what the child says, kill whatever is left of
its family. Refuses to know what the work is.
"""

import contextlib
import ctypes
import os
import select
import signal
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass

from agent.host.spawn import children_of

_PR_SET_CHILD_SUBREAPER = 36  # prctl(2)
_STUCK = 120.0  # seconds


@dataclass(frozen=True)
class Ended:
    """How a child ended: what it said, and whether it was killed before it could."""

    said: bytes
    status: int

    @property
    def killed(self) -> bool:
        return self.status == -signal.SIGKILL

    @property
    def crashed(self) -> bool:
        """It raised what nobody foresaw; `said` is the traceback."""
        return self.status != 0 and not self.killed


def adopt_orphans() -> None:
    """Grandchildren whose parent is killed become ours, so that none outlives a scenario."""
    if ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0:
        raise OSError("prctl(PR_SET_CHILD_SUBREAPER)")


@dataclass(frozen=True)
class Running:
    """A child that was started and not waited for."""

    pid: int
    reading: int

    def finish(self) -> Ended:
        """Wait for it; returns when all of its family is gone."""
        try:
            said, status = _collect(self.pid, self.reading)
        finally:
            os.close(self.reading)
            _end_family(0)
        return Ended(said, status)


def started(work: Callable[[], bytes]) -> Running:
    """Run `work` in a child of its own session."""
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        _live(work, writing)
    os.close(writing)
    return Running(pid, reading)


def ready(child: Running) -> bool:
    """Whether it has said something, or ended."""
    return bool(select.select([child.reading], [], [], 0)[0])


def forked(work: Callable[[], bytes], *, beside: int = 0) -> Ended:
    """Run `work` in a child, to the end of it and its family; the process `beside` is spared."""
    child = started(work)
    try:
        said, status = _collect(child.pid, child.reading)
    finally:
        os.close(child.reading)
        _end_family(beside)
    return Ended(said, status)


def _live(work: Callable[[], bytes], writing: int) -> None:
    status = 70
    try:
        os.setsid()
        said = work()
        status = 0
    except BaseException:  # a child must never climb into its parent's code
        said = traceback.format_exc().encode()
    finally:
        with contextlib.suppress(OSError):
            view = memoryview(said)
            while view:
                view = view[os.write(writing, view) :]
        os._exit(status)


def _collect(pid: int, reading: int) -> tuple[bytes, int]:
    said = b""
    deadline = time.monotonic() + _STUCK
    ended = os.pidfd_open(pid)
    try:
        while True:
            left = deadline - time.monotonic()
            ready, _, _ = select.select([reading, ended], [], [], max(0.0, left))
            if not ready:
                os.killpg(pid, signal.SIGKILL)
                os.waitpid(pid, 0)
                return b"it hangs: no end after %d s" % _STUCK, 70
            if reading in ready and (chunk := os.read(reading, 1 << 16)):
                said += chunk
            elif ended in ready:
                _, status = os.waitpid(pid, 0)
                return said, os.waitstatus_to_exitcode(status)
            else:
                select.select([ended], [], [], max(0.0, left))
    finally:
        os.close(ended)


def _end_family(spared: int) -> None:
    while family := [pid for pid in children_of(os.getpid()) if pid != spared]:
        for pid in family:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
            with contextlib.suppress(ChildProcessError):
                os.waitpid(pid, 0)
