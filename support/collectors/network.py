"""`network`: links, addresses, routes, listening sockets, counters, firewall, resolver's files.

Owns the shape. Asks nobody outside the machine: a name is not resolved, a server not reached.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from functools import partial

import msgspec

from agent.host import glance
from agent.host.failures import HostFailure
from agent.host.kernel import Kernel
from agent.manifest.model import Manifest
from support.collectors import kernel_files
from support.collectors.collector import FIRST, Collector, Source
from support.collectors.document import copied, made, value
from support.collectors.listening import listening, states
from support.collectors.programs import Programs, said
from support.redact.span import mark
from support.scene import Scene

_PATIENCE = 2.0  # seconds for `ip` and others, which take milliseconds
_FILES = ("resolv.conf", "nsswitch.conf", "hosts", "hostname", "hosts.allow", "hosts.deny")
_CONFIGURATION = (
    "/etc/netplan", "/etc/systemd/network", "/etc/systemd/resolved.conf.d",
    "/etc/NetworkManager/conf.d", "/etc/network/interfaces.d", "/etc/sysconfig/network-scripts",
)  # fmt: skip
_SINGLE = ("/etc/network/interfaces", "/etc/systemd/resolved.conf", "/etc/dhcpcd.conf")
_KEYS = re.compile(
    rb"(?im)^([ \t]*(?:-[ \t]+)?[\"']?(?:key|private(?:-?key)?|shared|pre-?shared-?key|psk|password"
    rb"|client-key-password|wpa-psk|wireless-key)[\"']?[ \t]*(?:[:=]|[ \t])[ \t]*)\S.*$"
)
_INLINE = re.compile(
    rb"(?i)([{,][ \t]*[\"']?(?:key|private(?:-?key)?|shared|psk|password)[\"']?[ \t]*:[ \t]*)"
    rb"[^,}\n]+"
)
_MOST = 50  # files of one folder
_IP = (
    ("addresses", ["ip", "address"]),
    ("neighbours", ["ip", "neighbour"]),
    ("rules", ["ip", "rule"]),
)
_ROUTES = (
    ["ip", "-4", "route", "show", "table", "all"],
    ["ip", "-6", "route", "show", "table", "all"],
)


def sources(scene: Scene) -> Iterable[Source]:
    yield from _files(scene)
    if scene.rescue:
        return
    kernel = scene.host.kernel
    yield value("network/sockets.json", "/proc/net", lambda: _sockets(scene))
    yield value("network/socket-states.json", "/proc/net", lambda: _states(kernel))
    yield value("network/counters.json", "/proc/net/snmp", lambda: _counters(kernel))
    ask = Programs(scene)
    yield value("network/links.json", "ip -s -j address", lambda: _links(ask))
    for name, argv in _IP:
        yield ask.text(f"network/{name}.txt", argv, timeout=_PATIENCE)
    yield ask.text("network/routes.txt", *_ROUTES, timeout=_PATIENCE)
    yield made("network/firewall.txt", "nft list ruleset", lambda: _firewall(ask))


def _files(scene: Scene) -> Iterator[Source]:
    for name in _FILES:
        yield from copied(scene, f"/etc/{name}", f"network/{name}")
    root = scene.layout.root
    paths = [path for path in _SINGLE if glance.look(root, path)]
    for folder in _CONFIGURATION:
        paths += [f"{folder}/{each.name}" for each in glance.entries(root, folder)[:_MOST]]
    for path in paths:
        for each in copied(scene, path, f"network/configuration{path.removeprefix('/etc')}"):
            yield replace(each, blocks=partial(_without_keys, each.blocks))


def _without_keys(blocks: Callable[[], Iterable[bytes]]) -> Iterator[bytes]:
    """What a tunnel calls `key`, `private` or `shared` is no secret by its name elsewhere."""
    instead = rb"\1" + mark("network-key")
    yield _INLINE.sub(instead, _KEYS.sub(instead, b"".join(blocks())))


def _sockets(scene: Scene) -> list[dict[str, object]]:
    declared = _ports(scene.manifest) if scene.manifest else {}
    return [
        {**each, "service": declared.get(each["port"]) if "tcp" in str(each["protocol"]) else None}
        for each in listening(scene.host.kernel)
    ]


def _ports(manifest: Manifest) -> dict[object, str]:
    named: dict[object, str] = {
        port: name for name, service in manifest.services.items() for port in service.ports
    }
    return {manifest.probe.port: "caretaker", **named}


def _states(kernel: Kernel) -> dict[str, object]:
    lines = kernel_files.text(kernel, "/proc/net/sockstat").splitlines()
    sockstat = {line.split(":")[0]: _pairs(line.partition(":")[2].split()) for line in lines}
    return {**states(kernel), "sockstat": sockstat}


def _counters(kernel: Kernel) -> dict[str, object]:
    found: dict[str, object] = {}
    for name in ("snmp", "netstat"):
        lines = kernel_files.text(kernel, f"/proc/net/{name}").splitlines()
        # Two lines a group: the names, then the numbers (proc(5), /proc/net/snmp).
        for names, numbers in zip(lines[::2], lines[1::2], strict=False):
            group, _, words = names.partition(":")
            pairs = zip(words.split(), numbers.partition(":")[2].split(), strict=False)
            found[group] = {each: int(text) for each, text in pairs if text not in ("0", "-1")}
    tracked = "/proc/sys/net/netfilter/nf_conntrack_"
    found["conntrack"] = {
        each: kernel_files.number(kernel, f"{tracked}{each}") for each in ("count", "max")
    }
    return found


def _pairs(words: list[str]) -> dict[str, int]:
    return {
        name: int(number)
        for name, number in zip(words[::2], words[1::2], strict=False)
        if number.isdigit()
    }


def _links(ask: Programs) -> list[dict[str, object]]:
    """HostFailure where `ip` is not there or does not answer."""
    done = ask.run(["ip", "-s", "-j", "address"], timeout=_PATIENCE)
    if not done.ok:
        raise HostFailure(f"ip address: {done.reason}")
    try:
        links = msgspec.json.decode(done.stdout, type=list[dict[str, object]])
    except msgspec.MsgspecError as error:
        raise HostFailure(f"ip address: {error}") from error
    return [_link(ask.scene.host.kernel, link) for link in links if link.get("ifname")]


def _link(kernel: Kernel, link: dict[str, object]) -> dict[str, object]:
    name = str(link["ifname"])
    addresses = _dicts(link.get("addr_info"))
    flags = link.get("flags")
    told: dict[str, object] = {
        "name": name,
        "up": isinstance(flags, list) and "UP" in flags and "LOWER_UP" in flags,
        "state": link.get("operstate"),
        "speed_mbit": kernel_files.number(kernel, f"/sys/class/net/{name}/speed"),
        "mtu": link.get("mtu"),
        "mac": link.get("address"),
        "addresses": [f"{each.get('local')}/{each.get('prefixlen')}" for each in addresses],
    }
    stats = link.get("stats64")
    for way, verb, total in (("rx", "receive", "received"), ("tx", "send", "sent")):
        numbers = stats.get(way) if isinstance(stats, dict) else None
        if isinstance(numbers, dict):
            told[total] = numbers.get("bytes")
            told[f"{verb}_errors"] = numbers.get("errors")
            told[f"{verb}_drops"] = numbers.get("dropped")
    return told


def _dicts(content: object) -> list[dict[str, object]]:
    return [each for each in content if isinstance(each, dict)] if isinstance(content, list) else []


def _firewall(ask: Programs) -> bytes:
    """nftables, which iptables of today speaks as well; the old tool only where nft is not."""
    done = ask.run(["nft", "list", "ruleset"], timeout=_PATIENCE)
    parts = [f"== nft list ruleset\n{said(done)}"]
    if done.missing or (done.ok and not done.stdout.strip()):
        for program in ("iptables-save", "ip6tables-save"):
            parts.append(f"== {program}\n{said(ask.run([program], timeout=_PATIENCE))}")
    return "\n".join(parts).encode("utf-8", "replace")


def guess(scene: Scene) -> int:
    return 1500 if scene.rescue else 12_000


COLLECTOR = Collector(
    code="network",
    title="links, addresses, routes, sockets, firewall, resolver",
    reads="/proc/net, ip, nft, resolv.conf, hosts, network configuration",
    sources=sources,
    guess=guess,
    cap=2 << 20,
    priority=FIRST,
)
