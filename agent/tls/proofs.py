"""Showing that a name is ours: over HTTP, in a web server's folder, or in DNS by a program.

Owns that what was shown is taken back, whatever happens in between. Refuses to know the
authority: pieces in, nothing out. Loaded in the child only.
"""

from __future__ import annotations

import errno
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from agent.host import sockets, spawn, webroot
from agent.host.challenge_port import ChallengePort
from agent.tls.order import Order, Trouble

_WEBROOT_SECONDS = 10.0
_CLEARING = (
    20.0  # seconds a call of the hook has to take a record back, whatever the order has left
)


@dataclass(frozen=True, slots=True)
class Piece:
    """`content` is the file's for HTTP, the TXT record's for DNS. `name` has no `*.`"""

    name: str
    token: str
    content: str


class CannotShow(Exception):
    """The text says why, for people; `trouble` whose it is."""

    def __init__(self, trouble: Trouble, problem: str) -> None:
        super().__init__(problem)
        self.trouble = trouble


@contextmanager
def shown(order: Order, pieces: list[Piece], *, left: Callable[[], float]) -> Iterator[None]:
    """While the block runs, everybody who asks sees the pieces.

    `left`: seconds the order has. Raises CannotShow, and what `left` raises.
    """
    with ExitStack() as stack:
        if order.challenge == "dns-01":
            _in_dns(order, pieces, stack, left)
        elif order.webroot:
            _in_folder(order, pieces, stack)
        else:
            port = _opened(order, stack)
            for piece in pieces:
                port.offer(piece.token, piece.content)
        yield


def _opened(order: Order, stack: ExitStack) -> ChallengePort:
    try:
        return stack.enter_context(ChallengePort(order.address, order.port))
    except OSError as error:
        raise CannotShow("port", _why_shut(order, error)) from error


def _why_shut(order: Order, error: OSError) -> str:
    where = f"port {order.port}"
    if error.errno == errno.EADDRINUSE:
        inodes = [each.inode for each in sockets.listeners() if each.port == order.port]
        holders = [
            f"{holder.name} ({holder.unit or f'process {holder.pid}'})"
            for holder in sockets.holders(inodes).values()
        ]
        return f"{where} is taken by {', '.join(holders) or 'another program'}"
    if error.errno in (errno.EACCES, errno.EPERM):
        return f"{where} may be opened by root only"
    return f"{where} could not be opened: {error.strerror or error}"


def _in_folder(order: Order, pieces: list[Piece], stack: ExitStack) -> None:
    for piece in pieces:
        stack.callback(_write, order, piece, "remove")
        done = _write(order, piece, "add")
        if not done.ok:
            raise CannotShow("port", f"the webroot could not be written: {done.reason}")


def _write(order: Order, piece: Piece, act: str) -> spawn.Completed:
    return spawn.run(
        [sys.executable, "-I", "-S", webroot.__file__, act, order.webroot, piece.token],
        stdin=piece.content.encode(),
        timeout=_WEBROOT_SECONDS,
        user=order.user,
    )


def _in_dns(order: Order, pieces: list[Piece], stack: ExitStack, left: Callable[[], float]) -> None:
    for piece in pieces:
        # Before the first call: one that fails, or is ended, may have written the record already.
        stack.callback(_call, order, piece, "remove", min(order.hook_seconds, _CLEARING))
        done = _call(order, piece, "add", min(order.hook_seconds, left()))
        if not done.ok:
            problem = f"the hook {order.hook[0]} could not add the record: {done.reason}"
            raise CannotShow("hook", problem)


def _call(order: Order, piece: Piece, act: str, seconds: float) -> spawn.Completed:
    """The hook's contract (docs/how-to/acme.md). The record's value is public once it is there."""
    told = {
        "CARETAKER_ACME_ACTION": act,
        "CARETAKER_ACME_DOMAIN": piece.name,
        "CARETAKER_ACME_RECORD": f"_acme-challenge.{piece.name}",
        "CARETAKER_ACME_VALUE": piece.content,
    }
    return spawn.run(
        order.hook,
        timeout=seconds,
        env={**order.environment, **told},
        user=order.user,
    )
