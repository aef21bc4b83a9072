"""`grpc`: the gRPC health protocol says SERVING.

Owns what the answers of `grpc.health.v1.Health/Check` mean. Refuses the streaming Watch: a stream
that stays open proves less than a new connection does.
"""

from __future__ import annotations

from agent.findings import Finding, failed, passed
from agent.health.context import CheckType, Context
from agent.health.wire import grpc, trouble
from agent.manifest.checks import GrpcCheck

_SERVING = 1
_STATUSES = {0: "UNKNOWN", 2: "NOT_SERVING", 3: "SERVICE_UNKNOWN"}

# Status codes of gRPC (doc/statuscodes.md of its core).
_CODES = {
    4: ("timeout", "says that its own time limit passed"),
    5: ("grpc-service-unknown", "knows no service of that name"),
    7: ("grpc-login", "does not allow this call"),
    8: ("grpc-exhausted", "has used something up"),
    12: ("grpc-unimplemented", "does not speak the health protocol"),
    14: ("grpc-unavailable", "says it is unavailable"),
    16: ("grpc-login", "wants credentials, or other ones"),
}


def look(check: GrpcCheck, context: Context) -> Finding:
    address = trouble.shown(check.address, check.port)
    whom = f"gRPC at {address}"
    begun = context.host.clock.monotonic()
    try:
        with context.host.network.connect(check.address, check.port, timeout=check.timeout) as wire:
            if check.tls:
                name = check.server_name or check.address
                wire.start_tls(name, ca=check.ca, alpn=("h2",))
            reply = grpc.health_check(
                wire,
                f"{check.server_name}:{check.port}" if check.server_name else address,
                check.service,
                check.headers,
                tls=check.tls,
                timeout=check.timeout,
            )
        return _judge(check, whom, reply, context.host.clock.monotonic() - begun)
    except grpc.GrpcTrouble as error:
        return failed("grpc-malformed", f"{whom} {error}")
    except grpc.UnsendableMetadata:
        return failed("grpc-request", "the headers of this check can't be sent as they are")
    except OSError as error:
        return trouble.explain(error, whom, check.timeout, ca=check.ca)


def _judge(check: GrpcCheck, whom: str, reply: grpc.Reply, seconds: float) -> Finding:
    if reply.http != 200 and not reply.status:
        return failed("grpc-http", f"{whom} answered with HTTP status {reply.http}, not gRPC")
    if reply.status:
        code, words = _CODES.get(reply.status, ("grpc-error", "refused the call"))
        said = f": {reply.message}" if reply.message else ""
        return failed(code, f"{whom} {words} (status {reply.status}){said}", status=reply.status)
    if reply.status is None:
        return failed("grpc-malformed", f"{whom} answered without a status")
    status = grpc.serving_status(bytes(reply.body))
    subject = f"service {check.service}" if check.service else "the server"
    if status != _SERVING:
        word = _STATUSES.get(status, str(status))
        return failed("grpc-not-serving", f"{whom} says that {subject} is {word}", status=status)
    took = f"{whom} says that {subject} is SERVING, in {seconds * 1000:.0f} ms"
    return passed(took, observed=seconds, unit="s")


TYPE = CheckType(
    code="grpc",
    params=GrpcCheck,
    look=look,
    codes=(
        *trouble.CODES,
        *dict.fromkeys(code for code, _ in _CODES.values() if code != "timeout"),
        "grpc-error",
        "grpc-http",
        "grpc-malformed",
        "grpc-not-serving",
        "grpc-request",
    ),
    hang="resolving the host name hangs, or this machine is overloaded",
    cost="one connection and one call",
)
