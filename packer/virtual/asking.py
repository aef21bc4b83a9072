"""One HTTP question to a port of ours that leads into the virtual machine.

Owns the bytes: a status, or why there was none. Refuses bodies, redirects and TLS: `/healthz` on
the probe port has none of them.
"""

from __future__ import annotations

from agent.host.machine import Host

_HEAD = 4096  # bytes


def status_of(host: Host, port: int, path: str, *, timeout: float) -> int:
    """The status of a GET on loopback; 0 where nobody answered in HTTP. Seconds."""
    request = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n"
    try:
        with host.network.connect("127.0.0.1", port, timeout=timeout) as wire:
            wire.send(request.encode())
            head = b""
            while b"\r\n" not in head and len(head) < _HEAD and (chunk := wire.receive()):
                head += chunk
    except OSError:
        # QEMU takes the connection before the machine has a network, and drops it.
        return 0
    words = head.split(b"\r\n", 1)[0].split()
    if len(words) < 2 or not words[0].startswith(b"HTTP/1.") or not words[1].isdigit():
        return 0
    return int(words[1])
