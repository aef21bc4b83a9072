"""The names a certificate must carry on this machine, and whether it covers them.

Owns both rules (RFC 6125, RFC 2818: a name matches a name, or a wildcard in its leftmost label;
an address only itself). Pure.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Sequence


def names_of_machine(
    host_name: str, addresses: Sequence[str], declared: Sequence[str]
) -> list[str]:
    """What a certificate should be valid for, most particular first, each once."""
    wanted = [*declared, host_name, "localhost", *addresses, "127.0.0.1", "::1"]
    return list(dict.fromkeys(name for name in wanted if _can_be_named(name)))


def not_covered(wanted: Iterable[str], shown: Iterable[str]) -> list[str]:
    """Those of `wanted` that a certificate with the names `shown` is not valid for."""
    have = {_plain(name) for name in shown}
    return [name for name in wanted if not _covers(have, _plain(name))]


def _covers(have: set[str], name: str) -> bool:
    if name in have:
        return True
    _, _, parent = name.partition(".")
    return bool(parent) and not _is_address(name) and f"*.{parent}" in have


def _plain(name: str) -> str:
    try:
        return str(ipaddress.ip_address(name))
    except ValueError:
        return name.lower().rstrip(".")


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _can_be_named(name: str) -> bool:
    try:
        return not ipaddress.ip_address(name).is_link_local
    except ValueError:
        return bool(name) and "_" not in name and len(name) <= 253
