"""The local API's routes.

Owns paths, methods, media types and error bodies. Every route first asks `access`. Refuses to be
a balancer's target: it lives on a Unix socket and loopback, and the probe plane answers those.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import wraps
from typing import Any

import msgspec
from flask import Flask, Response, request

from agent.api import health_json, metrics
from agent.api.access import Access, Caller
from agent.api.facade import AgentFacade
from agent.errors import (
    BusyError,
    CaretakerError,
    MachineError,
    ManifestError,
    RefusedError,
    UsageError,
)
from agent.host.clock import Clock
from agent.manifest.kinds import Duration

_HTTP_STATUS: dict[type[CaretakerError], int] = {
    UsageError: 400,
    ManifestError: 422,
    RefusedError: 403,
    BusyError: 409,
    MachineError: 503,
}
Route = Callable[..., Response]


def create_app(facade: AgentFacade, access: Access, clock: Clock) -> Flask:
    """The WSGI application. `caretaker.peer_uid` in the environment is the Unix peer's uid."""
    app = Flask("caretaker", static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = 64 << 10

    def reads(route: Route) -> Route:
        @wraps(route)
        def guarded(*args: Any, **named: Any) -> Response:
            if not access.may_read(_caller()):
                raise _refused()
            return route(*args, **named)

        return guarded

    def acts(route: Route) -> Route:
        @wraps(route)
        def guarded(*args: Any, **named: Any) -> Response:
            if not access.may_act(_caller()):
                raise _refused()
            return route(*args, **named)

        return guarded

    _add_readings(app, facade, reads)
    _add_modes(app, facade, acts, clock)
    _add_acts(app, facade, acts)

    @app.errorhandler(CaretakerError)
    def told(error: CaretakerError) -> Response:
        return _problem(error, _HTTP_STATUS.get(type(error), 500))

    @app.errorhandler(404)
    @app.errorhandler(405)
    @app.errorhandler(413)
    def unknown(error: Any) -> Response:
        return _problem(UsageError("usage", f"{request.method} {request.path}: {error.name}"),
                        error.code)  # fmt: skip

    return app


def _add_readings(app: Flask, facade: AgentFacade, reads: Callable[[Route], Route]) -> None:
    @app.get("/status")
    @reads
    def status() -> Response:
        return _json(msgspec.json.encode(facade.status()))

    @app.get("/health/detailed")
    @reads
    def detailed() -> Response:
        report = facade.status()
        code = 503 if report.ready.value == "fail" else 200
        body = msgspec.json.encode(health_json.render(report))
        return Response(body, code, content_type=health_json.MEDIA_TYPE)

    @app.get("/metrics")
    @reads
    def metrics_() -> Response:
        text, media_type = metrics.render(facade.status(), facade.resources())
        return Response(text, content_type=media_type)

    @app.get("/ledger")
    @reads
    def ledger() -> Response:
        limit, since = _number("limit", 50), _number("since", 0)
        # SQLite takes a limit below zero for none.
        limit = min(max(limit, 0), 1000)
        return _json(msgspec.json.encode(facade.ledger(limit=int(limit), since=since)))


def _add_modes(
    app: Flask, facade: AgentFacade, acts: Callable[[Route], Route], clock: Clock
) -> None:
    @app.post("/drain")
    @acts
    def drain() -> Response:
        asked = _asked()
        until = _until(asked, clock)
        facade.drain(reason=_text(asked, "reason"), until=until, actor=_caller().actor)
        return _done()

    @app.post("/undrain")
    @acts
    def undrain() -> Response:
        facade.undrain(actor=_caller().actor)
        return _done()

    @app.post("/maintenance/on")
    @acts
    def maintenance_on() -> Response:
        asked = _asked()
        until = _until(asked, clock)
        reason = _text(asked, "reason")
        if until is None or not reason:
            raise UsageError(
                "usage",
                "maintenance needs a length and a reason",
                hint='caretaker maintenance on --for 30m --reason "new disk"',
            )
        facade.maintenance_on(reason=reason, until=until, actor=_caller().actor)
        return _done()

    @app.post("/maintenance/off")
    @acts
    def maintenance_off() -> Response:
        facade.maintenance_off(actor=_caller().actor)
        return _done()


def _add_acts(app: Flask, facade: AgentFacade, acts: Callable[[Route], Route]) -> None:
    @app.post("/services/<name>/restart")
    @acts
    def restart(name: str) -> Response:
        facade.order("restart", name, actor=_caller().actor)
        return _done()

    @app.post("/services/<name>/reload")
    @acts
    def reload_service(name: str) -> Response:
        facade.order("reload", name, actor=_caller().actor)
        return _done()

    @app.post("/services/<name>/start")
    @acts
    def start(name: str) -> Response:
        facade.order("start", name, actor=_caller().actor)
        return _done()

    @app.post("/services/<name>/stop")
    @acts
    def stop_service(name: str) -> Response:
        facade.order("stop", name, actor=_caller().actor)
        return _done()

    @app.post("/reload")
    @acts
    def reload() -> Response:
        facade.reload(actor=_caller().actor)
        return _done()

    @app.post("/look")
    @acts
    def look() -> Response:
        facade.look()
        return _done()

    @app.post("/stop")
    @acts
    def stop() -> Response:
        facade.stop(actor=_caller().actor)
        return _done()


def _caller() -> Caller:
    kind, _, bearer = request.headers.get("Authorization", "").partition(" ")
    return Caller(
        uid=request.environ.get("caretaker.peer_uid"),
        bearer=bearer if kind.lower() == "bearer" else "",
    )


def _refused() -> RefusedError:
    return RefusedError(
        "refused",
        f"{request.method} {request.path} is not for {_caller().actor}",
        hint="use sudo, or the token in /run/caretaker/api.token",
    )


def _asked() -> dict[str, Any]:
    asked = request.get_json(silent=True, force=True) if request.data else {}
    if not isinstance(asked, dict):
        raise UsageError("usage", "the body must be a JSON object")
    return asked


def _text(asked: dict[str, Any], key: str) -> str:
    value = asked.get(key, "")
    if not isinstance(value, str) or len(value) > 200 or not value.isprintable():
        raise UsageError("usage", f"{key} must be up to 200 printable characters")
    return value


def _until(asked: dict[str, Any], clock: Clock) -> float | None:
    if asked.get("for") is None:
        return None
    try:
        return clock.wall() + Duration.parse(asked["for"])
    except ValueError as error:
        raise UsageError("usage", f"for: {error}") from error


def _number(key: str, default: float) -> float:
    try:
        number = float(request.args.get(key, default))
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise UsageError("usage", f"{key} must be a number")
    return number


def _done() -> Response:
    return _json(b'{"outcome":"done"}')


def _json(body: bytes) -> Response:
    return Response(body, content_type="application/json")


def _problem(error: CaretakerError, code: int) -> Response:
    """RFC 9457's members, with our own words beside them."""
    body = {"title": error.message, "status": code, "code": error.code, "hint": error.hint}
    return Response(msgspec.json.encode(body), code, content_type="application/problem+json")
