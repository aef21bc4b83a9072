"""HTTPS through `requests`, for a library that speaks no other way, with an end to every wait.

Owns limits: one deadline for all requests of a session, bytes an answer may have, https only, and
whom to trust (the system's authorities, not a list that came with a package). Refuses proxies
and passwords out of the environment: what is asked of whom stands in the manifest.
"""

from __future__ import annotations

import io
import ssl
import time
from collections.abc import Mapping

import requests
from requests.adapters import HTTPAdapter
from urllib3 import HTTPResponse
from urllib3.exceptions import HTTPError

_CONNECT, _READ = 10.0, 30.0  # seconds
_CAP = 1 << 20  # bytes of an answer, unpacked; a chain of certificates has some ten thousand


class TooLong(requests.exceptions.RequestException):
    """The session's deadline came."""


class TooLarge(requests.exceptions.RequestException):
    """The answer has more bytes than any real one."""


class LimitedAdapter(HTTPAdapter):
    """Carries a session's requests until `deadline` (of `time.monotonic`).

    `stay_away`: seconds the server last asked us to wait, 0 if it did not.
    """

    def __init__(self, *, ca: str, deadline: float) -> None:
        self._ca, self._deadline = ca, deadline
        self.stay_away = 0.0
        super().__init__()

    def send(
        self,
        request: requests.PreparedRequest,
        stream: bool = False,  # noqa: FBT001, FBT002  (as requests calls it)
        timeout: object = None,
        verify: bool | str = True,  # noqa: FBT001, FBT002  (as requests calls it)
        cert: object = None,
        proxies: Mapping[str, str] | None = None,
    ) -> requests.Response:
        """One exchange; the answer is here as a whole. Raises RequestException."""
        left = self.left()
        limits = (min(_CONNECT, left), min(_READ, left))
        answer = super().send(request, stream=True, timeout=limits, verify=self._ca)
        try:
            with answer.raw as raw:
                content = self._all_of(raw)
        except HTTPError as error:
            raise requests.ConnectionError(f"the answer broke off: {error}") from error
        answer.raw = io.BytesIO(content)
        self.stay_away = _seconds(answer.headers.get("Retry-After", ""))
        return answer

    def pause(self, seconds: float) -> None:
        """Sleep, but not past the deadline. Raises TooLong where that is over."""
        time.sleep(min(seconds, self.left()))

    def _all_of(self, raw: HTTPResponse) -> bytes:
        found = bytearray()
        # One read of the socket a turn: a server that drips bytes is late by the sum of them.
        while chunk := raw.read1(65536, decode_content=True):
            found += chunk
            if len(found) > _CAP:
                raise TooLarge(f"the answer has more than the {_CAP} bytes allowed")
            self.left()
        return bytes(found)

    def left(self) -> float:
        """Seconds until the deadline. Raises TooLong where that is over."""
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise TooLong("the time for it is over")
        return left


def limit(session: requests.Session, *, ca: str, seconds: float) -> LimitedAdapter:
    """Put limits on a session. `ca` is a file of certificates; empty trusts the system's.

    Raises FileNotFoundError where there is nobody to trust.
    """
    trusted = ca or _systems()
    with open(trusted, "rb") if ca else io.BytesIO():
        adapter = LimitedAdapter(ca=trusted, deadline=time.monotonic() + seconds)
    session.trust_env = False
    session.max_redirects = 3
    session.adapters.clear()  # http:// too: what is not asked over TLS could be anybody's answer
    session.mount("https://", adapter)
    return adapter


def _systems() -> str:
    paths = ssl.get_default_verify_paths()
    found = paths.cafile or paths.capath
    if not found:
        raise FileNotFoundError(2, "this machine has no list of trusted authorities")
    return found


def _seconds(text: str) -> float:
    """A `Retry-After` (RFC 9110, 10.2.3). Dates are passed over: our clock may be the wrong one."""
    return float(text) if text.isascii() and text.isdigit() and len(text) < 9 else 0.0
