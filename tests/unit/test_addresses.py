"""The machine's own addresses, out of the kernel's tables."""

from pathlib import Path

from agent.host.addresses import own_addresses

TRIE = """\
Main:
  +-- 0.0.0.0/0 3 0 5
     |-- 0.0.0.0
        /0 universe UNICAST
     +-- 10.0.0.0/24 2 0 2
        |-- 10.0.0.0
           /24 link UNICAST
        |-- 10.0.0.7
           /32 host LOCAL
        |-- 10.0.0.255
           /32 link BROADCAST
     +-- 127.0.0.0/8 2 0 2
        |-- 127.0.0.1
           /32 host LOCAL
     |-- 169.254.9.9
        /32 host LOCAL
"""
SIX = """\
fd000000000000000000000000000002 02 40 00 80 eth0
fd0000000000000000000000000000aa 02 40 00 01 eth0
fe800000000000000000000000000001 02 40 20 80 eth0
00000000000000000000000000000001 01 80 10 80 lo
"""


ROUTES = """\
Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\tMTU\tWindow\tIRTT
eth0\t00000000\t010200C0\t0003\t0\t0\t0\t00000000\t0\t0\t0
eth0\t0000000A\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0
docker0\t000011AC\t00000000\t0001\t0\t0\t0\t0000FFFF\t0\t0\t0
"""
BRIDGE = """\
     |-- 172.17.0.1
        /32 host LOCAL
"""


def test_a_bridge_to_containers_is_no_address_of_the_machine(tmp_path: Path) -> None:
    (tmp_path / "net").mkdir()
    (tmp_path / "net/fib_trie").write_text(TRIE + BRIDGE)
    assert own_addresses(tmp_path) == ["10.0.0.7", "172.17.0.1"]
    (tmp_path / "net/route").write_text(ROUTES)
    assert own_addresses(tmp_path) == ["10.0.0.7"]
    (tmp_path / "net/if_inet6").write_text(SIX.replace("eth0", "br-0123456789ab"))
    assert own_addresses(tmp_path) == ["10.0.0.7"]


def test_what_others_reach_and_what_stays(tmp_path: Path) -> None:
    (tmp_path / "net").mkdir()
    assert own_addresses(tmp_path) == []
    (tmp_path / "net/fib_trie").write_text(TRIE)
    assert own_addresses(tmp_path) == ["10.0.0.7"]
    (tmp_path / "net/if_inet6").write_text(SIX)
    assert own_addresses(tmp_path) == ["10.0.0.7", "fd00::2"]
