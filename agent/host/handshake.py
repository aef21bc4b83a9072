"""A TLS handshake between two ends in memory: does this pair work, for this name.

Owns the proof. Refuses sockets: nothing listens while a pair is tried.
"""

from __future__ import annotations

import ssl
from pathlib import Path

_NO_CHECK_TIME = (
    0x200000  # X509_V_FLAG_NO_CHECK_TIME (openssl/x509_vfy.h); `ssl` has no name for it
)


def with_itself(*, chain: Path, key: Path, ca: Path, server_name: str) -> None:
    """Shake hands as server and as client that trusts only `ca`, whatever the date.

    Dates are for who knows how far the clock may be believed. `ca` may end below a root: what a
    customer brings often does. Raises ssl.SSLError or OSError.
    """
    server_context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server_context.load_cert_chain(chain, key)
    client_context = ssl.create_default_context(cafile=str(ca))
    client_context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN | _NO_CHECK_TIME
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = client_context.wrap_bio(to_client, to_server, server_hostname=server_name)
    server = server_context.wrap_bio(to_server, to_client, server_side=True)
    pending = [client, server]
    # TLS 1.3 needs two turns each way; ten would mean that nobody moves any more.
    for _ in range(10):
        pending = [end for end in pending if not _turn(end)]
        if not pending:
            return
    raise ssl.SSLError("the handshake came to no end")


def _turn(end: ssl.SSLObject) -> bool:
    try:
        end.do_handshake()
    except ssl.SSLWantReadError:
        return False
    return True
