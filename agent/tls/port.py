"""Which certificate a port shows, asked by a real handshake from this machine.

Owns asking, on every address the service may have bound. Refuses to verify: what an expired or
foreign certificate says is the very question.
"""

from __future__ import annotations

from cryptography import x509

from agent.host.machine import Host
from agent.tls import reading

_TIMEOUT = 2.0  # seconds; a service on the same machine answers in milliseconds
_EVERY = 0.1


def shown(host: Host, port: int, server_name: str) -> bytes:
    """The certificate in DER; empty where nobody answers, or not in TLS."""
    for address in dict.fromkeys(["127.0.0.1", "::1", *host.network.own_addresses()]):
        try:
            with host.network.connect(address, port, timeout=_TIMEOUT) as wire:
                wire.start_tls(server_name, verify=False)
                found = wire.peer_certificate()
        except OSError:
            continue
        if found:
            return found
    return b""


def await_shown(
    host: Host, port: int, server_name: str, wanted: bytes, *, patience: float
) -> bytes:
    """What the port shows once it shows `wanted`, or when patience (seconds) is at its end."""
    deadline = host.clock.monotonic() + patience
    while True:
        found = shown(host, port, server_name)
        if found == wanted or host.clock.monotonic() >= deadline:
            return found
        host.clock.sleep(_EVERY)


def serial_shown(found: bytes) -> str:
    """The serial of a certificate in DER, in hex; empty where it is none."""
    try:
        return reading.serial_of(x509.load_der_x509_certificate(found)) if found else ""
    except reading.UNPARSED:
        return ""
