"""The probe child: what it does between its fork and its end.

Owns the child's wiring and the one rule of the house that lives nowhere else: when the daemon's
deadline has passed, the answer is red, whoever or whatever kept the daemon from renewing it.
"""

from __future__ import annotations

import _socket
import select
from collections.abc import Callable, Sequence

from agent.host.fork import raise_open_files
from agent.host.ticks import ticks
from agent.probe import board, channel
from agent.probe.answers import Answers
from agent.probe.connection import Phases
from agent.probe.doorman import Doorman
from agent.probe.loop import Loop
from agent.probe.peers import Peers
from agent.probe.settings import ProbeSettings
from agent.probe.state import State
from agent.probe.transport import Transport, plain

_SPARE = 32  # descriptors that are not peers', and some air


class ProbeChild:
    """The child's side of the channel and the board."""

    def __init__(
        self,
        settings: ProbeSettings,
        notice: board.Board,
        parent: _socket.socket,
        listeners: Sequence[_socket.socket],
        clock: Callable[[], float] = ticks,
    ) -> None:
        epoll = select.epoll()
        self._answers = Answers(settings.head_bytes, notice.word, self._renew)
        self._parent = parent
        self._tls_error: Callable[[], str] = str
        self._reload: Callable[[str, str], None] = _nothing_to_reload
        self._clock = clock
        self._deadline = float("inf")
        self._stale = False
        self._state = self._answers.state
        self._number = 0
        transport = self._transport(settings, epoll)
        phases = Phases(head_seconds=settings.head_seconds, idle_seconds=settings.idle_seconds)
        room = max(1, min(settings.connections, raise_open_files() - _SPARE))
        self._peers = Peers(epoll, self._answers, transport, phases, room)
        doorman = Doorman(epoll, self._peers.evict, self._peers.drop)
        self._loop = Loop(epoll, self._peers, doorman, clock)
        # The agent port, where there is one, comes second.
        welcomes = (self._peers.welcome, self._peers.tell)
        for listener, welcome in zip(listeners, welcomes, strict=False):
            self._loop.doors[listener.fileno()] = doorman.open(listener, welcome)
        epoll.register(parent.fileno(), select.EPOLLIN)
        self._loop.doors[parent.fileno()] = self._hear

    def run(self) -> int:
        """Until the parent closes the channel or dies. The exit code."""
        self._loop.run(self._turn)
        return 0

    def _turn(self, now: float) -> None:
        """Before a batch of answers: is what we say still true?"""
        self._answers.now = now
        stale = now >= self._deadline
        if stale != self._stale:
            self._stale = stale
            self._answers.show(State(reason="stale") if stale else self._state)

    def _renew(self) -> None:
        """The daemon has posted another word."""
        answers = self._answers
        answers.seen = answers.word[0]
        number, deadline = board.read(answers.seen)
        if board.ahead(number, self._number):
            self._hear(answers.now)  # the snapshot is sent before the word is posted
        # Still behind: the channel was full, so we were stuck. A word for a snapshot that never
        # came is no renewal of the one we have.
        self._deadline = 0.0 if board.ahead(number, self._number) else deadline
        self._turn(self._clock())

    def _hear(self, _now: float) -> None:
        while self._loop.running:
            try:
                message = channel.receive(self._parent)
            except BlockingIOError:
                return
            if not message:
                self._loop.running = False
                return
            self._obey(message)

    def _obey(self, message: bytes) -> None:
        kind = message[:1]
        if kind == channel.SNAPSHOT:
            self._number, wire = channel.read_snapshot(message)
            self._state = State(wire)
            if not self._stale:
                self._answers.show(self._state)
        elif kind == channel.RELOAD:
            self._reload(*channel.read_reload(message))
        elif kind == channel.ECHO:
            nonce, _ = channel.read_echo(message)
            channel.send(self._parent, channel.echo(nonce, self._report()))

    def _report(self) -> channel.Report:
        answers, peers = self._answers, self._peers
        return (
            dict(answers.counts),
            answers.asked_at,
            answers.asked_remotely_at,
            answers.server_state,
            len(peers),
            peers.evicted,
            peers.expired,
            self._stale,
            self._tls_error(),
        )

    def _transport(self, settings: ProbeSettings, epoll: select.epoll) -> Transport:
        if not settings.certificate:
            return plain()
        from agent.probe.tls import Tls

        tls = Tls(epoll, settings.certificate, settings.key)
        self._reload = tls.reload
        self._tls_error = lambda: tls.error
        return tls.transport()


def _nothing_to_reload(_certificate: str, _key: str) -> None:
    """Plain HTTP has no certificate."""
