"""The handle of a CloudFormation wait condition: a presigned URL that takes one word.

Owns reading the URL, the message (AWS CloudFormation User Guide, "Create wait conditions"), and
sending it within a bound. Needs no program and no rights of the machine: whoever has the URL may
speak for the machine until it expires. So it is a secret, and nothing here says it.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field

from agent.host.machine import Host
from setup.exchange import put

ALL_TRIES = 60.0  # seconds, as long as cfn-signal gets
_ONE_TRY = 15.0  # seconds
_PAUSES = (1.0, 3.0, 9.0)  # seconds between tries; a network may only just have come up
_PASSING = (408, 429)  # besides 5xx: what the next try may answer otherwise (RFC 9110, 15.5)
_URL = re.compile(
    r"https://([A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?)(?::([0-9]{1,5}))?"
    r"(/[A-Za-z0-9._~:/?@!$&()*+,;=%|-]{0,4000})"
)


@dataclass(frozen=True, slots=True)
class WaitHandle:
    """Where the word goes. `target` is path and query, which hold the signature."""

    server: str
    port: int
    target: str = field(repr=False)


def read_handle(text: str) -> WaitHandle | None:
    """The handle of a presigned https URL; None for any other text."""
    match = _URL.fullmatch(text)
    if match is None:
        return None
    port = int(match[2] or 443)
    return WaitHandle(match[1], port, match[3]) if 0 < port < 65536 else None


def tell_handle(host: Host, handle: WaitHandle, content: bytes) -> str:
    """Send it, again where that may help. Why it was not taken; empty where it was."""
    end = host.clock.monotonic() + ALL_TRIES
    why = ""
    for pause in (*_PAUSES, None):
        left = end - host.clock.monotonic()
        if left <= 0:
            break
        why, again = _one_try(host, handle, content, seconds=min(_ONE_TRY, left))
        if not again or pause is None:
            break
        host.clock.sleep(min(pause, max(0.0, end - host.clock.monotonic())))
    return why


def message(*, healthy: bool, unique: str, reason: str, data: str) -> bytes:
    """What a handle takes. Two of one `unique` count once."""
    told = {
        "Status": "SUCCESS" if healthy else "FAILURE",
        "Reason": reason,
        "UniqueId": unique,
        "Data": data,
    }
    return json.dumps(told).encode()


def _one_try(host: Host, handle: WaitHandle, content: bytes, *, seconds: float) -> tuple[str, bool]:
    """Why it was not taken, and whether another try may help."""
    name = handle.server if handle.port == 443 else f"{handle.server}:{handle.port}"
    # The URL is signed for a request whose type is empty; any other is answered 403.
    headers = (f"Host: {name}", "Content-Type:")
    try:
        with host.network.connect(handle.server, handle.port, timeout=seconds) as wire:
            wire.start_tls(handle.server)
            status = put(wire, handle.target, content, headers=headers)
    except (OSError, ValueError) as error:
        return f"{handle.server}: {error}", True
    if 200 <= status < 300:
        return "", False
    return f"{handle.server} answers {status}", status >= 500 or status in _PASSING
