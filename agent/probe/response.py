"""Responses as bytes, rendered once and copied from then on.

Owns status lines, headers and short bodies. Refuses a Date header (RFC 9110 lets a server without
a reliable clock leave it out): the bytes must stay the same while nothing changes.
"""

from __future__ import annotations

_PHRASES = {
    200: "OK",
    400: "Bad Request",
    404: "Not Found",
    405: "Method Not Allowed",
    431: "Request Header Fields Too Large",
    503: "Service Unavailable",
    505: "HTTP Version Not Supported",
}
ALLOW = "Allow: GET, HEAD, OPTIONS\r\n"
TEXT = "text/plain; charset=utf-8"
JSON = "application/json"


def render(
    code: int,
    body: str,
    *,
    content: str = TEXT,
    extra: str = "",
    keep: bool = False,
    old: bool = False,
    bare: bool = False,
) -> bytes:
    """One whole response. `old`: HTTP/1.0; `bare`: headers only, as for HEAD; `extra`: lines."""
    head = (
        f"HTTP/1.{0 if old else 1} {code} {_PHRASES[code]}\r\n"
        f"Content-Type: {content}\r\n"
        f"Content-Length: {len(body)}\r\n"
        "Cache-Control: no-store\r\n"
        f"{extra}"
        f"Connection: {'keep-alive' if keep else 'close'}\r\n\r\n"
    )
    return (head if bare else head + body).encode("ascii")


def refusal(code: int) -> bytes:
    """The answer to a request that was not understood or not allowed; the connection ends."""
    return render(code, _PHRASES[code].lower() + "\n", extra=ALLOW if code == 405 else "")
