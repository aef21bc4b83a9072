"""Listening sockets: which ports are taken, and by which process.

Owns reading /proc/net and finding a socket's holder. Refuses to open sockets, and to guess: a
holder that may not be seen (another user's, another namespace's) is None.
"""

from __future__ import annotations

import contextlib
import os
import socket
import struct
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

LISTEN = "0A"  # TCP_LISTEN, as /proc/net/tcp writes it (include/net/tcp_states.h)


@dataclass(frozen=True, slots=True)
class Listener:
    """One TCP socket that listens. `inode` is its name in /proc/PID/fd, `uid` its maker."""

    address: str
    port: int
    inode: int
    uid: int = 0


@dataclass(frozen=True, slots=True)
class Holder:
    """A process, and the systemd unit whose cgroup it is in; unit is empty where there is none."""

    pid: int
    name: str
    unit: str


def listeners(proc: Path = Path("/proc")) -> list[Listener]:
    """Every TCP socket that listens in this network namespace, IPv4 and IPv6."""
    found: list[Listener] = []
    for table in ("tcp", "tcp6"):
        # No file: no IPv6 in this kernel.
        with contextlib.suppress(OSError), (proc / "net" / table).open() as lines:
            found += parse_listeners(lines)
    return found


def parse_listeners(lines: Iterable[str]) -> Iterator[Listener]:
    """The listening sockets of a table. It is read no further than they go, or are asked for.

    The kernel lists them first (net/ipv4/tcp_ipv4.c, tcp_get_idx), and after them one line a
    connection, of which a busy machine has a hundred thousand.
    """
    for line in lines:
        words = line.split()
        if len(words) < 10 or words[0] == "sl":
            continue
        if words[3] != LISTEN:
            return
        address, _, port = words[1].rpartition(":")
        yield Listener(address_of(address), int(port, 16), int(words[9]), int(words[7]))


def holders(inodes: Collection[int], proc: Path = Path("/proc")) -> dict[int, Holder]:
    """Who holds each of these sockets, as far as this process may look."""
    wanted = {f"socket:[{inode}]": inode for inode in inodes}
    found: dict[int, Holder] = {}
    for pid in _pids(proc) if wanted else ():
        with contextlib.suppress(OSError):
            for entry in os.scandir(proc / str(pid) / "fd"):
                with contextlib.suppress(OSError):
                    inode = wanted.pop(os.readlink(entry.path), None)
                    if inode is not None:
                        found[inode] = Holder(pid, name_of(pid, proc), unit_of(pid, proc))
        if not wanted:
            break
    return found


def holdings(pids: Iterable[int], proc: Path = Path("/proc")) -> set[int]:
    """The inodes of the sockets these processes have open, as far as this process may look."""
    found: set[int] = set()
    for pid in pids:
        with contextlib.suppress(OSError):
            for entry in os.scandir(proc / str(pid) / "fd"):
                with contextlib.suppress(OSError):
                    target = os.readlink(entry.path)
                    if target.startswith("socket:[") and target[8:-1].isdigit():
                        found.add(int(target[8:-1]))
    return found


def name_of(pid: int, proc: Path = Path("/proc")) -> str:
    """The command's short name; empty where the process is gone."""
    try:
        return (proc / str(pid) / "comm").read_text().strip()
    except OSError:
        return ""


def command_of(pid: int, proc: Path = Path("/proc")) -> list[str]:
    """The process's argument list; empty for kernel threads and where it is gone."""
    try:
        raw = (proc / str(pid) / "cmdline").read_bytes()
    except OSError:
        return []
    return [os.fsdecode(word) for word in raw.split(b"\0")[:-1]]


def parent_of(pid: int, proc: Path = Path("/proc")) -> int:
    """0 where there is none, or the process is gone."""
    try:
        stat = (proc / str(pid) / "stat").read_text()
        return int(stat[stat.rindex(")") + 2 :].split()[1])
    except (OSError, ValueError, IndexError):
        return 0


def unit_of(pid: int, proc: Path = Path("/proc")) -> str:
    """The systemd unit a process belongs to, by its cgroup; empty where it has none.

    cgroup v2 is the line with number 0, systemd's own tree of v1 the one named so. The innermost
    unit counts: a user's service stands below user@1000.service.
    """
    try:
        lines = (proc / str(pid) / "cgroup").read_text().splitlines()
    except OSError:
        return ""
    for line in lines:
        _, controllers, path = (*line.split(":", 2), "", "")[:3]
        if controllers in ("", "name=systemd"):
            units = [part for part in path.split("/") if part.endswith((".service", ".scope"))]
            if units:
                return units[-1]
    return ""


def _pids(proc: Path) -> Iterator[int]:
    for entry in os.scandir(proc):
        if entry.name.isdigit():
            yield int(entry.name)


def address_of(text: str) -> str:
    """Hexadecimal words in the host's byte order, as the kernel prints them."""
    raw = b"".join(struct.pack("=I", int(text[at : at + 8], 16)) for at in range(0, len(text), 8))
    family = socket.AF_INET if len(raw) == 4 else socket.AF_INET6
    return socket.inet_ntop(family, raw).removeprefix("::ffff:")
