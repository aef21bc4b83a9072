"""What only a running machine can tell: its sockets, its kernel's settings, its units.

Owns the record. Refuses to ask: `live.py` does.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Socket:
    """`protocol` tcp or udp; where it listens, or whom it is connected to; whose it is."""

    protocol: str
    address: str
    port: int
    program: str


@dataclass(frozen=True, slots=True)
class Running:
    """`sysctl` by dotted name; `failed` units; `command_line` of the kernel."""

    command_line: str
    sysctl: dict[str, str]
    sockets: tuple[Socket, ...]
    failed: tuple[str, ...]
    connections: tuple[Socket, ...] = ()
    """What is connected to the outside, by whom."""
