"""Who listens, read from a scripted /proc and, marked real, from the kernel's."""

import os
import socket
from pathlib import Path

import pytest

from agent.host.sockets import (
    Holder,
    Listener,
    command_of,
    holders,
    listeners,
    parent_of,
    unit_of,
)

HEAD = (
    "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout\n"
)
TAIL = " 00000000:00000000 00:00000000 00000000     0        0 "


def line(local: str, state: str, inode: int) -> str:
    remote = "0" * len(local.partition(":")[0]) + ":0000"
    return f"   0: {local} {remote} {state}{TAIL}{inode} 1 0000000000000000 100 0 0 10 0\n"


def process(proc: Path, pid: int, *, inodes: tuple[int, ...] = (), cgroup: str = "0::/\n") -> None:
    folder = proc / str(pid)
    (folder / "fd").mkdir(parents=True)
    for number, inode in enumerate(inodes):
        (folder / "fd" / str(number)).symlink_to(f"socket:[{inode}]")
    (folder / "comm").write_text(f"name{pid}\n")
    (folder / "cgroup").write_text(cgroup)
    (folder / "stat").write_text(f"{pid} (a ) b) S 77 1 1\n")
    (folder / "cmdline").write_bytes(b"/bin/x\0--root\0/some where\0")


def test_listening_sockets_of_both_families_are_read(root: Path) -> None:
    (root / "net").mkdir()
    (root / "net/tcp").write_text(
        HEAD + line("0100007F:1F96", "0A", 11) + line("0100007F:1F97", "01", 12)
    )
    (root / "net/tcp6").write_text(
        HEAD
        + line("00000000000000000000000001000000:0050", "0A", 13)
        + line("0000000000000000FFFF00000100007F:0051", "0A", 14)
    )
    assert listeners(root) == [
        Listener("127.0.0.1", 8086, 11),
        Listener("::1", 80, 13),
        Listener("127.0.0.1", 81, 14),
    ]


def test_a_machine_without_ipv6_or_proc_has_fewer(root: Path) -> None:
    assert listeners(root) == []


def test_the_holder_is_found_with_its_unit(root: Path) -> None:
    process(root, 10, inodes=(1,))
    process(root, 20, inodes=(2, 3), cgroup="0::/system.slice/db.service\n")
    assert holders([3], root) == {3: Holder(20, "name20", "db.service")}
    assert holders([9], root) == {}
    assert holders([], root) == {}


@pytest.mark.parametrize(
    ("cgroup", "unit"),
    [
        ("0::/system.slice/a.service\n", "a.service"),
        ("5:cpu:/x.service\n1:name=systemd:/system.slice/b.service\n", "b.service"),
        ("0::/system.slice/system-pg.slice/pg@15-main.service\n", "pg@15-main.service"),
        ("0::/user.slice/user@1000.service/app.slice/c.service\n", "c.service"),
        ("0::/user.slice/user-0.slice/session-1.scope\n", "session-1.scope"),
        ("5:cpu:/d.service\n0::/\n", ""),
        ("", ""),
    ],
)
def test_the_unit_is_read_from_any_cgroup_layout(root: Path, cgroup: str, unit: str) -> None:
    process(root, 5, cgroup=cgroup)
    assert unit_of(5, root) == unit


def test_a_process_tells_its_command_and_parent(root: Path) -> None:
    process(root, 5)
    assert command_of(5, root) == ["/bin/x", "--root", "/some where"]
    assert parent_of(5, root) == 77
    assert (command_of(6, root), parent_of(6, root), unit_of(6, root)) == ([], 0, "")


@pytest.mark.real
@pytest.mark.parametrize("address", ["127.0.0.1", "::1"])
def test_a_real_listener_is_found_and_is_ours(address: str) -> None:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as server:
        try:
            server.bind((address, 0))
        except OSError:
            pytest.skip("this machine has no IPv6 loopback")
        server.listen()
        port = server.getsockname()[1]
        (found,) = [one for one in listeners() if one.port == port]
        assert found.address == address
        assert holders([found.inode])[found.inode].pid == os.getpid()
