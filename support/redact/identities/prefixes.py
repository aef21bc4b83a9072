"""Addresses turned into others of their kind, so that networks stay networks.

Owns the mapping over bits: two addresses that share their first n bits share the first n of their
pseudonyms (the scheme of Crypto-PAn, with HMAC-SHA256 for its cipher), and no two share one. Each
bit is flipped or not as the key says for all bits before it; blocks that are `fixed` keep their
place, since no bit on the way to them is flipped. Refuses to read or write addresses.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterable, Sequence

_MOST = 20_000  # prefixes remembered; a log of an open server holds a million addresses

Block = tuple[bytes, int]
"""An address and how many of its bits count."""


class Prefixes:
    """One mapping of addresses of one length. `first` may give the first octet another way."""

    def __init__(
        self, key: bytes, label: bytes, fixed: Iterable[Block] = (), first: Sequence[int] = ()
    ) -> None:
        self._key = key
        self._label = label
        self._fixed: dict[bytes, list[tuple[int, int]]] = {}
        for address, bits in fixed:
            for octet in range((bits + 7) // 8):
                depth = min(8, bits - 8 * octet)
                self._fixed.setdefault(address[:octet], []).append((address[octet], depth))
        self._flips: dict[bytes, int] = {}
        self._heads: dict[bytes, bytes] = {}
        self._first = first
        self._back = {out: octet for octet, out in enumerate(first)}

    def mapped(self, address: bytes) -> bytes:
        head = address[:-1]
        return self._head(head) + self._octet(head, address[-1])

    def _head(self, prefix: bytes) -> bytes:
        """Its pseudonym; the addresses of a log share few."""
        if not prefix:
            return b""
        found = self._heads.get(prefix)
        if found is None:
            if len(self._heads) >= _MOST:
                self._heads.clear()
            found = self._heads[prefix] = self.mapped(prefix)
        return found

    def _octet(self, prefix: bytes, octet: int) -> bytes:
        if not prefix and self._first:
            return bytes([self._first[octet]])
        flips = self._flips_after(prefix)
        node, result = 1, 0
        for place in (7, 6, 5, 4, 3, 2, 1, 0):
            bit = octet >> place & 1
            result = result << 1 | (bit ^ (flips >> node & 1))
            node = node << 1 | bit
        return bytes([result])

    def unmapped(self, pseudonym: bytes) -> bytes:
        """The way back, which takes the key."""
        address = b""
        for index, octet in enumerate(pseudonym):
            if not index and self._first:
                address += bytes([self._back[octet]])
                continue
            flips = self._flips_after(address)
            node = 1
            for place in (7, 6, 5, 4, 3, 2, 1, 0):
                node = node << 1 | ((octet >> place & 1) ^ (flips >> node & 1))
            address += bytes([node & 0xFF])
        return address

    def _flips_after(self, prefix: bytes) -> int:
        """For the eight bits after the prefix: a bit for each node of their tree, the root's is 1.

        One digest has 256 bits, a tree of depth eight 255 nodes.
        """
        flips = self._flips.get(prefix)
        if flips is None:
            message = self._label + bytes([len(prefix)]) + prefix
            flips = int.from_bytes(hmac.digest(self._key, message, "sha256"), "big")
            for octet, depth in self._fixed.get(prefix, ()):
                for length in range(depth):
                    flips &= ~(1 << (1 << length | octet >> (8 - length)))
            if len(self._flips) >= _MOST:
                self._flips.clear()
            self._flips[prefix] = flips
        return flips


def shuffled(key: bytes, label: bytes, movable: Sequence[int]) -> list[int]:
    """The octets 0 to 255, of which those that are movable changed places as the key says."""
    order = sorted(movable, key=lambda octet: hmac.digest(key, label + bytes([octet]), "sha256"))
    places = list(range(256))
    for octet, other in zip(movable, order, strict=True):
        places[octet] = other
    return places
