"""The daemon's side of the probe plane.

Owns publishing, the proof that the child answers, and the child's end. Refuses to wait for the
child but in `echo` and `stop`, both with a limit. Safe to use from several threads.
"""

from __future__ import annotations

import _socket
import _thread
import select
from collections.abc import Sequence

from agent.host.fork import Child, fork_child
from agent.host.listener import bound_port
from agent.host.ticks import ticks
from agent.probe import channel
from agent.probe.board import NUMBERS, Board
from agent.probe.child import ProbeChild
from agent.probe.settings import ProbeSettings
from agent.probe.snapshot import Snapshot
from agent.probe.stats import ProbeStats

_COMM = b"caretaker-probe"


class ProbeHandle:
    """Made by `start.start_child`. `port` and `agent_port` are the ports really bound."""

    def __init__(self, settings: ProbeSettings, listeners: Sequence[_socket.socket]) -> None:
        self.settings = settings
        self.port = bound_port(listeners[0])
        self.agent_port = bound_port(listeners[1]) if len(listeners) > 1 else None
        self._listeners = tuple(listeners)
        self._board = Board()
        self._number = 0
        self._last: bytes | None = None  # the wire of the snapshot the child has
        self._nonce = 0
        self._report = channel.EMPTY
        self._publishing = _thread.allocate_lock()
        self._echoing = _thread.allocate_lock()
        self._child = self._fork()

    @property
    def pid(self) -> int:
        return self._child.pid

    def publish(self, snapshot: Snapshot, *, valid_for: float) -> None:
        """Answer from `snapshot` for `valid_for` seconds; after that, red, unless renewed.

        Cheap to call again with an equal snapshot: one word of shared memory is written and the
        child is not woken. Never waits and never raises for a child that is gone or stuck: that is
        for `alive` and `echo` to notice, and a stuck child is red when it wakes.
        """
        with self._publishing:
            if snapshot.wire != self._last:
                self._number = (self._number + 1) % NUMBERS or 1
                message = channel.snapshot(self._number, snapshot.wire)
                sent = channel.send(self._child.channel, message)
                self._last = snapshot.wire if sent else None
            self._board.post(self._number, ticks() + valid_for)

    def alive(self) -> bool:
        """Whether the child exists. Cheap; says nothing about its answering, see `echo`."""
        return not self._child.exited()

    def echo(self, timeout: float = 1.0) -> bool:
        """Whether the child's loop turns, proved by a round trip of at most `timeout` seconds.

        Feed the watchdog only on True. Also fetches what `stats` tells.
        """
        with self._echoing:
            self._nonce += 1
            if not channel.send(self._child.channel, channel.echo(self._nonce)):
                return False
            deadline = ticks() + timeout
            while (left := deadline - ticks()) > 0:
                found = self._hear(left)
                if found is None:
                    return False
                if found[0] == self._nonce:  # an older one answers a call that gave up
                    self._report = found[1]
                    return True
            return False

    def stats(self) -> ProbeStats:
        """What the child told at the last successful `echo`."""
        return ProbeStats(self._report, ticks())

    def reload(self, certificate: str, key: str) -> None:
        """Use another TLS pair for new connections; `stats().tls_error` says if it did not load.

        Raises ValueError where TLS is off: a port can't change its protocol, nor its number,
        without a restart.
        """
        if not self.settings.certificate:
            raise ValueError("the probe port was started without TLS")
        self.settings.certificate, self.settings.key = certificate, key
        channel.send(self._child.channel, channel.reload(certificate, key))

    def revive(self) -> bool:
        """Fork another child on the same ports if this one has died; whether it had.

        Nobody is refused meanwhile: the ports stay open here and callers wait in the backlog. The
        new child is red until the next `publish`. It is a copy of the grown daemon, so larger.
        """
        with self._publishing, self._echoing:
            if not self._child.exited():
                return False
            self._child.channel.close()
            self._last = None
            self._child = self._fork()
            return True

    def stop(self, patience: float = 1.0) -> None:
        """End the child and close the ports."""
        with self._publishing, self._echoing:
            self._child.end(patience=patience)
            for listener in self._listeners:
                listener.close()

    def _fork(self) -> Child:
        settings, board, listeners = self.settings, self._board, self._listeners

        def live(parent: _socket.socket) -> int:
            return ProbeChild(settings, board, parent, listeners).run()

        keep = [listener.fileno() for listener in listeners]
        return fork_child(live, comm=_COMM, keep=keep)

    def _hear(self, timeout: float) -> tuple[int, channel.Report] | None:
        """A message of the child's, or None when none comes."""
        try:
            waiting = select.poll()
            waiting.register(self._child.channel.fileno(), select.POLLIN)
            if not waiting.poll(timeout * 1000):
                return None
            message = channel.receive(self._child.channel)
        except (OSError, ValueError):  # the channel was closed: stopped, or the child is gone
            return None
        return channel.read_echo(message) if message else None
