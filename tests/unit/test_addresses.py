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


def test_what_others_reach_and_what_stays(tmp_path: Path) -> None:
    (tmp_path / "net").mkdir()
    assert own_addresses(tmp_path) == []
    (tmp_path / "net/fib_trie").write_text(TRIE)
    assert own_addresses(tmp_path) == ["10.0.0.7"]
    (tmp_path / "net/if_inet6").write_text(SIX)
    assert own_addresses(tmp_path) == ["10.0.0.7", "fd00::2"]
