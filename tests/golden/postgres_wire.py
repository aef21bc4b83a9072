"""The least PostgreSQL client that can record a conversation.

Owns the exchange that the golden files hold: start-up, the four ways to authenticate, one simple
query. Refuses everything a check does not need: TLS beyond the first byte, extended queries,
binary results. Source: PostgreSQL 15 manual, chapter 55 (Frontend/Backend Protocol).
"""

import base64
import hashlib
import hmac
import socket
import struct
from dataclasses import dataclass, field

SSL_REQUEST = struct.pack(">II", 8, 80877103)
NONCE = "rOprNGfwEbeRWgbNEkqO"  # fixed, so that a recording can be replayed


@dataclass
class Conversation:
    """One connection and every byte of it, in the order of the turns."""

    connection: socket.socket
    turns: list[tuple[str, bytes]] = field(default_factory=list)
    waiting: bytes = b""
    closed: bool = False

    def say(self, data: bytes) -> None:
        self.turns.append(("client", data))
        self.connection.sendall(data)

    def hear(self) -> bytes:
        """Some more bytes, b"" at the end; what comes in pieces is one turn."""
        try:
            data = self.connection.recv(65536)
        except ConnectionResetError:
            data = b""
        self.closed = not data
        if self.turns and self.turns[-1][0] == "server":
            so_far = self.turns.pop()[1]
            self.turns.append(("server", so_far + data))
        elif data:
            self.turns.append(("server", data))
        return data

    def message(self) -> tuple[bytes, bytes]:
        """Type and body of the next message; (b"", b"") where the server hung up."""
        while len(self.waiting) < 5 or len(self.waiting) < 1 + self._length():
            data = self.hear()
            if not data:
                return b"", b""
            self.waiting += data
        end = 1 + self._length()
        kind, body = self.waiting[:1], self.waiting[5:end]
        self.waiting = self.waiting[end:]
        return kind, body

    def _length(self) -> int:
        length: int = struct.unpack(">I", self.waiting[1:5])[0]
        return length


def start(user: str, database: str) -> bytes:
    pairs = b"".join(word.encode() + b"\0" for word in ("user", user, "database", database) if word)
    return struct.pack(">II", len(pairs) + 9, 196608) + pairs + b"\0"


def framed(kind: bytes, body: bytes) -> bytes:
    return kind + struct.pack(">I", len(body) + 4) + body


def query(talk: Conversation, sql: str) -> None:
    talk.say(framed(b"Q", sql.encode() + b"\0"))
    until_ready(talk)


def until_ready(talk: Conversation) -> bool:
    """Read to ReadyForQuery; False where the server hung up instead."""
    while True:
        kind, _ = talk.message()
        if kind in (b"Z", b""):
            return kind == b"Z"


def authenticate(talk: Conversation, user: str, password: str) -> bool:
    """Answer whatever is asked; False on an error or a server that hung up."""
    while True:
        kind, body = talk.message()
        if kind != b"R":
            return until_ready(talk)  # an error: the server hangs up, and that is part of it
        asked: int = struct.unpack(">I", body[:4])[0]
        if asked == 0:  # AuthenticationOk
            return True
        if asked == 3:  # AuthenticationCleartextPassword
            talk.say(framed(b"p", password.encode() + b"\0"))
        elif asked == 5:  # AuthenticationMD5Password
            inner = hashlib.md5((password + user).encode()).hexdigest().encode()
            outer = hashlib.md5(inner + body[4:8]).hexdigest()
            talk.say(framed(b"p", f"md5{outer}".encode() + b"\0"))
        elif asked == 10:  # AuthenticationSASL
            first = f"n=,r={NONCE}"
            data = f"n,,{first}".encode()
            talk.say(framed(b"p", b"SCRAM-SHA-256\0" + struct.pack(">I", len(data)) + data))
        elif asked == 11:  # AuthenticationSASLContinue
            talk.say(framed(b"p", scram_proof(password, first, body[4:].decode())))


def scram_proof(password: str, client_first: str, server_first: str) -> bytes:
    """RFC 5802 section 3, with SHA-256 (RFC 7677)."""
    fields = dict(part.split("=", 1) for part in server_first.split(","))
    final = f"c={base64.b64encode(b'n,,').decode()},r={fields['r']}"
    salted = hashlib.pbkdf2_hmac(
        "sha256", password.encode(), base64.b64decode(fields["s"]), int(fields["i"])
    )
    key = hmac.digest(salted, b"Client Key", "sha256")
    said = f"{client_first},{server_first},{final}".encode()
    signature = hmac.digest(hashlib.sha256(key).digest(), said, "sha256")
    proof = bytes(a ^ b for a, b in zip(key, signature, strict=True))
    return f"{final},p={base64.b64encode(proof).decode()}".encode()
