"""Asking the daemon over its Unix socket: the other side of `agent.api`.

Owns one HTTP exchange and turning its refusals back into our errors. Refuses retries.
"""

from __future__ import annotations

from typing import Any

import msgspec

from agent.errors import (
    BusyError,
    CaretakerError,
    InternalError,
    MachineError,
    ManifestError,
    RefusedError,
    UsageError,
)
from agent.host.network import Network
from agent.layout import Layout

TIMEOUT = 30.0  # seconds
_BY_STATUS: dict[int, type[CaretakerError]] = {
    400: UsageError, 403: RefusedError, 404: UsageError, 409: BusyError,
    422: ManifestError, 503: MachineError,
}  # fmt: skip
_ANSWER_CAP = 4 << 20  # bytes


def post(
    layout: Layout,
    path: str,
    body: dict[str, Any] | None = None,
    *,
    network: Network | None = None,
    timeout: float = TIMEOUT,
) -> dict[str, Any]:
    """Have something done; the answer. Raises CaretakerError."""
    content = msgspec.json.encode(body or {})
    head = (
        f"POST {path} HTTP/1.0\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(content)}\r\n\r\n"
    )
    return _exchange(layout, head.encode() + content, network or Network(), timeout)


def get(
    layout: Layout, path: str, *, network: Network | None = None, timeout: float = TIMEOUT
) -> dict[str, Any]:
    """Have something told; the answer. Raises CaretakerError."""
    head = f"GET {path} HTTP/1.0\r\nHost: localhost\r\n\r\n"
    return _exchange(layout, head.encode(), network or Network(), timeout)


def unreachable(layout: Layout, why: str) -> MachineError:
    hint = (
        f"caretaker --root {layout.root} start" if layout.embedded else "systemctl status caretaker"
    )
    return MachineError("daemon-unreachable", f"the agent does not answer: {why}", hint=hint)


def _exchange(layout: Layout, question: bytes, network: Network, timeout: float) -> dict[str, Any]:
    try:
        with network.connect_unix(layout.api_socket, timeout=timeout) as wire:
            wire.send(question)
            answer = bytearray()
            while len(answer) < _ANSWER_CAP and (chunk := wire.receive()):
                answer += chunk
    except PermissionError as error:
        raise RefusedError(
            "refused", f"{layout.api_socket} is not open to you", hint="sudo caretaker ..."
        ) from error
    except OSError as error:
        raise unreachable(layout, str(error)) from error
    return _read(bytes(answer))


def _read(answer: bytes) -> dict[str, Any]:
    head, _, body = answer.partition(b"\r\n\r\n")
    try:
        status = int(head.split(b" ", 2)[1])
        told: dict[str, Any] = msgspec.json.decode(body, type=dict[str, Any])
    except (IndexError, ValueError, RecursionError, msgspec.DecodeError) as error:
        raise InternalError("internal", "the agent's answer makes no sense") from error
    if status < 300:
        return told
    kind = _BY_STATUS.get(status, InternalError)
    raise kind(
        str(told.get("code", "internal")),
        str(told.get("title", "")),
        hint=str(told.get("hint", "")),
    )
