"""The line to an ACME authority: signed requests, told again where that is the cure.

Owns retries (a nonce the server won't take, a server that is busy or gone for a moment), all of
them counted and within the session's deadline. Refuses to know what is asked.
"""

from __future__ import annotations

from typing import Any

import requests
from acme import messages
from acme.client import ClientNetwork

from agent.host import web

_NONCES = 10  # RFC 8555, 6.5: a refused nonce is to be replaced and the request sent again
_MOMENTS = 2  # times a server that is busy or gone is given a moment
_MOMENT = 2.0  # seconds
_LONGEST = 60.0  # seconds we wait because we were asked to; else the order ends and says so


class Line(ClientNetwork):
    """What certbot's client talks through. Raises what it raises, and RequestException."""

    patience = _MOMENTS

    def limit(self, *, ca: str, seconds: float) -> web.LimitedAdapter:
        """Must come before the first request. FileNotFoundError: nobody to trust."""
        self.adapter = web.limit(self.session, ca=ca, seconds=seconds)
        return self.adapter

    def post(self, *args: Any, **kwargs: Any) -> requests.Response:
        nonces = moments = 0
        while True:
            try:
                return super().post(*args, **kwargs)
            except messages.Error as error:
                if error.code == "badNonce" and nonces < _NONCES:
                    nonces += 1
                    continue
                wait = self._worth_waiting(error)
                if not wait or moments >= self.patience:
                    raise
            except requests.ConnectionError:
                if moments >= self.patience:
                    raise
                wait = _MOMENT
            moments += 1
            self.adapter.pause(wait)

    def _worth_waiting(self, error: messages.Error) -> float:
        """Seconds; 0 where asking again soon is no cure."""
        asked = self.adapter.stay_away
        if error.code == "rateLimited":
            return asked if asked <= _LONGEST else 0.0
        return min(asked or _MOMENT, _LONGEST) if error.code == "serverInternal" else 0.0
