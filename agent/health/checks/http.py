"""`http`: an address answers with the right status, and the right text where asked.

Owns the request and the judgement. Refuses redirects: a 302 counts as the status it is, since a
check that follows one may end up asking another machine.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from agent.findings import Finding, failed, passed, warned
from agent.health.context import CheckType, Context
from agent.health.wire import http, trouble
from agent.manifest.checks import HttpCheck

_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class _Target:
    """A URL in the parts a request needs; `shown` has neither credentials nor query."""

    tls: bool
    address: str
    port: int
    host: str
    path: str
    credentials: str
    shown: str


def look(check: HttpCheck, context: Context) -> Finding:
    try:
        target = _target(check.url)
        headers = dict(check.headers)
        if target.credentials and "authorization" not in {name.lower() for name in headers}:
            headers["Authorization"] = target.credentials
        content = http.request(check.method, target.host, target.path, headers)
    except ValueError:
        # Its text would quote the address, which may hold a secret.
        return failed("http-request", "the url or a header of this check can't be sent as it is")
    begun = context.host.clock.monotonic()
    try:
        with context.host.network.connect(
            target.address, target.port, timeout=check.timeout
        ) as wire:
            if target.tls:
                wire.start_tls(target.address, ca=check.ca, verify=check.verify)
            answer = http.ask(wire, content, method=check.method)
    except http.HttpTrouble as error:
        return failed("http-malformed", f"{target.shown} gave a broken answer: {error}")
    except OSError as error:
        return trouble.explain(error, target.shown, check.timeout, ca=check.ca)
    return _judge(check, target, answer, context.host.clock.monotonic() - begun)


def _judge(check: HttpCheck, target: _Target, answer: http.Answer, seconds: float) -> Finding:
    said = f"{answer.status} {answer.reason}".strip()
    if answer.status not in check.status:
        wanted = " or ".join(str(each) for each in check.status)
        summary = f"{target.shown} said {said}, not {wanted}"
        return failed("http-status", summary, observed=answer.status, unit="status")
    if check.contains and check.contains.encode() not in answer.body:
        where = "its answer" if answer.whole else "the first 64 KiB of its answer"
        summary = f"{target.shown} said {said}, but the text asked for is not in {where}"
        return failed("http-text", summary, status=answer.status)
    took = f"{target.shown} said {said} in {seconds * 1000:.0f} ms"
    if 0 < check.warn_after < seconds:
        summary = f"{took}; more than {check.warn_after}"
        return warned("http-slow", summary, observed=seconds, unit="s", status=answer.status)
    return passed(took, observed=seconds, unit="s", status=answer.status)


def _target(url: str) -> _Target:
    """Raises ValueError for what is no URL."""
    parts = urlsplit(url)
    address = parts.hostname or ""
    if not address or parts.scheme not in _PORTS:
        raise ValueError(url)
    port = parts.port or _PORTS[parts.scheme]
    bracketed = f"[{address}]" if ":" in address else address
    host = bracketed if port == _PORTS[parts.scheme] else f"{bracketed}:{port}"
    path = parts.path or "/"
    credentials = ""
    if parts.username is not None:
        pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
        credentials = "Basic " + base64.b64encode(pair.encode()).decode()
    return _Target(
        tls=parts.scheme == "https",
        address=address,
        port=port,
        host=host,
        path=f"{path}?{parts.query}" if parts.query else path,
        credentials=credentials,
        shown=f"{parts.scheme}://{host}{path}",
    )


TYPE = CheckType(
    code="http",
    params=HttpCheck,
    look=look,
    codes=(
        *trouble.CODES,
        "http-request",
        "http-malformed",
        "http-status",
        "http-text",
        "http-slow",
    ),
    hang="resolving the host name hangs, or this machine is overloaded",
    cost="one connection and one request",
)
