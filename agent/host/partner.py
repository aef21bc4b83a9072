"""A forked partner of this process: it keeps what we must not have, and we talk with it.

Owns the line between the two (messages with their boundaries kept), waiting on it, and what makes
the partner close-lipped: no core dump, no look into its memory, nothing on standard error when it
breaks, and its end when ours comes. Refuses to know what is said.
"""

from __future__ import annotations

import _signal  # type: ignore[import-not-found]  # as in `fork`
import _socket
import contextlib
import ctypes
import gc
import os
import select
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from agent.host import core_dumps, fork, priority
from agent.host.spawn import children_of, end_family

MESSAGE = 128 << 10  # bytes; sockets take about 200 KiB at once (socket(7), wmem_default)
_PR_SET_PDEATHSIG, _PR_SET_CHILD_SUBREAPER = 1, 36
_BROKE = 70
_TICK = 0.1  # seconds between two looks at whether somebody told us to stop


class Gone(Exception):
    """The other side is not there any more."""


class CalledOff(BaseException):
    """The partner is to leave what it is at; no `except Exception` may swallow it."""


class Line:
    """One end of the line. Raises Gone where nobody has the other one."""

    def __init__(self, channel: _socket.socket) -> None:
        self._channel = channel
        self._poll = select.poll()
        self._poll.register(channel.fileno(), select.POLLIN)

    def send(self, message: bytes | memoryview) -> None:
        try:
            self._channel.send(message)
        except OSError as error:
            raise Gone(error.strerror) from error

    def receive(
        self, *, patience: float | None = None, wake: Callable[[], None] | None = None
    ) -> bytes | None:
        """The next message; None after `patience` seconds. `wake` is called before, and while we
        wait; what it raises is raised."""
        end = None if patience is None else time.monotonic() + patience
        if wake is not None:
            wake()
        while not self._poll.poll(_TICK * 1000 if wake or end is not None else None):
            if wake is not None:
                wake()
            if end is not None and time.monotonic() >= end:
                return None
        try:
            message = self._channel.recv(MESSAGE + 64)
        except OSError as error:
            raise Gone(error.strerror) from error
        if not message:
            raise Gone("end of file")
        return message


class Partner:
    """The parent's view of it."""

    def __init__(self, child: fork.Child) -> None:
        self._child = child
        self.line = Line(child.channel)

    @property
    def pid(self) -> int:
        return self._child.pid

    def call_off(self) -> None:
        """Have it leave what it is at, where it said it may be called off."""
        if not self._child.exited():
            os.kill(self._child.pid, _signal.SIGUSR1)

    def end(self, *, patience: float = 1.0) -> None:
        """It ends, and all that it started; by force after `patience` seconds."""
        known = {self._child.pid}
        known |= set(_family(self._child.pid))
        self._child.end(patience=patience)
        # What it had started becomes ours when it dies, since we said so in `begin`.
        for pid in set(children_of(os.getpid())) & known:
            end_family(pid)
            with contextlib.suppress(ChildProcessError):
                os.waitpid(pid, 0)


def begin(work: Callable[[Line], int], *, comm: bytes) -> Partner:
    """Start it; `work` gets its end of the line and gives the exit status. Raises OSError."""
    ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    parent = os.getpid()

    def live(channel: _socket.socket) -> int:
        try:
            _settle(parent)
            return work(Line(channel))
        except BaseException:  # its words may hold what it keeps; the status says enough
            return _BROKE

    return Partner(fork.fork_child(live, comm=comm, keep=()))


@contextmanager
def may_be_called_off() -> Iterator[None]:
    """In the partner: raises CalledOff in the block when the other side says so."""
    _signal.signal(_signal.SIGUSR1, _leave)
    try:
        yield
    finally:
        _signal.signal(_signal.SIGUSR1, _signal.SIG_IGN)


def _leave(_number: int, _frame: FrameType | None) -> None:
    _signal.signal(_signal.SIGUSR1, _signal.SIG_IGN)  # once is enough, also while we clean up
    raise CalledOff


def _settle(parent: int) -> None:
    core_dumps.hide()
    priority.give_way()
    os.setsid()  # what a terminal sends to our group is not meant for it
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, int(_signal.SIGKILL), 0, 0, 0)
    if os.getppid() != parent:
        raise Gone("the parent died")
    gc.enable()  # it lives long


def _family(pid: int) -> list[int]:
    found = [pid]
    for each in found:
        found.extend(children_of(each))
    return found
