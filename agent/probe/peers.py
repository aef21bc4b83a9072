"""The connections of the probe port: read, answered, sent away.

Owns every connection from its welcome to its close, and the limits that keep one peer from harming
the others. Refuses to wait and to write log lines: balancers ask all day, and the disk is not
theirs to fill.
"""

from __future__ import annotations

import select

from agent.host.listener import uncork
from agent.probe.answers import CLOSE, KEEP, LINGER, Answers
from agent.probe.connection import Connection, Phases
from agent.probe.transport import Transport

_READ_ONCE = 4096  # bytes; a probe has some 100
_DISCARD_ONCE = 65536
_IN, _OUT = select.EPOLLIN, select.EPOLLOUT
_LOST = -1
# Bytes kept for all peers together, requests not yet whole and answers not taken. A probe needs
# none; without a limit, a crowd that sends much and reads nothing would take 80 MB.
_HELD_MOST = 2 << 20
_HERE = ("127.", "::1", "::ffff:127.")


class Peers:
    """Everyone connected. `now` is set by the loop before each batch of events."""

    def __init__(
        self, epoll: select.epoll, answers: Answers, transport: Transport, phases: Phases, room: int
    ) -> None:
        self.phases = phases
        self.room = room  # connections
        self.now = 0.0
        self.evicted = 0  # for want of room
        self.expired = 0  # for silence
        self._answers = answers
        self._epoll = epoll
        self._transport = transport
        self._read, self._write = transport.read, transport.write
        self._all: dict[int, Connection] = {}
        self._held = 0

    def __len__(self) -> int:
        return len(self._all)

    def welcome(self, fd: int, address: str) -> None:
        """A new connection: most are answered and closed here, before epoll hears of them."""
        remote = not address.startswith(_HERE)
        data = b""
        try:
            if self._transport.prompt:
                data = self._read(fd, _READ_ONCE)
                if not data:
                    self._transport.close(fd)
                    return
        except BlockingIOError:
            pass
        except OSError:
            self._transport.close(fd)
            return
        if not data:
            self._admit(fd, remote)
            return
        out, rest, fate = self._answers.reply(data, remote)
        if fate == CLOSE:
            sent = self._send(fd, out)
            if sent in (len(out), _LOST):
                self._transport.close(fd)
                return
            out = out[sent:]
        self._deliver(self._admit(fd, remote), out, rest, fate)

    def tell(self, fd: int, address: str) -> None:
        """HAProxy's agent-check asks by connecting: say the line and part."""
        remote = not address.startswith(_HERE)
        self._deliver(self._admit(fd, remote), self._answers.line(remote), b"", LINGER)

    def attend(self, fd: int, mask: int) -> None:
        """Something happened on a connection."""
        one = self._all.get(fd)
        if one is None:  # sent away earlier in the same batch of events
            return
        if one.phase is self.phases.taking:
            if mask & _OUT:
                self._resume(one)
            else:
                self._part(one)  # only an error or a hang-up comes uncalled
        elif one.phase is self.phases.leaving:
            self._discard(one)
        else:
            self._listen(one)

    def expire(self) -> None:
        """Send away everyone whose patience is over."""
        while (one := self.phases.expired(self.now)) is not None:
            if one.phase is not self.phases.leaving:
                self.expired += 1
            self._part(one)

    def evict(self) -> bool:
        """Make room for one; False when everyone is being answered or there is nobody."""
        one = self.phases.victim()
        if one is None:
            return False
        self.evicted += 1
        self._part(one)
        return True

    def drop(self, fd: int) -> None:
        """Close `fd` unless it is closed already."""
        one = self._all.get(fd)
        if one is not None:
            self._part(one)

    def _admit(self, fd: int, remote: bool) -> Connection:  # noqa: FBT001 (hot path)
        if len(self._all) >= self.room:
            self.evict()
        uncork(fd)
        one = Connection(fd, remote=remote)
        self._all[fd] = one
        self._epoll.register(fd, _IN)
        self.phases.asking.enter(one, self.now)
        return one

    def _part(self, one: Connection) -> None:
        if one.phase is not None:
            one.phase.leave(one)
        self._held -= len(one.buffer) + len(one.out)
        del self._all[one.fd]
        self._transport.close(one.fd)  # which also takes it out of epoll

    def _listen(self, one: Connection) -> None:
        try:
            data = self._read(one.fd, _READ_ONCE)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self._part(one)
            return
        if one.buffer:
            data = one.buffer + data
        self._deliver(one, *self._answers.reply(data, one.remote))

    def _deliver(self, one: Connection, out: bytes, rest: bytes, fate: int) -> None:
        """Send `out`; then, or when the peer takes it, its fate."""
        self._held += len(rest) - len(one.buffer)
        one.buffer = rest
        sent = self._send(one.fd, out) if out else 0
        if sent == _LOST:
            self._part(one)
        elif sent < len(out):
            one.out, one.fate = out[sent:], fate
            self._held += len(one.out)
            self.phases.taking.enter(one, self.now)
            # Nothing more is read from a peer that does not take its answers.
            self._epoll.modify(one.fd, _OUT)
        else:
            self._go_on(one, fate, answered=bool(out))
        if self._held > _HELD_MOST:
            self._part(self.phases.taking.oldest() or self.phases.asking.oldest() or one)

    def _send(self, fd: int, out: bytes) -> int:
        """How many bytes the kernel took; _LOST when the peer is gone."""
        try:
            return self._write(fd, out)
        except BlockingIOError:
            return 0
        except OSError:
            return _LOST

    def _go_on(self, one: Connection, fate: int, *, answered: bool) -> None:
        """The next phase of a connection with nothing left to send."""
        if fate == KEEP:
            if not one.buffer:
                self.phases.idle.enter(one, self.now)
            elif answered or one.phase is not self.phases.asking:
                # The deadline runs from the first byte of a request; later ones don't extend it.
                self.phases.asking.enter(one, self.now)
        elif fate == LINGER:
            self._linger(one)
        else:
            self._part(one)

    def _resume(self, one: Connection) -> None:
        sent = self._send(one.fd, one.out)
        if sent == _LOST:
            self._part(one)
            return
        self._held -= sent
        one.out = one.out[sent:]
        if not one.out:
            self._epoll.modify(one.fd, _IN)
            self._go_on(one, one.fate, answered=True)

    def _linger(self, one: Connection) -> None:
        try:
            self._transport.shut(one.fd)
        except OSError:
            self._part(one)
            return
        self.phases.leaving.enter(one, self.now)

    def _discard(self, one: Connection) -> None:
        try:
            if self._read(one.fd, _DISCARD_ONCE):
                return
        except BlockingIOError:
            return
        except OSError:
            pass
        self._part(one)
