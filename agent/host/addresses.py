"""The machine's own addresses, as others reach it.

Owns which of them count: not loopback, not link-local, not those between this machine and its
containers, not the temporary ones of IPv6's privacy extensions, which are others tomorrow.
Refuses names.
"""

from __future__ import annotations

import ipaddress
import re
import sys
from pathlib import Path

# Bridges and ends of containers and virtual machines, which come and go as those do.
_INSIDE = re.compile(
    r"docker\d+|br-[0-9a-f]{12}|veth.*|virbr\d+|vnet\d+|cni.*|flannel.*|cali.*|podman\d+|lx[cd]br\d+"
)
_PASSING = 0x01 | 0x20  # IFA_F_TEMPORARY, IFA_F_DEPRECATED (linux/if_addr.h)


def own_addresses(proc: Path = Path("/proc")) -> list[str]:
    """Sorted, IPv4 before IPv6.

    Read from /proc: to ask over netlink, as getifaddrs(3) does, the daemon's sandbox has no socket.
    """
    inside = networks_inside(_text(proc / "net/route"))
    found = {
        address
        for address in local_ipv4(_text(proc / "net/fib_trie"))
        if not any(ipaddress.IPv4Address(address) in network for network in inside)
    }
    found |= lasting_ipv6(_text(proc / "net/if_inet6"))
    kept = [ipaddress.ip_address(text) for text in found]
    kept = [each for each in kept if not (each.is_loopback or each.is_link_local)]
    return [str(each) for each in sorted(kept, key=lambda each: (each.version, int(each)))]


def local_ipv4(trie: str) -> set[str]:
    """The leaves of the kernel's routing trie that are this machine (net/ipv4/fib_trie.c)."""
    found, leaf = set(), ""
    for line in trie.splitlines():
        words = line.split()
        if words[:1] == ["|--"]:
            leaf = words[1]
        elif words == ["/32", "host", "LOCAL"]:
            found.add(leaf)
    return found


def networks_inside(table: str) -> list[ipaddress.IPv4Network]:
    """The networks of /proc/net/route between this machine and its containers."""
    found = []
    for line in table.splitlines():
        words = line.split()
        if len(words) > 7 and _INSIDE.fullmatch(words[0]):
            # In the machine's own byte order, as the kernel holds them (net/ipv4/fib_trie.c).
            place, mask = (int(words[n], 16).to_bytes(4, sys.byteorder) for n in (1, 7))
            if any(mask):
                network = f"{ipaddress.IPv4Address(place)}/{ipaddress.IPv4Address(mask)}"
                found.append(ipaddress.IPv4Network(network, strict=False))
    return found


def lasting_ipv6(table: str) -> set[str]:
    """The addresses of /proc/net/if_inet6 that stay: address, index, prefix, scope, flags, name."""
    found = set()
    for line in table.splitlines():
        words = line.split()
        if len(words) != 6 or _INSIDE.fullmatch(words[5]):
            continue
        if not int(words[4], 16) & _PASSING:
            found.add(str(ipaddress.IPv6Address(bytes.fromhex(words[0]))))
    return found


def _text(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:
        return ""  # A kernel without IPv6.
