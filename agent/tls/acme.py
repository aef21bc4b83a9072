"""`python -I -m agent.tls.acme`: an order on standard input, its outcome on standard output.

Owns the conversation of one order with an ACME authority (RFC 8555), in a process of its own that
ends with it: account, order, proofs, certificate. Never loops: one order a run, and what the
authority says about it is final here. Refuses the certificate's private key, and to judge whether
one is wanted. What the authority wrote is shortened and made printable before it leaves.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import requests
from acme import messages
from acme.client import ClientV2
from acme.errors import Error as AcmeError
from josepy.errors import Error as JoseError
from josepy.jwa import ES256
from josepy.jwk import JWKEC

from agent.host import tether
from agent.host.failures import HostFailure
from agent.host.web import TooLong
from agent.tls import account
from agent.tls.account import NoAccount
from agent.tls.line import Line
from agent.tls.names import not_covered
from agent.tls.order import Order, Outcome, Trouble
from agent.tls.proofs import CannotShow, Piece, shown

_POLL = 0.25  # seconds; doubled up to
_POLL_MOST = 8.0
_CAP = 400  # characters of what others wrote
_NOT_AS_EXPECTED = (ValueError, KeyError, TypeError, AttributeError, RecursionError)
_OPEN = (messages.STATUS_PENDING, messages.STATUS_PROCESSING)


class Refused(Exception):
    """The authority said no; the text is what it said, `trouble` whose it is."""

    def __init__(self, trouble: Trouble, problem: str) -> None:
        super().__init__(problem)
        self.trouble = trouble


@dataclass(slots=True)
class _Talk:
    """One conversation."""

    order: Order
    key: JWKEC
    line: Line
    client: ClientV2

    def pause(self, seconds: float) -> None:
        self.line.adapter.pause(seconds)


def place(order: Order) -> Outcome:
    """Order one certificate. Never raises for what the authority or the network does."""
    key = account.key_of(Path(order.account))
    line = Line(key, alg=ES256, user_agent="caretaker")
    try:
        adapter = line.limit(ca=order.ca, seconds=order.seconds)
    except OSError as error:
        return _told("authority", f"{order.ca or 'the system'}: {error.strerror}")
    try:
        return _place(order, key, line)
    except (Refused, CannotShow) as no:
        return _told(no.trouble, str(no), stay_away=adapter.stay_away)
    except NoAccount as no:
        return _told("account", str(no))
    except messages.Error as error:
        trouble = _whose(error)
        return _told(trouble, _said(error), stay_away=adapter.stay_away)
    except TooLong:
        return _told("authority", f"no certificate within {order.seconds:.0f} s")
    except requests.RequestException as error:
        return _told("authority", f"{order.directory} can't be reached: {_innermost(error)}")
    # What a server that speaks something else makes of the library: JSON of another shape.
    except (AcmeError, JoseError, *_NOT_AS_EXPECTED) as error:
        return _told("authority", f"{order.directory} gave no answer of ACME's: {error!r}")


def _place(order: Order, key: JWKEC, line: Line) -> Outcome:
    if not order.directory.startswith("https://"):
        raise Refused("authority", f"{order.directory} is no https:// URL")
    client = ClientV2(ClientV2.get_directory(order.directory, line), line)
    talk = _Talk(order, key, line, client)
    url = _enter(talk)
    placed = client.new_order(order.csr.encode(), profile=order.profile or None)
    with ExitStack() as undo:
        undo.callback(_withdraw, talk, placed.authorizations)
        _prove(talk, placed.authorizations)
        undo.pop_all()
    return Outcome(chain=_finish(talk, placed), account=url)


def _enter(talk: _Talk) -> str:
    url = account.enter(talk.client, talk.key, talk.order)
    if not url:
        # It can't be opened again (RFC 8555, 7.3.6); the names are ours all the same.
        account.give_up(Path(talk.order.account))
        talk.key = talk.line.key = account.key_of(Path(talk.order.account))
        talk.line.account = None
        url = account.enter(talk.client, talk.key, talk.order)
    if not url:
        raise Refused("account", "the authority closed our account, and a new one at once")
    return url


def _prove(talk: _Talk, asked: list[Any]) -> None:
    """Answer every authorisation that is still open. Raises Refused and CannotShow."""
    _refuse_strangers(talk.order, asked)
    still = [each for each in asked if each.body.status != messages.STATUS_VALID]
    found = [(each, _challenge(talk.order, each)) for each in still]
    pieces = [
        Piece(
            each.body.identifier.value, body.chall.encode("token"), body.chall.validation(talk.key)
        )
        for each, body in found
    ]
    if not pieces:
        return
    with shown(talk.order, pieces, left=talk.line.adapter.left):
        if talk.order.challenge == "dns-01":
            talk.pause(talk.order.spread)
        for _, body in found:
            talk.client.answer_challenge(body, body.chall.response(talk.key))
        for each, _ in found:
            _await_proof(talk, each)


def _refuse_strangers(order: Order, asked: list[Any]) -> None:
    """Names go to a program of the vendor's: those that we ordered, and no text of the server's."""
    ours = [name.removeprefix("*.") for name in order.names]
    strange = not_covered([str(each.body.identifier.value) for each in asked], ours)
    if strange:
        raise Refused("authority", f"it wants a proof for {strange[0]}, which was not ordered")


def _challenge(order: Order, asked: Any) -> Any:
    for body in asked.body.challenges:
        if body.chall.typ == order.challenge:
            return body
    offered = ", ".join(body.chall.typ for body in asked.body.challenges)
    name = asked.body.identifier.value
    raise Refused(
        "proof", f"for {name} the authority offers {offered or 'nothing'}, not {order.challenge}"
    )


def _await_proof(talk: _Talk, asked: Any) -> None:
    def look() -> Any:
        return talk.client.poll(asked)[0]

    seen = _until(talk, look, lambda one: one.body.status not in _OPEN)
    if seen.body.status == messages.STATUS_VALID:
        return
    errors = [body.error for body in seen.body.challenges if body.error is not None]
    why = _said(errors[0]) if errors else f"the proof is {seen.body.status.name}"
    raise Refused("proof", f"{asked.body.identifier.value}: {why}")


def _finish(talk: _Talk, placed: Any) -> str:
    """Have it signed; the chain, PEM."""

    def ask(url: str) -> requests.Response:
        return talk.line.post(url, None, new_nonce_url=talk.client.directory["newNonce"])

    def look() -> Any:
        return messages.Order.from_json(ask(placed.uri).json())

    waiting = (*_OPEN, messages.STATUS_READY)
    ready = _until(talk, look, lambda one: one.status != messages.STATUS_PENDING)
    if ready.status == messages.STATUS_READY:
        talk.client.begin_finalization(placed)
        ready = _until(talk, look, lambda one: one.status not in waiting)
    if ready.status != messages.STATUS_VALID or not ready.certificate:
        why = _said(ready.error) if ready.error else f"the order is {ready.status.name}"
        raise Refused("authority", why)
    chain = ask(ready.certificate).text
    if "-----BEGIN CERTIFICATE-----" not in chain:
        raise Refused("authority", "what it gave for a certificate is none")
    return chain


def _until(talk: _Talk, look: Callable[[], Any], done: Callable[[Any], bool]) -> Any:
    """Look until it is done; the session's deadline ends it (TooLong)."""
    pause = _POLL
    while not done(seen := look()):
        talk.pause(min(max(pause, talk.line.adapter.stay_away), 60.0))
        pause = min(pause * 2, _POLL_MOST)
    return seen


