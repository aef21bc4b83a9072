"""Made-up machines and people of the corpus: each identity has a name and one value.

Owns them. Addresses are out of private and documentation blocks, hosts out of made-up domains.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from random import Random

_SITES = ("ostrava", "lindholm", "quarryhill", "brightwater", "norrby", "calder")
_ROLES = ("app", "db", "cache", "edge", "queue", "files", "mon", "build", "ldap", "mx")
_DOMAINS = ("corp.norrby-steel.com", "int.calder.io", "lindholm.example", "prod.quarryhill.net")
_MAILS = ("norrby-steel.com", "calder.io", "lindholm.example", "quarryhill.net")
_FIRST = [
    "anneke",
    "bertil",
    "chiara",
    "dmitri",
    "eleni",
    "farouk",
    "gudrun",
    "henrik",
    "ilse",
    "jovan",
    "katya",
    "leandro",
    "marit",
    "nuria",
    "oskar",
    "petra",
    "quentin",
    "rasmus",
    "saskia",
    "tomasz",
    "ulrika",
    "vasil",
    "wiebke",
    "xanthe",
    "yannis",
    "zdenka",
]
_LAST = [
    "abendroth",
    "bakker",
    "czerny",
    "dahlgren",
    "eriksen",
    "fontaine",
    "grabowski",
    "halvorsen",
    "ivanova",
    "jansson",
    "kowal",
    "lindqvist",
    "moreau",
    "novak",
    "okafor",
    "petrov",
    "quist",
    "rasmussen",
    "szabo",
    "thorne",
    "ueda",
    "varga",
    "weiss",
    "zielinski",
]

KINDS = ("ip4", "ip6", "mac", "host", "user", "mail")


def _ip4(rng: Random) -> str:
    net = rng.choice(("10.{}.{}.{}", "192.168.{1}.{2}", "172.20.{1}.{2}", "203.0.113.{2}"))
    return net.format(rng.randrange(1, 250), rng.randrange(1, 250), rng.randrange(2, 250))


def _ip6(rng: Random) -> str:
    top = rng.choice((0x20010DB8, 0xFD120000 + rng.randrange(1, 0xFFFF)))
    low = rng.getrandbits(64) if rng.random() < 0.6 else rng.randrange(16, 0xFFFF)
    return str(ipaddress.IPv6Address(top << 96 | rng.getrandbits(32) << 64 | low))


def _mac(rng: Random) -> str:
    first = rng.choice(("52:54:00", "00:16:3e", "3c:ec:ef", "b8:27:eb"))
    return first + "".join(f":{rng.randrange(256):02x}" for _ in range(3))


def _host(rng: Random) -> str:
    short = f"{rng.choice(_SITES)}-{rng.choice(_ROLES)}{rng.randrange(1, 90):02}"
    return f"{short}.{rng.choice(_DOMAINS)}"


def _user(rng: Random) -> str:
    first, last = rng.choice(_FIRST), rng.choice(_LAST)
    return rng.choice((f"{first[0]}{last}", f"{first}.{last}", f"{first}{rng.randrange(10, 99)}"))


def _mail(rng: Random) -> str:
    return f"{rng.choice(_FIRST)}.{rng.choice(_LAST)}@{rng.choice(_MAILS)}"


_MAKE: dict[str, Callable[[Random], str]] = {
    "ip4": _ip4, "ip6": _ip6, "mac": _mac, "host": _host, "user": _user, "mail": _mail,
}  # fmt: skip


class Identities:
    """One value for a name, others for others; `short` of a host is its first label."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._values: dict[tuple[str, str], str] = {}
        self._taken: set[str] = set()

    def value(self, kind: str, name: str) -> str:
        found = self._values.get((kind, name))
        if found is None:
            rng = Random(f"{self._seed} {kind} {name}")
            found = _MAKE[kind](rng)
            while found in self._taken:
                found = _MAKE[kind](rng)
            self._taken.add(found)
            self._values[kind, name] = found
        return found
