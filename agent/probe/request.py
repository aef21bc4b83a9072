"""HTTP/1 request heads, from bytes to a request or a refusal.

Owns parsing, strictly where requests could be smuggled (RFC 9112: line ends, lengths, transfer
codings, header names) and kindly where probes differ (no Host, any Host, absolute form, HTTP/1.0).
Pure: no socket, no clock. Bodies are refused a look: whoever sends one is answered and closed.
"""

from __future__ import annotations

METHODS = (b"GET", b"HEAD", b"OPTIONS")
LONGEST_HEAD = 8192

_TOKEN = b"!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
_TARGET = bytes(range(0x21, 0x7F))
_CONTROLS = bytes([*range(9), 11, 12, *range(14, 32), 127])  # all but tab, CR and LF
_LONGEST_STATE = 200  # bytes; HAProxy's own are about 120


class Refusal(Exception):
    """The request can't be answered; the connection ends with this status code."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


class Request:
    """A request's head. `end` is where the next pipelined one starts."""

    __slots__ = ("body", "end", "keep", "method", "old", "path", "query", "server_state")

    def __init__(self, method: bytes, path: str, query: str, end: int) -> None:
        self.method = method
        self.path = path
        self.query = query
        self.end = end
        self.old = False  # HTTP/1.0
        self.keep = False  # the connection may serve another request
        self.body = False  # bytes that are not a request follow
        self.server_state = ""  # HAProxy's view of this node (http-check send-state)


def parse(data: bytes, start: int = 0, limit: int = LONGEST_HEAD) -> Request | None:
    """The request whose head begins at `start`; None while its end has not arrived.

    Raises Refusal: 400 malformed, 405 method, 431 longer than `limit`, 505 version.
    """
    while data.startswith(b"\r\n", start):  # RFC 9112 2.2: empty lines before a request line
        start += 2
    end = data.find(b"\r\n\r\n", start)
    if end < 0:
        _doubt(data, start, limit)
        return None
    if end + 4 - start > limit:
        raise Refusal(431)
    head = data[start:end]
    if len(head.translate(None, _CONTROLS)) != len(head):
        raise Refusal(400)
    line, *fields = head.split(b"\r\n")
    request = _request_line(line, end + 4)
    _fields(request, fields)
    return request


def _doubt(data: bytes, start: int, limit: int) -> None:
    """Refuse at once what can't become a request: waiting would cost a probe its time-out."""
    if len(data) - start > limit:
        raise Refusal(431)
    if start < len(data) and data[start] not in _TOKEN and not data.startswith(b"\r", start):
        raise Refusal(400)  # a TLS hello on a plain port, most often
    if data.find(b"\n\n", start) >= 0:
        raise Refusal(400)


def _request_line(line: bytes, end: int) -> Request:
    parts = line.split(b" ")
    if len(parts) != 3 or b"\n" in line or b"\r" in line or b"\t" in line:
        raise Refusal(400)
    method, target, version = parts
    if not method or method.translate(None, _TOKEN):
        raise Refusal(400)
    if len(version) != 8 or not version.startswith(b"HTTP/") or version[6:7] != b".":
        raise Refusal(400)
    if version not in (b"HTTP/1.1", b"HTTP/1.0"):
        raise Refusal(505)
    if method not in METHODS:
        raise Refusal(405)
    path, _, query = _origin(method, target).partition("?")
    request = Request(method, path, query, end)
    request.old = version == b"HTTP/1.0"
    return request


def _origin(method: bytes, target: bytes) -> str:
    """The target in origin form: proxies and some probes send it absolute."""
    if not target or target.translate(None, _TARGET):
        raise Refusal(400)
    text = target.decode("ascii")
    if text.startswith("/"):
        return text
    if text == "*" and method == b"OPTIONS":
        return "/"
    scheme, colon, rest = text.partition("://")
    if not colon or scheme.lower() not in ("http", "https"):
        raise Refusal(400)
    cut = min((at for at in (rest.find("/"), rest.find("?")) if at >= 0), default=len(rest))
    if cut == 0:
        raise Refusal(400)
    path = rest[cut:]
    return path if path.startswith("/") else "/" + path


def _fields(request: Request, fields: list[bytes]) -> None:
    length = coded = None
    options: set[bytes] = set()
    for field in fields:
        name, colon, value = field.partition(b":")
        # Also catches folded lines and blanks before the colon, both classic smuggling.
        if not colon or not name or name.translate(None, _TOKEN):
            raise Refusal(400)
        if b"\r" in value or b"\n" in value:
            raise Refusal(400)
        name = name.lower()
        if name == b"connection":
            options.update(option.strip() for option in value.lower().split(b","))
        elif name == b"content-length":
            length = _length(value, length)
        elif name == b"transfer-encoding":
            coded = value
        elif name == b"x-haproxy-server-state":
            request.server_state = value.strip()[:_LONGEST_STATE].decode("ascii", "replace")
    if coded is not None and (length is not None or request.old):
        raise Refusal(400)  # RFC 9112 6.1 and 6.3: two lengths, or one that 1.0 does not know
    request.body = coded is not None or bool(length)
    wanted = b"keep-alive" in options if request.old else True
    request.keep = wanted and b"close" not in options and not request.body


def _length(value: bytes, seen: int | None) -> int:
    value = value.strip(b" \t")
    if not value.isdigit() or len(value) > 18:
        raise Refusal(400)
    length = int(value)
    if seen is not None and seen != length:
        raise Refusal(400)
    return length


def parameters(query: str) -> tuple[bool, frozenset[str]]:
    """Of a query string: whether it asks for `verbose`, and the names to `exclude`."""
    verbose = False
    excluded = set()
    for pair in query.split("&"):
        name, _, value = pair.partition("=")
        if name == "verbose":
            verbose = value.lower() not in ("false", "0", "no")
        elif name == "exclude" and value:
            excluded.add(_decoded(value))
    return verbose, frozenset(excluded)


def _decoded(value: str) -> str:
    """Percent-decoding for names, which are ASCII; anything else can't name a check."""
    if "%" not in value:
        return value
    first, *parts = value.split("%")
    text = first
    for part in parts:
        try:
            text += chr(int(part[:2], 16)) + part[2:]
        except ValueError:
            return value
    return text
