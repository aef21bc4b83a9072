"""IPv6 addresses: found in every spelling, replaced by others in the shortest one.

Owns what is an address, and which survive: loopback, unspecified, multicast, public resolvers.
Link-local stays link-local, unique-local stays that, global stays global; an IPv4 address in the
last 32 bits gets the pseudonym it has elsewhere. Refuses times, MACs, fingerprints and `std::byte`.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator, Sequence

from support.redact.identities.ipv4 import IPv4
from support.redact.identities.prefixes import Prefixes
from support.redact.identities.rule import IdentityRule, Name

_MOST = 20_000  # spellings remembered
_LONGEST = 45  # characters (INET6_ADDRSTRLEN less one)

_RUN = re.compile(rb"[0-9A-Fa-f:.]+")
_RUN_BEFORE = re.compile(rb"[0-9A-Fa-f:.]+\Z")
_PAIRS = re.compile(rb"[0-9A-Fa-f]{2}(?::[0-9A-Fa-f]{2})+\Z")
_WORD = re.compile(rb"[\w]")
_NUMBER = re.compile(rb"[0-9]")

# Everybody's networks (RFC 4291, 4193, 3056, 4380, 3849): written so in every configuration.
_NETWORKS = re.compile(
    rb"(?:fc00::/7|fd00::/8|fe80::/(?:10|64)|fec0::/10|2002::/16|2001:0?::/32|2001:db8::/32"
    rb"|2000::/3|64:ff9b::/96|::ffff:0:0/96)(?![0-9])",
    re.IGNORECASE,
)
_RESOLVERS = ("2001:4860:4860::8888", "2001:4860:4860::8844", "2606:4700:4700::1111",
              "2606:4700:4700::1001", "2620:fe::fe", "fd00:ec2::254")  # fmt: skip
_KEPT = frozenset(ipaddress.IPv6Address(each).packed for each in _RESOLVERS)
_BLOCKS = (
    *((address, 128) for address in sorted(_KEPT)),
    *((network.network_address.packed, network.prefixlen) for network in map(
        ipaddress.IPv6Network,
        ("::/96", "2000::/3", "fc00::/8", "fd00::/8", "fe80::/64", "ff00::/8", "64:ff9b::/96"),
    )),
)  # fmt: skip
_MAPPED = (bytes(10) + b"\xff\xff", bytes.fromhex("0064ff9b") + bytes(8))


class IPv6:
    """The mapping, and the spellings seen."""

    def __init__(self, key: bytes, ipv4: IPv4) -> None:
        self._ipv4 = ipv4
        self._prefixes = Prefixes(key, b"ipv6", _BLOCKS)
        self._seen: dict[bytes, bytes] = {}

    def rules(self) -> tuple[IdentityRule, ...]:
        five = rb"[0-9a-f]:[0-9a-f]{1,4}:[0-9a-f]{1,4}:[0-9a-f]{1,4}:[0-9a-f]"
        return (IdentityRule("ipv6", (rb"[0-9a-f]::", rb"::[0-9a-f]", five), self._find),)

    def mapped(self, address: bytes) -> bytes:
        if survives(address):
            return address
        if address[:12] in _MAPPED:
            return address[:12] + self._ipv4.mapped(address[12:])
        return self._prefixes.mapped(address)

    def unmapped(self, pseudonym: bytes) -> bytes:
        if survives(pseudonym):
            return pseudonym
        if pseudonym[:12] in _MAPPED:
            return pseudonym[:12] + self._ipv4.unmapped(pseudonym[12:])
        return self._prefixes.unmapped(pseudonym)

    def _find(self, block: bytes, starts: Sequence[int]) -> Iterator[Name]:
        past = 0
        for at in starts:
            if at < past:
                continue
            before = _RUN_BEFORE.search(block, max(past, at - _LONGEST - 8), at)
            start = before.start() if before else at
            run = _RUN.match(block, start)
            if run is None:
                continue
            past = end = run.end()
            start, end = _trimmed(block, start, end)
            if end - start > _LONGEST or _in_word(block, start, end):
                continue
            spelled = block[start:end]
            if spelled.endswith(b"::") and not _is_network(block, start, end):
                continue
            if _NETWORKS.match(block, start):
                continue
            instead = self._seen.get(spelled)
            if instead is None:
                instead = self._remember(spelled)
            if instead:
                yield start, end, instead

    def _remember(self, spelled: bytes) -> bytes:
        if len(self._seen) >= _MOST:
            self._seen.clear()
        address = _read(spelled)
        instead = b""
        if address is not None and not survives(address):
            instead = _written(self.mapped(address), dotted=b"." in spelled)
        self._seen[spelled] = instead
        return instead


def _written(address: bytes, *, dotted: bool) -> bytes:
    if dotted and address[:12] in _MAPPED:
        head = b"::ffff:" if address[:12] == _MAPPED[0] else b"64:ff9b::"
        return head + b".".join(b"%d" % octet for octet in address[12:])
    return ipaddress.IPv6Address(address).compressed.encode()


def _trimmed(block: bytes, start: int, end: int) -> tuple[int, int]:
    """Without what belongs to the sentence: a colon or dot before or after."""
    while end > start and (block[end - 1] == 46 or (block[end - 1] == 58 != block[end - 2])):
        end -= 1
    while start < end and (block[start] == 46 or (block[start] == 58 != block[start + 1])):
        start += 1
    return start, end


def _is_network(block: bytes, start: int, end: int) -> bool:
    """Not fields of a record, `x:1000:1000::/home`, which look alike."""
    after = block[end : end + 2]
    return (after[:1] == b"/" and after[1:].isdigit()) or block[start - 1 : start] != b":"


def _in_word(block: bytes, start: int, end: int) -> bool:
    around = block[start - 1 : start] if start else b""
    return bool(_WORD.match(around) or _WORD.match(block[end : end + 1]))


def _read(spelled: bytes) -> bytes | None:
    if spelled.count(b":") < 2 or not _NUMBER.search(spelled) or _PAIRS.match(spelled):
        return None  # `Cafe::Babe`; a MAC, a fingerprint, a time.
    try:
        return ipaddress.IPv6Address(spelled.decode()).packed
    except ValueError:
        return None


def survives(address: bytes) -> bool:
    """Whether it is nobody's."""
    if address[0] == 0xFF or address in _KEPT:
        return True
    return address[:15] == bytes(15) and address[15] < 2
