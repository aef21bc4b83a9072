"""PostgreSQL's wire protocol as a client that asks one thing and says good-bye.

Owns what a check needs of protocol 3.0 (PostgreSQL 15 manual, chapter 55): TLS on request, the
start of a session, four ways to authenticate, one simple query. Refuses the extended protocol
(SochDB and some poolers have none), COPY, and a password in the clear where strangers could read
it. Works with whatever speaks the protocol; of a server's words only codes and messages are kept.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from typing import Any

from agent.health.wire.inbox import Inbox
from agent.health.wire.scram import Exchange, ScramTrouble
from agent.host.network import Wire

_VERSION = 196608  # 3.0
_TLS_PLEASE = struct.pack(">II", 8, 80877103)
_CANCEL = struct.pack(">II", 16, 80877102)
_MESSAGE_CAP = 1 << 20  # bytes of one message; a check's one row is far smaller
_TOTAL_CAP = 16 << 20  # bytes of a conversation


class PostgresTrouble(Exception):
    """What went wrong, apart from the connection itself. `code` is the finding's."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code


class ServerError(Exception):
    """The server's ErrorResponse: SQLSTATE (manual, appendix A) and its primary message."""

    def __init__(self, sqlstate: str, message: str) -> None:
        super().__init__(message)
        self.sqlstate = sqlstate
        self.message = message


@dataclass(frozen=True, slots=True)
class Login:
    """Who wants in. `private` says that nobody can listen: TLS, a Unix socket, loopback."""

    user: str
    password: str = field(repr=False)
    database: str
    private: bool


@dataclass(frozen=True, slots=True)
class Result:
    """The last result of a query: its number of rows and the first column of the first one.

    `value` is None where there is no row or the column is null.
    """

    rows: int
    value: str | None


def offers_tls(wire: Wire) -> bool:
    """Ask for TLS. The caller goes on with the handshake, or not at all.

    Exactly one byte is read: what a stranger slips in behind it must meet the handshake and fail
    there (CVE-2021-23222). Raises OSError and PostgresTrouble.
    """
    wire.send(_TLS_PLEASE)
    answer = wire.receive(1)
    if not answer:
        raise ConnectionError("closed before the answer")
    if answer not in (b"S", b"N"):
        raise PostgresTrouble("postgres-protocol", "does not speak PostgreSQL's protocol")
    return answer == b"S"


def cancel(wire: Wire, key: bytes) -> None:
    """Ask the server to end the query of another session, named by its `cancel_key`. OSError."""
    wire.send(_CANCEL + key)


