"""What a manifest may say about the firewall of an image: who may come in, and what may go out.

Owns the keys of `[firewall]` and how a place outside is written. Refuses host names: nothing can
resolve them before the network is up, and what they resolve to changes. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Annotated as A
from typing import Literal

from msgspec import Struct

from agent.manifest.checks import says
from agent.manifest.kinds import Port

Complaint = tuple[tuple[str, ...], str]

_PLACE = re.compile(
    r"(?:\[(?P<six>[0-9A-Fa-f:./]+)\]|(?P<four>[0-9./]+|\*))"
    r"(?::(?P<port>[0-9]{1,5})(?:/(?P<protocol>tcp|udp))?)?"
)
ALLOWED = "write ADDRESS, NETWORK/BITS, [IPv6] or *, then :PORT or :PORT/udp: 10.0.0.0/8:5432"


class Firewall(Struct, frozen=True, kw_only=True):
    """What an image's firewall lets through besides SSH and the probe port."""

    allow: A[list[Port], says("TCP ports that customers may reach.")] = []
    egress: A[
        list[str],
        says("Places it may connect to (`10.0.0.0/8:5432`, `*:443`); empty: everywhere."),
    ] = []


@dataclass(frozen=True, slots=True)
class Place:
    """`network` None: everywhere; `port` 0: every port of every protocol."""

    network: IPv4Network | IPv6Network | None
    port: int
    protocol: Literal["tcp", "udp"]


def parse_place(text: str) -> Place:
    """ValueError with what is allowed."""
    found = _PLACE.fullmatch(text)
    if found is None:
        raise ValueError(f"{text!r} is no place; {ALLOWED}")
    port = int(found["port"] or 0)
    if found["port"] and not 1 <= port <= 65535:
        raise ValueError(f"{port} is no port")
    word = found["six"] or found["four"]
    try:
        network = None if word == "*" else ip_network(word)
    except ValueError as error:
        raise ValueError(f"{text!r} is no place: {error}") from None
    if network is None and not port:
        raise ValueError("* without a port is everywhere; leave egress out instead")
    return Place(network, port, "udp" if found["protocol"] == "udp" else "tcp")


def firewall_complaints(firewall: Firewall) -> Iterator[Complaint]:
    """Each broken rule as (path of the key, message)."""
    for text in firewall.egress:
        try:
            parse_place(text)
        except ValueError as error:
            yield ("firewall", "egress"), str(error)
