"""gRPC as a client of one method: grpc.health.v1.Health/Check.

Owns one unary call over HTTP/2 (gRPC over HTTP2, the protocol's specification) and the four bytes
of protobuf it takes, by hand: grpcio would cost the daemon 20 MB. Refuses every other method.
h2 is imported at the first look, since it costs 2 MB.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

from agent.host.network import Wire

METHOD = "/grpc.health.v1.Health/Check"
_BODY_CAP = 64 << 10  # bytes; a health answer has seven
_WIRE_CAP = 1 << 20  # bytes of frames, whatever is in them
_METADATA = re.compile(r"[0-9a-z_.-]+")


class GrpcTrouble(Exception):
    """The server breaks the protocol; the text says how, and quotes nothing of it."""


class UnsendableMetadata(Exception):
    """A header of ours breaks HTTP/2's rules. It says no more: a header may hold a secret."""


@dataclass
class Reply:
    """What came back, as it comes. `status` is grpc-status, None until the trailers told."""

    http: int = 0
    status: int | None = None
    message: str = ""
    body: bytearray = field(default_factory=bytearray)
    ended: bool = False


def health_check(
    wire: Wire,
    authority: str,
    service: str,
    metadata: Mapping[str, str],
    *,
    tls: bool,
    timeout: float,
) -> Reply:
    """Make the call. `timeout` is what the server is told, seconds.

    Raises OSError, GrpcTrouble and UnsendableMetadata.
    """
    from h2.config import H2Configuration
    from h2.connection import H2Connection
    from h2.exceptions import ProtocolError

    headers = _headers(authority, metadata, tls=tls, timeout=timeout)
    # Header values stay bytes: whether they are text is not h2's to judge by an exception.
    link = H2Connection(H2Configuration(client_side=True, header_encoding=None))
    try:
        link.initiate_connection()
        stream = link.get_next_available_stream_id()
        link.send_headers(stream, headers)
        link.send_data(stream, request_message(service), end_stream=True)
        wire.send(link.data_to_send())
        reply = _receive(wire, link)
        link.close_connection()
        _say_goodbye(wire, link.data_to_send())
    except ProtocolError as error:
        raise GrpcTrouble("does not speak HTTP/2 as gRPC needs it") from error
    return reply


def _headers(
    authority: str, metadata: Mapping[str, str], *, tls: bool, timeout: float
) -> list[tuple[str, str]]:
    headers = [
        (":method", "POST"),
        (":scheme", "https" if tls else "http"),
        (":path", METHOD),
        (":authority", authority),
        ("te", "trailers"),
        ("content-type", "application/grpc"),
        ("user-agent", "caretaker-health"),
        ("grpc-timeout", f"{max(1, round(timeout * 1000))}m"),
    ]
    for name, value in metadata.items():
        if not _METADATA.fullmatch(name.lower()) or any(char in value for char in "\r\n\0"):
            raise UnsendableMetadata
        headers.append((name.lower(), value))
    return headers


def request_message(service: str) -> bytes:
    """HealthCheckRequest{string service = 1} behind its prefix: not compressed, 32-bit length."""
    name = service.encode()
    body = b"\x0a" + _varint(len(name)) + name if name else b""
    return b"\0" + len(body).to_bytes(4, "big") + body


def serving_status(body: bytes) -> int:
    """HealthCheckResponse{ServingStatus status = 1} out of a prefixed message.

    0 unknown, 1 serving, 2 not serving, 3 service unknown. Raises GrpcTrouble.
    """
    if len(body) < 5 or body[0] != 0 or int.from_bytes(body[1:5], "big") != len(body) - 5:
        raise GrpcTrouble("sent no message of gRPC")
    fields, at, status = body[5:], 0, 0
    while at < len(fields):
        key, at = _read_varint(fields, at)
        if key & 7 == 0:
            value, at = _read_varint(fields, at)
            status = value if key >> 3 == 1 else status
        elif key & 7 == 2:  # a field of later versions; skipped, as protobuf wants it
            length, at = _read_varint(fields, at)
            at += length
        else:
            raise GrpcTrouble("sent no answer of the health protocol")
    return status


def _receive(wire: Wire, link: Any) -> Reply:
    """Read frames until the stream ends. `link` is an H2Connection, imported only where used."""
    reply, taken = Reply(), 0
    while not reply.ended:
        chunk = wire.receive()
        if not chunk:
            if taken:
                raise GrpcTrouble("closed the connection in the middle of its answer")
            raise ConnectionError("closed before the answer")
        taken += len(chunk)
        if taken > _WIRE_CAP or len(reply.body) > _BODY_CAP:
            raise GrpcTrouble("answers with far more than a health answer")
        for event in link.receive_data(chunk):
            _take(event, reply, link)
        answer = link.data_to_send()  # acknowledgements of settings and pings
        if answer and not reply.ended:
            wire.send(answer)
    return reply


def _take(event: Any, reply: Reply, link: Any) -> None:
    """One event of h2, told apart by its class's name: the classes are imported only in there."""
    kind = type(event).__name__
    if kind in ("ResponseReceived", "TrailersReceived"):
        _take_headers(event.headers, reply)
    elif kind == "DataReceived":
        reply.body += event.data
        link.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
    elif kind == "StreamEnded":
        reply.ended = True
    elif kind == "StreamReset":
        raise GrpcTrouble(f"reset the call (HTTP/2 error {int(event.error_code)})")
    elif kind == "ConnectionTerminated" and not reply.ended and event.error_code:
        raise GrpcTrouble(f"ended the connection (HTTP/2 error {int(event.error_code)})")


def _take_headers(headers: Any, reply: Reply) -> None:
    fields = {bytes(name): bytes(value).decode("latin-1") for name, value in headers}
    status = fields.get(b":status", "")
    if status.isascii() and status.isdigit():
        reply.http = int(status[:3])
    number = fields.get(b"grpc-status", "")
    if number.isascii() and number.isdigit():
        reply.status = int(number[:9])
    # The message is percent-encoded UTF-8 (gRPC over HTTP2, Status-Message).
    reply.message = unquote(fields.get(b"grpc-message", ""), errors="replace") or reply.message


def _say_goodbye(wire: Wire, content: bytes) -> None:
    try:
        wire.send(content)
    except OSError:
        return  # The answer is here; the server was quicker to close.


def _varint(number: int) -> bytes:
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


def _read_varint(content: bytes, at: int) -> tuple[int, int]:
    number = shift = 0
    while at < len(content) and shift < 64:
        byte = content[at]
        at += 1
        number |= (byte & 0x7F) << shift
        if byte < 0x80:
            return number, at
        shift += 7
    raise GrpcTrouble("sent no answer of the health protocol")
