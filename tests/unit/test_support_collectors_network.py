"""Collectors of disks and network: what hangs costs itself, and keys of tunnels stay."""

import json
from pathlib import Path

import pytest

from support.collectors import disks, network
from tests.scripted_host import timed_out
from tests.unit.support_machine import gather, machine, put, read


@pytest.mark.real
def test_disks_tell_what_of_ours_stands_where(root: Path) -> None:
    scene, host = machine(root)
    put(root, "etc/fstab", "/dev/vda1 / ext4\n")
    put(root, "var/log/big", b"x" * 100_000)
    host.programs["lsblk",] = '{"blockdevices": []}'
    found, broken = gather(disks.COLLECTOR, scene)
    assert not broken
    system, far = read(found, "disks/filesystems.json")
    assert system["mount"] == "/"
    assert {"root", "data", "state"} <= set(system["holds"])
    assert system["used_percent"] == 50.0
    assert far["mount"] == "/srv/far"
    assert read(found, "disks/largest.json")[1]["top"] == "/var/log"
    assert read(found, "disks/largest.json")[1]["largest"][0]["path"] == "/var/log/big"
    assert isinstance(read(found, "disks/deleted-open.json"), list)
    assert read(found, "disks/blocks.json") == {"blockdevices": []}


@pytest.mark.real
def test_network_by_proc_and_ip_and_nobody_outside(root: Path) -> None:
    scene, host = machine(root)
    link = {"ifname": "eth0", "flags": ["UP", "LOWER_UP"], "mtu": 1500,
            "address": "52:54:00:12:34:56", "operstate": "UP",
            "addr_info": [{"local": "10.0.0.7", "prefixlen": 24}],
            "stats64": {"rx": {"bytes": 10, "errors": 1, "dropped": 2}}}  # fmt: skip
    host.programs["ip", "-s", "-j", "address"] = json.dumps([link, {}])
    host.programs["ip",] = "words\n"
    host.programs["nft",] = "table inet filter {}\n"
    put(root, "etc/resolv.conf", "nameserver 10.0.0.2\n")
    found, broken = gather(network.COLLECTOR, scene)
    assert not broken
    assert found["network/resolv.conf"] == b"nameserver 10.0.0.2\n"
    (listener,) = read(found, "network/sockets.json")
    assert (listener["address"], listener["port"], listener["service"]) == ("0.0.0.0", 8080, "web")
    states = read(found, "network/socket-states.json")
    assert states["tcp"] == {"listen": 1, "established": 1}
    assert states["sockstat"]["TCP"]["tw"] == 1
    counters = read(found, "network/counters.json")
    assert counters["Tcp"] == {"ActiveOpens": 5}
    assert counters["conntrack"] == {"count": 12, "max": 65536}
    (told,) = read(found, "network/links.json")
    assert (told["name"], told["up"], told["addresses"]) == ("eth0", True, ["10.0.0.7/24"])
    assert (told["receive_errors"], told["receive_drops"]) == (1, 2)
    assert found["network/firewall.txt"] == b"== nft list ruleset\ntable inet filter {}\n"
    assert not host.network.wires


NETPLAN = """\
network:
  tunnels:
    wg0:
      key: {0}
      keys:
        private: "{0}"
      peers:
      - keys: {{public: open, private: {0}}}
        shared: {0}
  ethernets:
    eth0: {{dhcp4: true}}
    eth1:
      auth:
        key-management: eap
        password: {0}
"""


@pytest.mark.real
def test_keys_of_tunnels_never_leave_with_the_networks_configuration(root: Path) -> None:
    scene, _ = machine(root, rescue=True)
    secret = "4GgaQCy68nzNsUE5" * 2
    put(root, "etc/netplan/01.yaml", NETPLAN.format(secret), 0o600)
    put(root, "etc/systemd/network/wg.netdev", f"[WireGuard]\nPrivateKey={secret}\nPort=1\n")
    put(root, "etc/network/interfaces", f"iface wlan0 inet dhcp\n  wpa-psk {secret}\n  mtu 1500\n")
    found, _ = gather(network.COLLECTOR, scene)
    assert len(found) == 3
    assert secret.encode() not in b"".join(found.values())
    assert found["network/configuration/netplan/01.yaml"].count(b"REDACTED-network-key") == 5
    assert b"key-management: eap" in found["network/configuration/netplan/01.yaml"]
    assert found["network/configuration/systemd/network/wg.netdev"].endswith(b"Port=1\n")
    assert b"  mtu 1500\n" in found["network/configuration/network/interfaces"]


@pytest.mark.real
def test_a_hung_ip_is_waited_for_once_and_the_rest_arrives(root: Path) -> None:
    scene, host = machine(root)
    host.programs["ip",] = lambda argv: timed_out(argv, 2.0)
    found, broken = gather(network.COLLECTOR, scene)
    assert [each[0] for each in host.asked].count("ip") == 1
    assert list(broken) == ["network/links.json"]
    assert found["network/neighbours.txt"] == b"no answer: ip\n"
    assert b"not installed: nft" in found["network/firewall.txt"]
    assert "network/sockets.json" in found
