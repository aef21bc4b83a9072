"""One HTTP PUT, and the status it is answered with.

Owns the request's text and the reading of the status line. Refuses to follow, to try again, and
to say in an error what was asked: a presigned target is a secret.
"""

from __future__ import annotations

from collections.abc import Sequence

from agent.host.network import Wire

_LINE_CAP = 1024  # bytes; a status line has some thirty


def put(wire: Wire, target: str, body: bytes, *, headers: Sequence[str]) -> int:
    """The status. `headers` are lines, `Host` among them.

    Raises OSError for the wire, ValueError where the answer is no HTTP/1.
    """
    head = [
        f"PUT {target} HTTP/1.1",
        *headers,
        f"Content-Length: {len(body)}",
        "Connection: close",
    ]
    wire.send("\r\n".join([*head, "", ""]).encode() + body)
    answer = b""
    while b"\r\n" not in answer and len(answer) < _LINE_CAP:
        chunk = wire.receive()
        if not chunk:
            break
        answer += chunk
    words = answer.split(b"\r\n", 1)[0].split(b" ")
    if len(words) < 2 or not words[0].startswith(b"HTTP/1.") or not words[1].isdigit():
        # What it said may be an echo of the target.
        raise ValueError("what it said is no HTTP")
    return int(words[1])
