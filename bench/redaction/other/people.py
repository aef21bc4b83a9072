"""Who is in the second corpus: machines and people of one made-up firm, one value for one name."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from random import Random

_DOMAINS = ("hv-energi.internal", "ad.rosenqvist.se", "shop.melkweg-media.nl", "lab.tokai-ops.jp")
_MAILS = ("rosenqvist.se", "melkweg-media.nl", "hv-energi.no", "tokai-ops.jp")
_PARTS = ("web", "pgsql", "mq", "kafka", "esdata", "dc", "bastion", "vpn", "jump", "nfs", "gw",
          "proxmox", "bak", "ci", "reg")  # fmt: skip
_CITIES = ("osl", "ams", "malmo", "nagoya", "delft", "bergen")
_FIRST = ("aino", "bram", "casper", "daan", "esben", "fenna", "gijs", "haruka", "ingrid", "joost",
          "kenji", "lotte", "mikkel", "noor", "olav", "pieter", "runa", "sander", "tove",
          "yuki")  # fmt: skip
_LAST = ("aalto", "bergstrom", "dekker", "fossum", "haagen", "ito", "kuipers", "lindgren", "mori",
         "nygaard", "oosterhuis", "rosenqvist", "sakamoto", "tveit",
         "vandijk", "wiersma")  # fmt: skip


def _ip4(rng: Random) -> str:
    a, b, c = rng.randrange(256), rng.randrange(256), rng.randrange(2, 254)
    return rng.choice((f"10.{a}.{b}.{c}", f"172.{16 + a % 16}.{b}.{c}", f"192.168.{b}.{c}",
                       f"185.{a}.{b}.{c}", f"198.51.100.{c}"))  # fmt: skip


def _ip6(rng: Random) -> str:
    top = rng.choice((0x20010DB8_00000000, 0x2A020F00_00000000, 0xFD4A6F00_00000000, 0xFE80 << 48))
    if top == 0xFE80 << 48:
        return str(ipaddress.IPv6Address(top << 64 | rng.getrandbits(64)))
    low = rng.getrandbits(64) if rng.random() < 0.4 else rng.randrange(2, 999)
    return str(ipaddress.IPv6Address((top | rng.getrandbits(24)) << 64 | low))


def _mac(rng: Random) -> str:
    first = rng.choice(("00:50:56", "ac:1f:6b", "f4:52:14", "02:42:ac", "d8:9e:f3"))
    return first + "".join(f":{rng.randrange(256):02x}" for _ in range(3))


def _short(rng: Random) -> str:
    part, number = rng.choice(_PARTS), rng.randrange(1, 40)
    return rng.choice((f"{rng.choice(_CITIES)}-{part}-{number:02}", f"{part}{number:03}",
                       f"{rng.choice(_CITIES)}{part}{number}"))  # fmt: skip


def _user(rng: Random) -> str:
    first, last = rng.choice(_FIRST), rng.choice(_LAST)
    return rng.choice((f"{first}.{last}", f"{first[0]}{last}", f"{last[:4]}{first[:2]}",
                       f"adm-{first}{last[0]}"))  # fmt: skip


def _mail(rng: Random) -> str:
    name = rng.choice((f"{rng.choice(_FIRST)}.{rng.choice(_LAST)}", rng.choice(_LAST)))
    return f"{name}@{rng.choice(_MAILS)}"


_MAKE: dict[str, Callable[[Random], str]] = {
    "ip4": _ip4, "ip6": _ip6, "mac": _mac, "short": _short, "user": _user, "mail": _mail,
}  # fmt: skip


class People:
    """`host` of a name is its `short` with a domain."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._values: dict[tuple[str, str], str] = {}
        self._taken: set[str] = set()

    def value(self, kind: str, name: str) -> str:
        if kind == "host":
            domain = Random(f"{self._seed} domain {name}").choice(_DOMAINS)
            return f"{self.value('short', name)}.{domain}"
        if (kind, name) not in self._values:
            rng = Random(f"{self._seed} other {kind} {name}")
            value = _MAKE[kind](rng)
            while value in self._taken:
                value = _MAKE[kind](rng)
            self._taken.add(value)
            self._values[kind, name] = value
        return self._values[kind, name]