class Session:
    """A session on one connection. Its acts raise OSError, ServerError and PostgresTrouble."""

    def __init__(self, wire: Wire, *, nonce: str = "") -> None:
        self._wire = wire
        self._inbox = Inbox(wire)
        self._nonce = nonce
        self.cancel_key = b""

    def start(self, login: Login, memory: dict[str, Any]) -> None:
        """Log in and wait until the server takes queries. `memory` is SCRAM's (`Exchange`)."""
        pairs = {"user": login.user, "database": login.database, "client_encoding": "UTF8",
                 "application_name": "caretaker-health"}  # fmt: skip
        body = struct.pack(">I", _VERSION)
        for name, value in pairs.items():
            if value:
                body += _text(name) + _text(value)
        self._wire.send(struct.pack(">I", len(body) + 5) + body + b"\0")
        self._authenticate(login, memory)
        while True:
            kind, body = self._next()
            if kind == b"K" and len(body) == 8:
                self.cancel_key = body
            elif kind == b"Z":
                return

    def query(self, text: str) -> Result:
        """Run a simple query, of one statement or several, to its end."""
        self._say(b"Q", _text(text))
        rows, value = 0, None
        while True:
            kind, body = self._next()
            if kind == b"T":
                rows, value = 0, None
            elif kind == b"D":
                if rows == 0:
                    value = _first_column(body)
                rows += 1
            elif kind == b"G":  # COPY FROM STDIN waits for data that will never come
                self._say(b"f", _text("a health check has nothing to copy"))
            elif kind == b"Z":
                return Result(rows, value)

    def say_goodbye(self) -> None:
        """Terminate: without it the server logs a lost connection each time."""
        try:
            self._say(b"X", b"")
        except OSError:
            return  # The verdict stands; the server goes its own way.

    def _authenticate(self, login: Login, memory: dict[str, Any]) -> None:
        exchange: Exchange | None = None
        while True:
            kind, body = self._next()
            if kind != b"R" or len(body) < 4:
                raise _broken()
            asked, rest = struct.unpack(">I", body[:4])[0], body[4:]
            if asked == 0:
                if exchange is not None and not exchange.proved:
                    # Success without the server's proof: whoever listens there need not know us.
                    raise PostgresTrouble("postgres-impostor", "skipped the proof that it is ours")
                return
            if not login.password:
                raise PostgresTrouble(
                    "postgres-login", "asks for a password and this check has none"
                )
            if asked == 10 and b"SCRAM-SHA-256" in rest.split(b"\0"):
                exchange = Exchange(login.password, memory, nonce=self._nonce)
                first = exchange.first()
                self._say(b"p", b"SCRAM-SHA-256\0" + struct.pack(">I", len(first)) + first)
            elif asked in (11, 12) and exchange is not None:
                self._prove(exchange, asked, rest)
            else:
                self._password(login, asked, rest)

    def _prove(self, exchange: Exchange, asked: int, rest: bytes) -> None:
        try:
            if asked == 11:
                self._say(b"p", exchange.final(rest))
            else:
                exchange.verify(rest)
        except ScramTrouble as error:
            raise PostgresTrouble(
                "postgres-impostor", f"failed to prove itself: {error}"
            ) from error

    def _password(self, login: Login, asked: int, rest: bytes) -> None:
        if asked == 3:
            if not login.private:
                raise PostgresTrouble(
                    "postgres-plaintext",
                    "asks for the password in the clear over the network; set tls = true",
                )
            self._say(b"p", _text(login.password))
        elif asked == 5 and len(rest) == 4:
            self._say(b"p", _text(_md5(login, rest)))
        else:
            raise PostgresTrouble(
                "postgres-method", f"asks for an authentication we do not speak (kind {asked})"
            )

    def _say(self, kind: bytes, body: bytes) -> None:
        self._wire.send(kind + struct.pack(">I", len(body) + 4) + body)

    def _next(self) -> tuple[bytes, bytes]:
        """The next message that means something here: type and body."""
        while True:
            head = self._inbox.exactly(5)
            length = struct.unpack(">I", head[1:])[0] - 4
            if not 0 <= length <= _MESSAGE_CAP:
                raise _broken()
            if self._inbox.taken > _TOTAL_CAP:
                raise PostgresTrouble("postgres-large", "answered with more than 16 MiB")
            kind, body = head[:1], self._inbox.exactly(length)
            if kind == b"E":
                raise _error(body)
            if kind not in (b"N", b"S", b"A"):  # notices, settings, notifications come any time
                return kind, body


def _md5(login: Login, salt: bytes) -> str:
    import hashlib

    def digest(content: bytes) -> str:
        # FIPS builds refuse MD5 unless told that it guards nothing; against PostgreSQL's own
        # storage format it is no choice of ours.
        return hashlib.md5(content, usedforsecurity=False).hexdigest()

    inner = digest(login.password.encode() + login.user.encode())
    return "md5" + digest(inner.encode() + salt)


def _text(word: str) -> bytes:
    if "\0" in word:
        raise PostgresTrouble("postgres-request", "can't be sent a NUL character")
    return word.encode() + b"\0"


def _first_column(body: bytes) -> str | None:
    """Of a DataRow: int16 columns, then for each int32 length (-1: null) and that many bytes."""
    if len(body) < 2:
        raise _broken()
    (columns,) = struct.unpack(">h", body[:2])
    if columns < 1:
        return None
    if len(body) < 6:
        raise _broken()
    (length,) = struct.unpack(">i", body[2:6])
    if length < 0:
        return None
    if len(body) < 6 + length:
        raise _broken()
    return body[6 : 6 + length].decode(errors="replace")


def _error(body: bytes) -> ServerError:
    """Fields are a letter and a NUL-ended text each (manual, section 55.8)."""
    fields = {part[:1]: part[1:].decode(errors="replace") for part in body.split(b"\0") if part}
    return ServerError(fields.get(b"C", ""), fields.get(b"M", "no reason given"))


def _broken() -> PostgresTrouble:
    return PostgresTrouble("postgres-protocol", "does not speak PostgreSQL's protocol")
