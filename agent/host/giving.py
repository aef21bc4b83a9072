"""A piece of our own work in a process apart that gives bytes while it works.

Owns the fork, the pipe, waiting for the next bytes no longer than one may, and ending the whole
family: what the work started, and what that left behind. Refuses threads in the parent (a fork
copies their locks, and the leash holds to the thread that forked), and to know what the bytes mean.

Who calls starts no child in another way while such work is under way: what its programs leave
behind becomes a child of ours, and is known by not having been there before.
"""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import gc
import os
import resource
import select
import signal
import sys
from collections.abc import Callable, Sequence
from types import FrameType

from agent.host import core_dumps, priority
from agent.host.spawn import children_of, end_family

Give = Callable[[Sequence[bytes | memoryview]], None]
"""Writes the parts one after the other. OSError (EPIPE) where nobody reads any more."""

PIPE = 1 << 20  # bytes; the most an ordinary user gets (pipe(7), pipe-max-size)
_PR_SET_PDEATHSIG, _PR_SET_CHILD_SUBREAPER = 1, 36
_BROKE = 70
_STUCK = 2.0  # seconds; SIGKILL waits as long as the kernel waits for a dead file server
_MOMENT = 0.2  # seconds
_HELD = (signal.SIGTERM, signal.SIGINT, signal.SIGALRM)

# What a program may have given a meaning; SIGPIPE stays ignored, as Python has it.
_RESET = (signal.SIGINT, signal.SIGHUP, signal.SIGCHLD, signal.SIGUSR1, signal.SIGUSR2)

_libc = ctypes.CDLL(None, use_errno=True)
_under_way: set[int] = set()


class Read:
    """Our end of a pipe."""

    def __init__(self, pipe: int) -> None:
        self.pipe = pipe
        self.at_end = False
        self._poll = select.poll()
        self._poll.register(pipe, select.POLLIN)
        os.set_blocking(pipe, False)

    def read(self, most: int, *, patience: float) -> bytes | None:
        """Its next bytes, empty once it closed its end; None after `patience` seconds without."""
        try:
            data = os.read(self.pipe, most)
        except BlockingIOError:
            if patience <= 0 or not self._poll.poll(patience * 1000):
                return None
            data = os.read(self.pipe, most)
        self.at_end = not data
        return data

    def close(self) -> None:
        os.close(self.pipe)


class Giving(Read):
    """The running work, and our end of its pipe."""

    def __init__(self, pid: int, pipe: int, strangers: set[int]) -> None:
        super().__init__(pipe)
        self.pid = pid
        self._strangers = strangers
        _under_way.add(pid)

    def end(self) -> int | None:
        """End it with all its family; its exit status, or minus the signal; None: stuck in the
        kernel, where no signal reaches it. Call it once, also for what ended by itself."""
        self.close()
        _under_way.discard(self.pid)
        # Its end of the pipe closes a moment before it can be waited for.
        status = _reap(self.pid, _MOMENT if self.at_end else 0.0)
        if status is None:
            end_family(self.pid)
            status = _reap(self.pid, _STUCK)
        self._clear_up()
        return status

    def _clear_up(self) -> None:
        """End what it left behind. What one of those started becomes ours when that one ended."""
        known = self._strangers | {self.pid}
        while left := set(children_of(os.getpid())) - known - _under_way:
            for each in left:
                end_family(each)
                _reap(each, _STUCK)
            known |= left


def begin(work: Callable[[Give], None], *, longest: float) -> Giving:
    """Start `work` in a child that gets what is left of processor and disk. Raises OSError.

    It dies with us, and after `longest` seconds in any case; of our descriptors it has none but
    its end of the pipe; its output goes nowhere.
    """
    _libc.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    strangers = set(children_of(os.getpid())) - _under_way
    ours, theirs = os.pipe2(os.O_CLOEXEC)
    with contextlib.suppress(OSError):  # A user's pages for pipes are counted (pipe(7)).
        fcntl.fcntl(theirs, fcntl.F_SETPIPE_SZ, PIPE)
    parent = os.getpid()
    sys.stdout.flush()
    sys.stderr.flush()
    gc.collect(0)
    gc.freeze()  # A collection in the child would touch, and so copy, the shared pages.
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, _HELD)
    try:
        pid = os.fork()
        if pid == 0:
            _live(work, theirs, longest, parent, mask)
    except OSError:
        os.close(ours)
        raise
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        gc.unfreeze()
        os.close(theirs)
    return Giving(pid, ours, strangers)


def _live(
    work: Callable[[Give], None], out: int, longest: float, parent: int, mask: set[int]
) -> None:
    """In the child; never returns."""
    code = _BROKE
    try:
        _settle(out, longest)
        if os.getppid() == parent:  # Else it died before the leash was on.
            signal.pthread_sigmask(signal.SIG_SETMASK, mask)
            work(lambda parts: _give(out, parts))
            code = 0
    except BaseException:  # nothing may climb into the parent's code, which this process also is
        # Its words may hold what was being read; who reads the pipe sees that it broke off.
        code = _BROKE
    finally:
        os._exit(code)


def _settle(out: int, longest: float) -> None:
    """Make a process of its own out of a copy of the parent."""
    os.setsid()
    for number in _RESET:
        signal.signal(number, signal.SIG_DFL)
    for number in (signal.SIGTERM, signal.SIGALRM):
        signal.signal(number, _end)
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
    # What a program of ours leaves behind stays below us, where it is found.
    _libc.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    signal.setitimer(signal.ITIMER_REAL, longest)
    core_dumps.hide()
    priority.give_way()
    null = os.open("/dev/null", os.O_RDWR)
    for standard in (0, 1, 2):
        os.dup2(null, standard)
    os.closerange(3, out)
    os.closerange(out + 1, resource.getrlimit(resource.RLIMIT_NOFILE)[0])


def _end(number: int, _frame: FrameType | None) -> None:
    signal.pthread_sigmask(signal.SIG_BLOCK, _HELD)
    for pid in children_of(os.getpid()):
        end_family(pid)
    os._exit(128 + number)


def _give(out: int, parts: Sequence[bytes | memoryview]) -> None:
    left = list(parts)
    while left:
        written = os.writev(out, left)
        while left and written >= len(left[0]):
            written -= len(left.pop(0))
        if written:
            left[0] = memoryview(left[0])[written:]


def _reap(pid: int, patience: float) -> int | None:
    """The exit status of a child, None where it has not ended in time."""
    try:
        pidfd = os.pidfd_open(pid)
    except OSError:  # Somebody who waits for every child was quicker.
        return 0
    try:
        poll = select.poll()
        poll.register(pidfd, select.POLLIN)
        poll.poll(patience * 1000)
        found, status = os.waitpid(pid, os.WNOHANG)
    except ChildProcessError:
        return 0
    finally:
        os.close(pidfd)
    return os.waitstatus_to_exitcode(status) if found else None
