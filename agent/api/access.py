"""Who may ask the local API for what.

Owns the decision, from facts: the Unix peer's uid as the kernel tells it, or a bearer token on
loopback. Fails closed: a request that proves nothing may do nothing. Refuses to know HTTP.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Caller:
    """What is known of the one who asks. `uid` is None on TCP."""

    uid: int | None
    bearer: str = ""

    @property
    def actor(self) -> str:
        return "token" if self.uid is None else f"uid {self.uid}"


@dataclass(frozen=True, slots=True)
class Access:
    """The rules of one running daemon: its own uid, and the token of its loopback port."""

    own_uid: int
    token: str

    def may_read(self, caller: Caller) -> bool:
        """Whoever the socket's mode lets in may read; on loopback, who holds the token."""
        return caller.uid is not None or self._holds_token(caller)

    def may_act(self, caller: Caller) -> bool:
        """Root and the daemon's own user act; so does who holds the token, which only they read."""
        if caller.uid is None:
            return self._holds_token(caller)
        return caller.uid in (0, self.own_uid)

    def _holds_token(self, caller: Caller) -> bool:
        # Loads OpenSSL (4 MB): only who uses the loopback port pays for it.
        import hmac

        given = caller.bearer.encode()
        return bool(self.token) and hmac.compare_digest(given, self.token.encode())
