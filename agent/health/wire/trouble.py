"""Why a connection did not work, in words that name the next thing to look at.

Owns the codes that every check over the network shares. Refuses protocols: what was said on a
connection that works is for the check itself.
"""

from __future__ import annotations

import errno
from typing import Any

from agent.findings import Finding, failed
from agent.manifest.kinds import Duration

CODES = (
    "timeout",
    "refused",
    "closed",
    "unreachable",
    "unresolved",
    "socket-missing",
    "socket-denied",
    "tls-untrusted",
    "tls-expired",
    "tls-name",
    "tls-failed",
    "tls-ca",
    "connection-failed",
)

_ERRNO = {
    errno.ECONNREFUSED: ("refused", "refused the connection: nothing listens there"),
    errno.ECONNRESET: ("closed", "closed the connection without an answer"),
    errno.EPIPE: ("closed", "closed the connection without an answer"),
    errno.ECONNABORTED: ("closed", "closed the connection without an answer"),
    errno.EHOSTUNREACH: ("unreachable", "is not reachable: no route, or the host is down"),
    errno.ENETUNREACH: ("unreachable", "is not reachable: this machine has no route there"),
    errno.EADDRNOTAVAIL: ("unreachable", "is not reachable: no local address is free for it"),
    errno.ENOENT: ("socket-missing", "has no socket: the file is not there"),
    errno.EACCES: ("socket-denied", "may not be used by this user"),
    errno.EPERM: ("socket-denied", "may not be used: a firewall rule or the sandbox forbids it"),
}

# X509_V_ERR_* of OpenSSL's x509_vfy.h.
_VERIFY = {
    9: ("tls-expired", "shows a certificate that is not valid yet; is the clock right?"),
    10: ("tls-expired", "shows an expired certificate"),
    18: ("tls-untrusted", "shows a self-signed certificate that is not trusted"),
    62: ("tls-name", "shows a certificate for another name"),
    63: ("tls-name", "shows a certificate for another name"),
    64: ("tls-name", "shows a certificate for another address"),
}


def explain(error: OSError, whom: str, limit: Duration, *, ca: str = "") -> Finding:
    """What went wrong with `whom` (an address for people) within `limit`, as a finding.

    `ca` is the file of trusted certificates that was asked for, if any.
    """
    if isinstance(error, TimeoutError):
        return failed(
            "timeout", f"{whom} gave no answer within {limit}", observed=float(limit), unit="s"
        )
    # By name, since naming the class would import ssl into a daemon that may never need it.
    if type(error).__module__ == "ssl":
        return _tls(error, whom, ca)
    if ca and error.filename == ca:
        return failed("tls-ca", f"the trusted certificates in {ca} can't be read: {_said(error)}")
    number = error.errno or 0
    if number < 0:
        # socket.gaierror: the EAI_ numbers of netdb.h are the negative ones.
        return failed("unresolved", f"{whom} has no address: {_said(error)}")
    if number in _ERRNO:
        code, words = _ERRNO[number]
        return failed(code, f"{whom} {words}")
    if isinstance(error, ConnectionError):
        return failed("closed", f"{whom} closed the connection before it had answered")
    return failed("connection-failed", f"{whom} can't be reached: {_said(error)}")


def _tls(error: Any, whom: str, ca: str) -> Finding:
    """For an ssl.SSLError; typed Any because its attributes depend on its kind."""
    if hasattr(error, "verify_code"):
        why = error.verify_message or "it can't be verified"
        unknown = ("tls-untrusted", f"shows a certificate nobody we trust vouches for: {why}")
        code, words = _VERIFY.get(error.verify_code, unknown)
        return failed(code, f"{whom} {words}")
    reason = str(getattr(error, "reason", "") or "")
    if ca and "NO_CERTIFICATE_OR_CRL_FOUND" in reason:
        return failed("tls-ca", f"the trusted certificates in {ca} can't be used: none in it")
    words = reason.replace("_", " ").lower() or "the connection ended in the middle of it"
    return failed("tls-failed", f"the TLS handshake with {whom} failed: {words}")


def _said(error: OSError) -> str:
    return (error.strerror or type(error).__name__).rstrip(".").lower()


def shown(address: str, port: int) -> str:
    """An address as people write it."""
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"
