"""IPv4 addresses: found in any text, told from version numbers, replaced by others.

Owns what is an address, which survive, and every spelling: dotted, padded with zeros, with dashes
(`ip-10-0-187-218`), reversed (`in-addr.arpa`). Loopback, unspecified, broadcast, multicast,
netmasks, the cloud's metadata address and public resolvers survive: they are nobody's. Private
networks stay private, of the same kind. A port and a prefix length stand after it and stay.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from support.redact.identities.prefixes import Prefixes, shuffled
from support.redact.identities.rule import IdentityRule, Name

_MOST = 50_000  # spellings remembered

_DOTTED = re.compile(
    rb"(?:(?<![0-9A-Za-z.])|(?<= -[hH]))"
    rb"([0-9]{1,3})\.([0-9]{1,3})\.([0-9]{1,3})\.([0-9]{1,3})(?![0-9A-Za-z])"
)
_DASHED = re.compile(
    rb"(?<![0-9.])(?<![0-9]-)([0-9]{1,3})-([0-9]{1,3})-([0-9]{1,3})-([0-9]{1,3})(?![0-9-])"
)
_RUN = re.compile(rb"[0-9.]+")
# tcpdump writes `10.0.0.5.52344 > 10.0.0.6.443: `; five small numbers are something else.
_PORT_AFTER_DOT = re.compile(rb"\.(?:[0-9]{1,5}(?= > )|[0-9]{2,5}(?=: )|[0-9]{4,5}(?![0-9.]))")
_REVERSED = re.compile(rb"\.in-addr\.arpa", re.IGNORECASE)

# What stands before and after a version: `Chrome/120.0.0.0`, `libfoo-1.2.3.4-1+b2`, `v1.2.3.4`.
# Backwards, since a match from where the address begins fails at the first letter.
_WORDS = b"|".join(
    word[::-1]
    for word in (
        *(b"version", b"release", b"revision", b"build", b" ver", b" rev", b" v", b" oid"),
        *(b"firmware", b"driver", b"upgrade", b"upgraded", b"bios", b"uefi"),
    )
)
_VERSION_BEFORE = re.compile(
    rb"[\"'(]?[ \t]{0,2}(?:si|ot|morf|[:=>]{1,2})?[ \t]{0,2}[\"']?(?:" + _WORDS + rb")"
    rb"|[\"']?[ \t]?=[=~<>]",
    re.IGNORECASE,
)
_NAME_BEFORE = re.compile(rb"[/_-][\w.+]*?[A-Za-z]")
_VERSION_AFTER = re.compile(
    rb"[+~]|-[0-9]*[A-Za-z]|-[0-9]+(?![0-9.])|\.[A-Za-z]{2,}[0-9]*(?![\w.])"
)
_PRIVATE = (b"10.", b"192.168.", b"172.")
_AFTER = (b"+", b"~", b"-", b".")
_JOINTS = (b"/", b"_", b"-")
_OBJECT_IDS = (b"1.3.6.1", b"2.5.4.", b"2.5.29.", b"1.2.840", b"2.16.840")

# The private networks themselves (RFC 1918, 6598, 3927): everybody's.
_NETWORKS = frozenset(
    (b"10.0.0.0", b"172.16.0.0", b"192.168.0.0", b"100.64.0.0", b"169.254.0.0", b"192.0.2.0")
)
_BITS = re.compile(rb"/(?:8|10|12|16|255\.(?:0|192|240|255)\.0\.0)(?![0-9.])")
_RESOLVERS = ("8.8.8.8", "8.8.4.4", "1.1.1.1", "1.0.0.1", "9.9.9.9", "168.63.129.16")
_FIXED = (
    *("10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12"),
    *("192.168.0.0/16", "224.0.0.0/3", "0.0.0.0/8", "169.254.169.254/32", "169.254.169.253/32"),
    *("169.254.169.123/32", *(f"{each}/32" for each in _RESOLVERS)),
)


def _block(text: str) -> tuple[bytes, int]:
    address, _, bits = text.partition("/")
    return bytes(map(int, address.split("."))), int(bits)


_BLOCKS = tuple(map(_block, _FIXED))
_NOBODY = frozenset(address for address, bits in _BLOCKS if bits == 32)
_STAYING = frozenset(address[0] for address, _ in _BLOCKS) | frozenset(range(224, 256))
_MOVING = tuple(octet for octet in range(256) if octet not in _STAYING)


class IPv4:
    """The mapping, and the spellings seen."""

    def __init__(self, key: bytes) -> None:
        self._prefixes = Prefixes(key, b"ipv4", _BLOCKS, shuffled(key, b"ipv4-first", _MOVING))
        self._seen: dict[bytes, bytes] = {}

    def rules(self) -> tuple[IdentityRule, ...]:
        three = rb"[0-9]{1,3}%s[0-9]{1,3}%s[0-9]{1,3}%s[0-9]"
        return (
            IdentityRule("ipv4", (three.replace(b"%s", rb"\."),), self._dotted),
            IdentityRule("ipv4", (three.replace(b"%s", b"-"),), self._dashed),
        )

    def mapped(self, address: bytes) -> bytes:
        """The pseudonym of four octets; the same ones where they are nobody's."""
        if survives(address):
            return address
        return self._prefixes.mapped(address)

    def unmapped(self, pseudonym: bytes) -> bytes:
        return pseudonym if survives(pseudonym) else self._prefixes.unmapped(pseudonym)

    def _dotted(self, block: bytes, starts: Sequence[int]) -> Iterator[Name]:
        seen, match_at = self._seen, _DOTTED.match
        past = 0
        for at in starts:
            if at < past:
                continue
            match = match_at(block, at)
            if match is None:
                continue
            past = end = match.end()
            if block[end : end + 1] == b"." and not self._ends_at(block, end):
                past = _RUN.match(block, end).end()  # type: ignore[union-attr]  # it begins with "."
                continue
            spelled = match.group()
            instead = seen.get(spelled)
            if instead is None:
                instead = self._remember(spelled, match.groups(), b".")
            if not instead or _is_version(block, at, end, spelled):
                continue
            if spelled in _NETWORKS and _BITS.match(block, end):
                continue
            back = _REVERSED.match(block, end)
            yield at, end, self._reversed(match.groups()) if back else instead

    def _ends_at(self, block: bytes, dot: int) -> bool:
        """A dot after the address ends a sentence, or begins a port or a domain."""
        after = block[dot + 1 : dot + 2]
        return not after.isdigit() or _PORT_AFTER_DOT.match(block, dot) is not None

    def _dashed(self, block: bytes, starts: Sequence[int]) -> Iterator[Name]:
        past = 0
        for at in starts:
            if at < past:
                continue
            match = _DASHED.match(block, at)
            if match is None:
                continue
            past = match.end()
            before = block[max(0, at - 4) : at].lower()
            after = block[past : past + 1]
            # `ip-10-0-187-218`, `10-0-187-218.example`; else it may be a date or a serial number.
            if not before.endswith((b"ip-", b"ec2-", b"host-")) and after != b".":
                continue
            instead = self._remember(b"-" + match.group(), match.groups(), b"-")
            if instead:
                yield at, past, instead

    def _remember(self, spelled: bytes, octets: Sequence[bytes], dot: bytes) -> bytes:
        if len(self._seen) >= _MOST:
            self._seen.clear()
        address = _read(octets)
        instead = b""
        if address is not None and not survives(address):
            instead = dot.join(b"%d" % octet for octet in self._prefixes.mapped(address))
        self._seen[spelled] = instead
        return instead

    def _reversed(self, octets: Sequence[bytes]) -> bytes:
        address = _read(octets[::-1])
        return b".".join(b"%d" % octet for octet in self.mapped(address or b"")[::-1])


def survives(address: bytes) -> bool:
    """Whether it is nobody's: loopback, unspecified, multicast, netmask, well known."""
    return address[0] in (0, 127) or address[0] >= 224 or address in _NOBODY


def _read(octets: Sequence[bytes]) -> bytes | None:
    padded = all(len(octet) == 3 for octet in octets)
    numbers = [int(octet) for octet in octets]
    if max(numbers) > 255:
        return None
    if not padded and any(len(octet) > 1 and octet[:1] == b"0" for octet in octets):
        return None
    return bytes(numbers)


def _is_version(block: bytes, at: int, end: int, spelled: bytes) -> bool:
    if not at or block[at - 1 : at] == b"\n":
        return False
    if spelled.startswith(_OBJECT_IDS):
        return True
    before = block[max(0, at - 24) : at][::-1]
    if _VERSION_BEFORE.match(before):
        return True
    if spelled.startswith(_PRIVATE):
        return False
    if block[end : end + 1] in _AFTER and _VERSION_AFTER.match(block, end):
        return not _REVERSED.match(block, end)
    if before[:1] not in _JOINTS or not _NAME_BEFORE.match(before):
        return False
    # Java writes host/address:port, browsers name/version.
    return before[:1] != b"/" or block[end : end + 1] != b":"
