"""Whom TLS connections of ours trust, remembered.

Owns making client contexts, once for each set of trusted certificates: reading the system's costs
milliseconds and a megabyte, and a check asks every few seconds. A file of certificates that
changed is read again. Refuses connections; they are in `network`.
"""

from __future__ import annotations

import os
import ssl

_REMEMBERED = 16  # contexts; an appliance has a handful
_contexts: dict[tuple[object, ...], ssl.SSLContext] = {}


def client_context(ca: str, *, verify: bool, alpn: tuple[str, ...]) -> ssl.SSLContext:
    """A context that trusts the certificates in the file `ca`, the system's where it is empty.

    Raises OSError for a file that can't be read or holds no certificate (ssl.SSLError).
    """
    key = (ca, _version(ca or ssl.get_default_verify_paths().cafile), verify, alpn)
    context = _contexts.get(key)
    if context is None:
        context = _make(ca, verify=verify)
        if alpn:
            context.set_alpn_protocols(list(alpn))
        if len(_contexts) >= _REMEMBERED:
            _contexts.clear()
        _contexts[key] = context
    return context


def _make(ca: str, *, verify: bool) -> ssl.SSLContext:
    if verify:
        if ca:
            # OpenSSL forgets to say which file it could not read.
            os.close(os.open(ca, os.O_RDONLY | os.O_CLOEXEC))
        return ssl.create_default_context(cafile=ca or None)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def _version(path: str | None) -> tuple[int, ...]:
    """What changes when a file's content does; empty where there is no file."""
    if not path:
        return ()
    try:
        facts = os.stat(path)
    except OSError:
        return ()
    return facts.st_dev, facts.st_ino, facts.st_mtime_ns, facts.st_size
