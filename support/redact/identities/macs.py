"""Hardware addresses: found with colons, dashes or in three groups, replaced by others.

Owns what is one, and which survive: the null, the broadcast and the multicast address. Case and
separators stay, and so does that two cards are of one maker. The pseudonym says that it is locally
administered, so it is no maker's. Refuses fingerprints, which look alike and are longer.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from support.redact.identities.prefixes import Prefixes
from support.redact.identities.rule import IdentityRule, Name

_MOST = 10_000  # addresses remembered
_LOCAL, _GROUP = 2, 1  # bits of the first octet (IEEE 802, section 8.2)

_RUN = re.compile(
    rb"(?<![0-9A-Za-z])(?<![0-9A-Fa-f][:-])[0-9A-Fa-f]{2}(?:([:-])[0-9A-Fa-f]{2}(?:\1[0-9A-Fa-f]{2})*)"
)
_GROUPS = re.compile(
    rb"(?<![\w.-])([0-9A-Fa-f]{4})\.([0-9A-Fa-f]{4})\.([0-9A-Fa-f]{4})(?![\w-]|\.\w)"
)
_LETTER = re.compile(rb"[A-Fa-f]|^00")
# They begin with what is rare in text, the separator.
_PAIRS = rb"[:-][0-9a-f]{2}" * 4 + rb"[:-][0-9a-f]"
_IN_GROUPS = rb"\.[0-9a-f]{4}\.[0-9a-f]{4}"


class Macs:
    """The mapping, and the addresses seen."""

    def __init__(self, key: bytes) -> None:
        self._prefixes = Prefixes(key, b"mac")
        self._seen: dict[bytes, bytes] = {}
        # One bit of an address is lost in its pseudonym, so the key alone can't turn it back.
        self.given: dict[bytes, bytes] = {}

    def rules(self) -> tuple[IdentityRule, ...]:
        return (
            IdentityRule("mac", (_PAIRS,), self._pairs),
            IdentityRule("mac", (_IN_GROUPS,), self._groups),
        )

    def mapped(self, address: bytes) -> bytes:
        if address[0] & _GROUP or not any(address):
            return address
        out = bytearray(self._prefixes.mapped(address))
        out[0] = out[0] & ~_GROUP | _LOCAL
        return bytes(out)

    def _pairs(self, block: bytes, starts: Sequence[int]) -> Iterator[Name]:
        past = 0
        for at in starts:
            at -= 2
            run = _RUN.match(block, at) if at >= past else None
            if run is None:
                continue
            past = run.end()
            length = past - at
            # The kernel's firewall writes both addresses and the type in one: MAC=14 octets.
            both = length == 41 and block[at - 4 : at].upper() == b"MAC="
            if block[past : past + 1].isalnum() or (length != 17 and not both):
                continue
            for start in (at, at + 18) if both else (at,):
                spelled = block[start : start + 17]
                instead = self._spelled(spelled, 2, run[1])
                if instead != spelled:
                    yield start, start + 17, instead

    def _groups(self, block: bytes, starts: Sequence[int]) -> Iterator[Name]:
        for at in starts:
            at -= 4
            match = _GROUPS.match(block, at) if at >= 0 else None
            if match and _LETTER.search(match.group()):
                instead = self._spelled(match.group(), 4, b".")
                if instead != match.group():
                    yield at, match.end(), instead

    def _spelled(self, spelled: bytes, size: int, between: bytes) -> bytes:
        instead = self._seen.get(spelled)
        if instead is None:
            if len(self._seen) >= _MOST:
                self._seen.clear()
            address = bytes.fromhex(spelled.replace(between, b"").decode())
            out = self.mapped(address)
            digits = out.hex().encode()
            if len(self.given) < _MOST:
                self.given[out.hex(":").encode()] = address.hex(":").encode()
            if spelled.upper() == spelled and spelled.lower() != spelled:
                digits = digits.upper()
            instead = between.join(digits[n : n + size] for n in range(0, 12, size))
            if out == address:
                instead = spelled
            self._seen[spelled] = instead
        return instead
