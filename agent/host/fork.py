"""A forked child that outlives nobody: one pair of sockets between it and its parent.

Owns the fork, what the child keeps of its parent (the descriptors named, nothing else), its
signals and its end. Refuses to exec, and imports nothing but C modules: it runs before the daemon
loads anything, so that the child stays small.

Why the end of the pair and not PR_SET_PDEATHSIG: that signal comes when the *thread* that forked
ends, is lost when the parent dies before the child asked for it, and is cleared by a change of
credentials. A socket whose other end is gone reads end-of-file, whatever killed the parent.
"""

from __future__ import annotations

import _signal  # type: ignore[import-not-found] # C half of signal: spares enum; no stub exists
import _socket
import contextlib
import gc
import os
import resource
import sys
import time
from collections.abc import Callable, Iterable

# The child ends when its parent does, and only then. systemd's stop sends SIGTERM to the whole
# control group and Ctrl-C goes to the whole foreground group; both must leave the child answering
# "stopping" until the parent has drained.
_IGNORED = (
    _signal.SIGINT,
    _signal.SIGTERM,
    _signal.SIGHUP,
    _signal.SIGUSR1,
    _signal.SIGUSR2,
    _signal.SIGALRM,
)
_CRASHED = 70
Socket = _socket.socket  # by a name that callers outside the host may use


class Child:
    """A forked process and this side of the pair. `channel` keeps message boundaries."""

    __slots__ = ("_gone", "channel", "pid")

    def __init__(self, pid: int, channel: _socket.socket) -> None:
        self.pid = pid
        self.channel = channel
        self._gone = False

    def exited(self) -> bool:
        """Whether it has ended, by itself or not; reaps it."""
        if not self._gone:
            try:
                self._gone = os.waitpid(self.pid, os.WNOHANG)[0] != 0
            except ChildProcessError:  # somebody who waits for every child was quicker
                self._gone = True
        return self._gone

    def end(self, *, patience: float) -> None:
        """Close the channel, which asks the child to end; after `patience` seconds, kill it."""
        self.channel.close()
        deadline = time.monotonic() + patience
        while not self.exited() and time.monotonic() < deadline:
            time.sleep(0.005)
        if not self.exited():
            os.kill(self.pid, _signal.SIGKILL)  # not reaped yet, so the pid is still its own
        while not self.exited():
            time.sleep(0.005)


def fork_child(work: Callable[[_socket.socket], int], *, comm: bytes, keep: Iterable[int]) -> Child:
    """Fork; in the child run `work(channel)`, whose result is its exit code, and never return.

    `comm` (15 bytes at most) is what ps and top show. Of the parent's descriptors the child keeps
    the standard three and those in `keep`. Raises OSError (EAGAIN: too many processes).
    """
    ours, theirs = _socket.socketpair(_socket.AF_UNIX, _socket.SOCK_SEQPACKET)
    gc.collect()
    gc.freeze()  # the collector of either side would touch, and so copy, the shared pages
    # Held back until the child ignores them: one that comes in between would end it.
    before = _signal.pthread_sigmask(_signal.SIG_BLOCK, _IGNORED)
    try:
        pid = os.fork()
        if pid == 0:
            _live(work, theirs, comm, {0, 1, 2, theirs.fileno(), *keep}, before)
    except OSError:
        ours.close()
        theirs.close()
        raise
    finally:
        _signal.pthread_sigmask(_signal.SIG_SETMASK, before)
        gc.unfreeze()
    theirs.close()
    return Child(pid, ours)


def _live(
    work: Callable[[_socket.socket], int],
    channel: _socket.socket,
    comm: bytes,
    keep: set[int],
    mask: Iterable[int],
) -> None:
    code = _CRASHED
    try:
        gc.freeze()
        gc.disable()
        _settle(comm, keep)
        _signal.pthread_sigmask(_signal.SIG_SETMASK, mask)
        code = work(channel)
    except BaseException:  # nothing may climb into the parent's code, which this process also is
        sys.excepthook(*sys.exc_info())
    finally:
        os._exit(code)


def _settle(comm: bytes, keep: set[int]) -> None:
    """Make a process of its own out of a copy of the parent."""
    for number in _IGNORED:
        _signal.signal(number, _signal.SIG_IGN)
    low = 3
    for descriptor in sorted(keep):
        if descriptor >= low:
            os.closerange(low, descriptor)
            low = descriptor + 1
    os.closerange(low, resource.getrlimit(resource.RLIMIT_NOFILE)[1])
    null = os.open("/dev/null", os.O_RDONLY)
    os.dup2(null, 0)
    os.close(null)
    # Not of one whose parent may not be looked into (prctl(2), PR_SET_DUMPABLE), unless it is root.
    with contextlib.suppress(OSError), open("/proc/self/comm", "wb", buffering=0) as name:
        name.write(comm)


def ignore_hangup() -> None:
    """A request to reload must not end a process that is not yet ready to hear it."""
    _signal.signal(_signal.SIGHUP, _signal.SIG_IGN)


def raise_open_files() -> int:
    """Lift the soft limit of open files to the hard one; the limit that now holds."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard
