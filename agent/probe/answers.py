"""Bytes in, bytes out: everything between reading a socket and writing to it.

Owns the memory of rendered answers and the counters. A probe sends the same bytes every time, so
the whole request is the key: one look-up replaces parsing, routing and rendering. The memory is
emptied whenever the state changes, so it can never tell an old verdict. Knows no socket.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from agent.probe import routes
from agent.probe.dialects import agent_line, answer
from agent.probe.request import Refusal, parse
from agent.probe.response import refusal
from agent.probe.routes import route
from agent.probe.state import State

_REMEMBERED = 256  # requests; a fleet of balancers has a handful, an attacker gets no more
_LONGEST_KEY = 1024  # bytes

KEEP, CLOSE, LINGER = 0, 1, 2  # what becomes of the connection after the bytes are out
Reply = tuple[bytes, bytes, int]  # to send, left over, one of the three above
REFUSED = "refused"

FAMILIES = (
    routes.READY,
    routes.LIVE,
    routes.CHECK,
    routes.LIVE_CHECK,
    routes.GROUP,
    routes.AZURE,
    routes.HAPROXY,
    routes.AGENT,
    routes.NONE,
    REFUSED,
)
_NOBODY = frozenset((routes.NONE, REFUSED))


class Answers:
    """The current state, ready to be copied out."""

    def __init__(
        self, limit: int, word: Sequence[int] = (0,), renew: Callable[[], None] | None = None
    ) -> None:
        """`limit`: bytes of a request's head. `renew` is called before an answer whenever `word`,
        the board's, has changed: what was published before a request came is in its answer.
        """
        self.limit = limit
        self.word = word
        self.seen = 0  # the word that the state below was made for
        self.renew = renew or (lambda: None)
        self.counts = dict.fromkeys(FAMILIES, 0)
        self.server_state = ""  # the last X-Haproxy-Server-State
        self.now = 0.0  # set by the loop
        self.asked_at = 0.0  # when the last probe came; 0.0: none has
        self.asked_remotely_at = 0.0  # the same, not counting probes from this machine itself
        self._ready: dict[bytes, tuple[Reply, str]] = {}
        self.show(State())

    def line(self, remote: bool) -> bytes:  # noqa: FBT001
        """What HAProxy's agent-check is told."""
        if self.word[0] != self.seen:
            self.renew()
        self.count(routes.AGENT, remote)
        return agent_line(self.state)

    def show(self, state: State) -> None:
        """From now on answer from `state`."""
        self.state = state
        self._ready.clear()

    def count(self, family: str, remote: bool) -> None:  # noqa: FBT001
        """Note a request for `family`."""
        self.counts[family] += 1
        if family not in _NOBODY:
            self.asked_at = self.now
            if remote:
                self.asked_remotely_at = self.now

    def reply(self, data: bytes, remote: bool) -> Reply:  # noqa: FBT001 (hot path)
        """What to send for `data`, everything read and not yet answered on a connection.

        `remote`: the peer is not this machine itself.
        """
        if self.word[0] != self.seen:
            self.renew()
        known = self._ready.get(data)
        if known is not None:
            self.counts[known[1]] += 1
            self.asked_at = self.now
            if remote:
                self.asked_remotely_at = self.now
            return known[0]
        return self._work_out(data, remote)

    def _work_out(self, data: bytes, remote: bool) -> Reply:  # noqa: FBT001
        sent: list[bytes] = []
        at, fate, family = 0, KEEP, routes.NONE
        while fate == KEEP and at < len(data):
            try:
                request = parse(data, at, self.limit)
            except Refusal as no:
                self.counts[REFUSED] += 1
                return b"".join((*sent, refusal(no.code))), b"", LINGER
            if request is None:
                break
            family, name = route(request.path)
            sent.append(answer(self.state, request, family, name))
            self.count(family, remote)
            if request.server_state:
                self.server_state = request.server_state
                family = routes.NONE  # differs each time: not worth remembering
            at = request.end
            if not request.keep:
                # Closing with bytes unread would reset the connection and lose the answer.
                fate = LINGER if request.body or at < len(data) else CLOSE
        reply = (b"".join(sent), b"" if fate else data[at:], fate)
        if len(sent) == 1 and at == len(data):
            self._remember(data, reply, family)
        return reply

    def _remember(self, data: bytes, reply: Reply, family: str) -> None:
        if len(data) > _LONGEST_KEY or family in _NOBODY:
            return
        if len(self._ready) >= _REMEMBERED:
            self._ready.clear()
        self._ready[data] = (reply, family)
