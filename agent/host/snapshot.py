"""What the machine is doing at one moment: the busiest processes, pressure, disks, sockets.

Owns reading it, in plain numbers. Refuses arguments and environments of processes: secrets stand
there, and a sample outlives the moment in which anybody would have looked.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable, Mapping
from pathlib import Path

from agent.host.mounts import read_mounts

_BUSIEST = 15  # by memory, and as many by processor
_REAL = ("ext2", "ext3", "ext4", "xfs", "btrfs", "zfs", "f2fs", "tmpfs", "overlay", "vfat")
_PRESSURE = ("cpu", "memory", "io")
_TICK = os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")

Facts = dict[str, object]


def snapshot(proc: Path = Path("/proc")) -> Facts:
    """Numbers carry their unit in their name. What can't be read is left out."""
    every = list(_processes(proc))
    busiest = {each["pid"]: each for each in _most(every, "resident_bytes")}
    busiest |= {each["pid"]: each for each in _most(every, "cpu_seconds")}
    facts: Facts = {
        "processes": len(every),
        "busiest": list(busiest.values()),
        "disks": _disks(),
        "sockets": _named(proc / "net/sockstat"),
        "pressure": {
            name: found for name in _PRESSURE if (found := _named(proc / "pressure" / name))
        },
    }
    with contextlib.suppress(OSError):
        facts["load"] = list(os.getloadavg())
    with contextlib.suppress(OSError, ValueError):
        facts["open_files"] = int((proc / "sys/fs/file-nr").read_text().split()[0])
    return facts


def _most(every: Iterable[Mapping[str, object]], key: str) -> list[Facts]:
    found = sorted(every, key=lambda each: float(str(each[key])), reverse=True)
    return [dict(each) for each in found[:_BUSIEST]]


def _processes(proc: Path) -> Iterable[Facts]:
    for name in os.listdir(proc):
        if name.isdigit():
            with contextlib.suppress(OSError, ValueError, IndexError):
                yield _process(proc / name)


def _process(home: Path) -> Facts:
    """Fields of proc_pid_stat(5); the name is in parentheses and may hold any character."""
    text = (home / "stat").read_text(errors="replace")
    left, _, right = text.rpartition(")")
    words = right.split()
    return {
        "pid": int(home.name),
        "name": "".join(c if c.isprintable() else "?" for c in left.partition("(")[2]),
        "user": home.stat().st_uid,
        "state": words[0],
        "threads": int(words[17]),
        "cpu_seconds": round((int(words[11]) + int(words[12])) / _TICK, 1),
        "resident_bytes": int(words[21]) * _PAGE,
        "started_ticks": int(words[19]),
    }


def _disks() -> list[Facts]:
    """File systems of the kinds that can't hang, each once."""
    found: dict[tuple[int, int], Facts] = {}
    for mount in read_mounts():
        if mount.kind in _REAL and mount.device not in found:
            with contextlib.suppress(OSError):
                room = os.statvfs(mount.point)
                if room.f_blocks:
                    found[mount.device] = {
                        "path": mount.point,
                        "size_bytes": room.f_blocks * room.f_frsize,
                        "free_bytes": room.f_bavail * room.f_frsize,
                        "inodes_free": room.f_favail,
                    }
    return list(found.values())


def _named(path: Path) -> dict[str, str]:
    """`TCP: inuse 5 orphan 0` and `some avg10=0.00 ...` as they stand, by their first word."""
    try:
        lines = path.read_text().splitlines()
    except OSError:
        return {}
    return {line.split()[0].rstrip(":"): line.partition(" ")[2] for line in lines if line.strip()}
