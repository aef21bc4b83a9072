"""`tcp`: a connection opens, and what answers is what should.

Owns one connection and one exchange. A connection that opens says little: the kernel completes it
for a process that is stopped or stuck, so a vendor who can gives `expect`.
"""

from __future__ import annotations

from agent.findings import Finding, failed, passed, warned
from agent.health.context import CheckType, Context
from agent.health.wire import trouble
from agent.host.network import Wire
from agent.manifest.checks import TcpCheck


def look(check: TcpCheck, context: Context) -> Finding:
    whom = trouble.shown(check.address, check.port)
    begun = context.host.clock.monotonic()
    try:
        with context.host.network.connect(check.address, check.port, timeout=check.timeout) as wire:
            if check.send:
                wire.send(check.send.encode())
            complaint = _unexpected(wire, check.expect.encode())
    except OSError as error:
        return trouble.explain(error, whom, check.timeout)
    seconds = context.host.clock.monotonic() - begun
    if complaint:
        return failed("tcp-answer", f"{whom} {complaint}")
    took = f"{whom} {'answered' if check.expect else 'opened'} in {seconds * 1000:.0f} ms"
    if 0 < check.warn_after < seconds:
        summary = f"{took}; more than {check.warn_after}"
        return warned("tcp-slow", summary, observed=seconds, unit="s")
    return passed(took, observed=seconds, unit="s")


def _unexpected(wire: Wire, expected: bytes) -> str:
    """What is wrong with the answer; empty where it begins as expected. Raises OSError.

    The answer itself is not quoted: it may hold what only this machine should see.
    """
    answer = b""
    while len(answer) < len(expected):
        chunk = wire.receive(len(expected) - len(answer))
        if not chunk:
            return f"closed the connection after {len(answer)} bytes of its answer"
        answer += chunk
        if not expected.startswith(answer):
            return "opened, but its answer does not begin with the text expected"
    return ""


TYPE = CheckType(
    code="tcp",
    params=TcpCheck,
    look=look,
    codes=(*trouble.CODES, "tcp-answer", "tcp-slow"),
    hang="resolving the host name hangs, or this machine is overloaded",
    cost="one connection",
)
