"""SCRAM-SHA-256 as a client: proves knowledge of a password, and has the server prove it too.

Owns RFC 5802 with SHA-256 (RFC 7677), without channel binding. Refuses SASLprep beyond NFKC: the
tables of stringprep cost more memory than they are worth for passwords made of ASCII.
"""

from __future__ import annotations

import base64
import binascii
from typing import Any

# PostgreSQL's default is 4096, and a pepper-minded one has 600,000. A false server must not keep a
# processor busy for an hour.
_MOST_ITERATIONS = 1_000_000
_GS2 = "n,,"  # no channel binding, no other identity
_KEYS = "scram.keys"  # key of the memory handed in


class ScramTrouble(Exception):
    """The server's part of the exchange is wrong; the text quotes nothing of it."""


class Exchange:
    """One authentication. `memory` keeps derived keys from one to the next.

    Deriving takes 4096 rounds of HMAC, some milliseconds, and gives the same keys as long as
    password and salt stay the same. They are worth as much as the password, and like it they stay
    in this process.
    """

    def __init__(self, password: str, memory: dict[str, Any], *, nonce: str = "") -> None:
        if not password.isascii():
            import unicodedata  # a megabyte of tables

            password = unicodedata.normalize("NFKC", password)
        self._password = password.encode()
        self._memory = memory
        # Loads OpenSSL (4 MB): an appliance without SCRAM never pays for it.
        import secrets

        self._nonce = nonce or secrets.token_urlsafe(18)
        # PostgreSQL takes the user from the startup message and ignores this one.
        self._first = f"n=,r={self._nonce}"
        self._server_signature = b""
        self.proved = False  # whether the server has shown that it knows the password

    def first(self) -> bytes:
        """The client's first message."""
        return (_GS2 + self._first).encode()

    def final(self, server_first: bytes) -> bytes:
        """The client's final message, with the proof. Raises ScramTrouble."""
        text, fields = _fields(server_first)
        nonce, salt, iterations = fields.get("r", ""), fields.get("s", ""), fields.get("i", "")
        if not nonce.startswith(self._nonce) or nonce == self._nonce:
            raise ScramTrouble("its nonce does not continue ours")
        if not (iterations.isascii() and iterations.isdigit() and len(iterations) < 9):
            raise ScramTrouble("its iteration count is no number")
        if not 1 <= int(iterations) <= _MOST_ITERATIONS:
            raise ScramTrouble(f"it asks for {int(iterations)} iterations")
        client_key, server_key = self._keys(_base64(salt), int(iterations))
        channel = base64.b64encode(_GS2.encode()).decode()
        without_proof = f"c={channel},r={nonce}"
        return self._prove(client_key, server_key, f"{self._first},{text},", without_proof)

    def _prove(self, client_key: bytes, server_key: bytes, said: str, final: str) -> bytes:
        import hashlib
        import hmac

        message = (said + final).encode()
        signature = hmac.digest(hashlib.sha256(client_key).digest(), message, "sha256")
        proof = bytes(a ^ b for a, b in zip(client_key, signature, strict=True))
        self._server_signature = hmac.digest(server_key, message, "sha256")
        return f"{final},p={base64.b64encode(proof).decode()}".encode()

    def verify(self, server_final: bytes) -> None:
        """Raises ScramTrouble unless the server knows the password too."""
        import hmac

        _, fields = _fields(server_final)
        signature = _base64(fields.get("v", ""))
        if not self._server_signature or not hmac.compare_digest(signature, self._server_signature):
            raise ScramTrouble("it does not know the password itself, so it is not our server")
        self.proved = True

    def _keys(self, salt: bytes, iterations: int) -> tuple[bytes, bytes]:
        import hashlib
        import hmac

        asked = (hashlib.sha256(self._password).digest(), salt, iterations)
        known, keys = self._memory.get(_KEYS, (None, None))
        if known == asked:
            return keys  # type: ignore[no-any-return] # put there below
        salted = hashlib.pbkdf2_hmac("sha256", self._password, salt, iterations)
        fresh = tuple(
            hmac.digest(salted, each, "sha256") for each in (b"Client Key", b"Server Key")
        )
        self._memory[_KEYS] = (asked, fresh)
        return fresh[0], fresh[1]


def _fields(message: bytes) -> tuple[str, dict[str, str]]:
    try:
        text = message.decode("ascii")
    except UnicodeDecodeError as error:
        raise ScramTrouble("its message is no text") from error
    return text, {part[:1]: part[2:] for part in text.split(",") if part[1:2] == "="}


def _base64(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise ScramTrouble("its message is no base64") from error
