"""`postgres`: a query over PostgreSQL's wire protocol returns what it should.

Owns what the server's codes mean for health. A new session each look, as any client would open
one; a query that outlived its look is cancelled before the next one, so that a table somebody
locked does not fill up with our sessions.
"""

from __future__ import annotations

import ipaddress
from pathlib import Path

from agent.findings import Finding, failed, passed, warned
from agent.health.context import CheckType, Context
from agent.health.wire import trouble
from agent.health.wire.postgres import (
    Login,
    PostgresTrouble,
    Result,
    ServerError,
    Session,
    cancel,
    offers_tls,
)
from agent.host.network import Wire
from agent.manifest.checks import PostgresCheck

_LEFT_BEHIND = "postgres.cancel"  # key of `memory`: the cancel key of a query that timed out
_SHOWN = 60  # characters of a value in a summary

# SQLSTATE (manual, appendix A), first by the whole code, then by its class.
_STATES = {
    "57P03": ("starting", "does not take connections yet"),
    "57P01": ("postgres-stopping", "is shutting down"),
    "57P02": ("postgres-stopping", "is restarting after a crash of one of its processes"),
    "53300": ("postgres-connections", "has no connection left to give"),
    "53100": ("postgres-disk", "has no disk space left"),
    "53200": ("postgres-memory", "has no memory left"),
    "3D000": ("postgres-database", "has no such database"),
    "28P01": ("postgres-login", "does not accept the password"),
    "28000": ("postgres-login", "does not let this user in"),
    "57014": ("postgres-cancelled", "cancelled the query"),
}


def look(check: PostgresCheck, context: Context) -> Finding:
    whom = _shown(check)
    begun = context.host.clock.monotonic()
    _cancel_last(check, context)
    try:
        with _connect(check, context) as wire:
            result = _ask(check, context, wire)
    except ServerError as error:
        return _refused(error, whom)
    except PostgresTrouble as error:
        return failed(error.code, f"PostgreSQL at {whom} {error}")
    except OSError as error:
        return trouble.explain(error, f"PostgreSQL at {whom}", check.timeout, ca=check.ca)
    return _judge(check, whom, result, context.host.clock.monotonic() - begun)


def _ask(check: PostgresCheck, context: Context, wire: Wire) -> Result:
    if check.tls:
        if not offers_tls(wire):
            raise PostgresTrouble("postgres-no-tls", "offers no TLS, and this check asks for it")
        wire.start_tls(check.address, ca=check.ca)
    session = Session(wire)
    private = check.tls or _is_local(check.address)
    session.start(
        Login(check.user, check.password, check.database or check.user, private=private),
        context.memory,
    )
    try:
        result = session.query(check.query)
    except TimeoutError:
        context.memory[_LEFT_BEHIND] = session.cancel_key
        raise
    session.say_goodbye()
    return result


def _cancel_last(check: PostgresCheck, context: Context) -> None:
    key = context.memory.pop(_LEFT_BEHIND, b"")
    if not key:
        return
    try:
        # The protocol lets a cancel request go in the clear: its key is good for nothing else.
        with _connect(check, context, share=0.25) as wire:
            cancel(wire, key)
    except OSError:
        return  # The look itself will say that nobody is reached.


def _connect(check: PostgresCheck, context: Context, *, share: float = 1.0) -> Wire:
    timeout = check.timeout * share
    if check.address.startswith("/"):
        path = Path(check.address) / f".s.PGSQL.{check.port}"
        return context.host.network.connect_unix(path, timeout=timeout)
    return context.host.network.connect(check.address, check.port, timeout=timeout)


def _is_local(address: str) -> bool:
    """Whether what we send stays on this machine."""
    if address.startswith("/") or address == "localhost":
        return True
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return False
    # Linux takes a connection to 0.0.0.0 or :: as one to itself.
    return found.is_loopback or found.is_unspecified


def _refused(error: ServerError, whom: str) -> Finding:
    code, words = _STATES.get(error.sqlstate, ("postgres-error", "refused the query"))
    if error.sqlstate == "57P03" and "shutting down" in error.message:
        code, words = "postgres-stopping", "is shutting down"
    summary = f"PostgreSQL at {whom} {words}: {error.message}"
    return failed(code, summary, sqlstate=error.sqlstate)


def _judge(check: PostgresCheck, whom: str, result: Result, seconds: float) -> Finding:
    if check.expect and result.value != check.expect:
        summary = f"PostgreSQL at {whom} returned {_said(result)}, not {check.expect!r}"
        return failed("postgres-answer", summary, rows=result.rows)
    took = f"PostgreSQL at {whom} answered in {seconds * 1000:.0f} ms"
    if 0 < check.warn_after < seconds:
        summary = f"{took}; more than {check.warn_after}"
        return warned("postgres-slow", summary, observed=seconds, unit="s", rows=result.rows)
    return passed(took, observed=seconds, unit="s", rows=result.rows)


def _said(result: Result) -> str:
    if result.rows == 0:
        return "no row"
    return "null" if result.value is None else repr(result.value[:_SHOWN])


def _shown(check: PostgresCheck) -> str:
    if check.address.startswith("/"):
        return f"{check.address}/.s.PGSQL.{check.port}"
    return trouble.shown(check.address, check.port)


TYPE = CheckType(
    code="postgres",
    params=PostgresCheck,
    look=look,
    codes=(
        *trouble.CODES,
        *dict.fromkeys(code for code, _ in _STATES.values()),
        "postgres-error",
        "postgres-answer",
        "postgres-slow",
        "postgres-no-tls",
        "postgres-plaintext",
        "postgres-method",
        "postgres-impostor",
        "postgres-protocol",
        "postgres-request",
        "postgres-large",
    ),
    hang="resolving the host name hangs, or this machine is overloaded",
    cost="one session and its queries",
)
