"""HTTP/1.1 as a client that wants one answer: a request out, a status and some body in.

Owns framing (RFC 9112): status line, header fields, a body by length, in chunks or to the end of
the stream. Refuses redirects, compression, cookies and keeping a connection: a check wants to know
what a new visitor would get. Written out here, because http.client and the email parser under it
cost the daemon 3 MB.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from agent.health.wire.inbox import Inbox
from agent.host.network import Wire

HEAD_CAP = 64 << 10  # bytes of status line and header fields, interim answers included
BODY_CAP = 64 << 10  # bytes of the body that are kept; the manifest promises to search these
_SIZE_CAP = 1 << 10  # bytes of a chunk's size line; real ones have under ten
_BODILESS = (204, 304)


class HttpTrouble(Exception):
    """The server's answer breaks the protocol; the text says how, and quotes nothing of it."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A status and the first `BODY_CAP` bytes of the body, `whole` if there was no more."""

    status: int
    reason: str
    body: bytes
    whole: bool


def request(method: str, host: str, target: str, headers: Mapping[str, str]) -> bytes:
    """The bytes of a request without a body. Raises ValueError for what would break the framing."""
    given = {name.lower() for name in headers}
    ours = {
        "Host": host,
        "User-Agent": "caretaker-health",
        "Accept": "*/*",
        "Accept-Encoding": "identity",
        "Connection": "close",
    }
    if method == "POST":
        ours["Content-Length"] = "0"
    fields = {name: value for name, value in ours.items() if name.lower() not in given}
    fields.update(headers)
    lines = [f"{method} {target} HTTP/1.1"]
    lines += [f"{name}: {value}" for name, value in fields.items()]
    for line in lines:
        # A secret with a line break in it would otherwise smuggle header fields.
        if any(char in line for char in "\r\n\0"):
            raise ValueError("a line break in the address or in a header")
    return "\r\n".join([*lines, "", ""]).encode("latin-1", "replace")


def ask(wire: Wire, content: bytes, *, method: str) -> Answer:
    """Send a request and read the answer. Raises OSError and HttpTrouble."""
    wire.send(content)
    inbox = Inbox(wire)
    if inbox.ended():
        raise ConnectionError("closed before the answer")
    try:
        status, reason, fields = _head(inbox)
        while 100 <= status < 200:  # 103 Early Hints and its kin precede the real answer
            status, reason, fields = _head(inbox)
        if method == "HEAD" or status in _BODILESS:
            return Answer(status, reason, b"", whole=True)
        body, whole = _body(inbox, fields)
    except ValueError as error:
        raise HttpTrouble(str(error)) from error
    except ConnectionError as error:
        raise HttpTrouble("it closed the connection in the middle") from error
    return Answer(status, reason, body, whole)


def _head(inbox: Inbox) -> tuple[int, str, dict[str, str]]:
    line = inbox.line(HEAD_CAP)
    version, _, rest = line.decode("latin-1").partition(" ")
    number, _, reason = rest.partition(" ")
    if not version.startswith("HTTP/1."):
        raise ValueError("this is not HTTP")
    if len(number) != 3 or not (number.isascii() and number.isdigit()) or number < "100":
        raise ValueError("the status is no number")
    fields: dict[str, str] = {}
    while line := inbox.line(HEAD_CAP):
        name, _, value = line.decode("latin-1").partition(":")
        fields[name.strip().lower()] = value.strip()
        if inbox.taken > HEAD_CAP:
            break
    if inbox.taken > HEAD_CAP:  # also of interim answers without end
        raise ValueError(f"the head is larger than {HEAD_CAP >> 10} KiB")
    return int(number), reason.strip(), fields


def _body(inbox: Inbox, fields: Mapping[str, str]) -> tuple[bytes, bool]:
    """The first bytes of the body, and whether that is all of it."""
    if "chunked" in fields.get("transfer-encoding", "").lower():
        return _chunked(inbox)
    length = fields.get("content-length", "")
    if not length:
        return _to_the_end(inbox)
    if not (length.isascii() and length.isdigit() and len(length) < 19):
        raise ValueError("the Content-Length is no number")
    return inbox.exactly(min(int(length), BODY_CAP)), int(length) <= BODY_CAP


def _to_the_end(inbox: Inbox) -> tuple[bytes, bool]:
    body = bytearray()
    while len(body) < BODY_CAP:
        chunk = inbox.up_to(BODY_CAP - len(body))
        if not chunk:
            return bytes(body), True
        body += chunk
    return bytes(body), False


def _chunked(inbox: Inbox) -> tuple[bytes, bool]:
    body = bytearray()
    while len(body) < BODY_CAP:
        size = inbox.line(_SIZE_CAP).partition(b";")[0].strip()
        if not size or len(size) > 16 or set(size) - set(b"0123456789abcdefABCDEF"):
            raise ValueError("the size of a chunk is no number")
        count = int(size, 16)
        if count == 0:
            return bytes(body), True  # trailers may follow; nobody reads them
        body += inbox.exactly(min(count, BODY_CAP - len(body)))
        if len(body) < BODY_CAP and inbox.line(_SIZE_CAP):
            raise ValueError("a chunk is longer than it said")
    return bytes(body), False
