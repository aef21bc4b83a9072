"""What the probe plane is started with.

Owns the numbers and paths, with their defaults. Refuses to read the manifest: the child is forked
before any file is parsed, so the caller hands plain values in.

Not a dataclass: `dataclasses` costs 10 ms and 2.5 MB, and everything loaded before the fork is
paid twice, in time until the port answers and in the child's memory.
"""

from __future__ import annotations


class ProbeSettings:
    """Treat it as frozen. Ports: 0 takes any free one; `agent_port` None means none."""

    __slots__ = (
        "address",
        "agent_port",
        "backlog",
        "certificate",
        "connections",
        "head_bytes",
        "head_seconds",
        "idle_seconds",
        "key",
        "port",
    )

    def __init__(
        self,
        *,
        address: str = "0.0.0.0",  # noqa: S104 (balancers come from outside; that is its purpose)
        port: int = 8086,
        agent_port: int | None = None,
        certificate: str = "",
        key: str = "",
        head_seconds: float = 3.5,
        idle_seconds: float = 75.0,
        head_bytes: int = 8192,
        connections: int = 2048,
        backlog: int = 1024,
    ) -> None:
        self.address = address
        self.port = port
        self.agent_port = agent_port  # HAProxy's agent-check
        self.certificate = certificate  # PEM file with the chain; with it the port speaks TLS
        self.key = key
        # With the second that the listener defers, a silent client is gone within 5 s as seen
        # from its own side; 3.5 s still outlast four re-sendings of a lost packet.
        self.head_seconds = head_seconds
        # Above 60 s, which is the longest interval between probes over one connection.
        self.idle_seconds = idle_seconds
        self.head_bytes = head_bytes
        self.connections = connections
        self.backlog = backlog