def _withdraw(talk: _Talk, asked: list[Any]) -> None:
    """Authorities allow few open ones at a time; what we leave behind would count for a week."""
    talk.line.patience = 0  # A courtesy; a server that is gone is not waited for.
    for each in asked:
        with suppress(AcmeError, JoseError, requests.RequestException, *_NOT_AS_EXPECTED):
            talk.client.deactivate_authorization(each)


def _whose(error: messages.Error) -> Trouble:
    if error.code in ("externalAccountRequired", "accountDoesNotExist", "unauthorized",
                      "invalidEmail", "invalidContact", "unsupportedContact"):  # fmt: skip
        return "account"
    known = ("rejectedIdentifier", "unsupportedIdentifier", "caa", "dns", "connection")
    return "proof" if error.code in known else "authority"


def _said(error: messages.Error) -> str:
    """The authority's words, and those about each name it complained about."""
    said = [error.detail or error.description or error.title or str(error.typ)]
    for each in error.subproblems or ():
        name = f"{each.identifier.value}: " if each.identifier else ""
        said.append(f"{name}{each.detail or each.typ}")
    return f"{'; '.join(said)} ({error.code or 'no known kind'})"


def _innermost(error: BaseException) -> str:
    """requests wraps urllib3 wraps ssl or socket; the last one knows."""
    while (cause := getattr(error, "reason", None) or error.__cause__ or error.__context__) and (
        isinstance(cause, BaseException)
    ):
        error = cause
    return str(error)


def _told(trouble: Trouble, problem: str, *, stay_away: float = 0.0) -> Outcome:
    text = "".join(c if c.isprintable() else " " for c in problem[: _CAP * 4])
    short = " ".join(text.split())
    if len(short) > _CAP:
        short = f"{short[: _CAP - 1]}…"
    return Outcome(trouble=trouble, problem=short, stay_away=stay_away)


def main() -> int:
    # Killed alone, whoever asked would leave port 80 taken and a record in DNS.
    tether.tie()
    order = msgspec.json.decode(sys.stdin.buffer.read(), type=Order)
    try:
        outcome = place(order)
    except HostFailure as failure:
        outcome = _told("internal", str(failure))
    sys.stdout.write(msgspec.json.encode(outcome).decode())
    return 0


if __name__ == "__main__":
    sys.exit(main())
