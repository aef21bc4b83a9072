"""`processes`: every process with its arguments, and who takes most memory and processor.

Owns the two files. Refuses environments: secrets stand there by design. Arguments go through the
redactor like everything else.
"""

from __future__ import annotations

import contextlib
import os
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from agent.host import users
from agent.host.clock import rfc3339
from agent.host.kernel import Kernel
from support.collectors import kernel_files
from support.collectors.collector import FIRST, Collector, Source
from support.collectors.document import columns, made, plain, value
from support.scene import Scene

_TICK = os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")
_MOST = 5000  # processes
_TOP = 15
_LONGEST = 4000  # characters of one command line
_HEADER = ("PID", "PPID", "USER", "STATE", "THREADS", "RSS_KIB", "CPU_SECONDS", "STARTED",
           "COMMAND")  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Process:
    """`started` is in seconds since the boot."""

    pid: int
    parent: int
    name: str
    state: str
    threads: int
    resident: int
    cpu: float
    started: float
    uid: int


def sources(scene: Scene) -> Iterable[Source]:
    every = list(_processes(scene.host.kernel))
    names = _Users()
    yield made("system/processes.txt", "/proc", lambda: _table(scene, every, names))
    yield value("system/top.json", "/proc", lambda: _top(scene.host.kernel, every, names))


def _processes(kernel: Kernel) -> Iterator[_Process]:
    pids = sorted(int(name) for name in kernel_files.names(kernel, "/proc") if name.isdigit())
    for pid in pids[:_MOST]:
        with contextlib.suppress(ValueError, IndexError):  # It ended since it was listed.
            yield _process(kernel, pid)


def _process(kernel: Kernel, pid: int) -> _Process:
    """Fields of proc_pid_stat(5); the name is in parentheses and may hold any character."""
    left, _, right = kernel_files.text(kernel, f"/proc/{pid}/stat").rpartition(")")
    words = right.split()
    return _Process(
        pid=pid,
        parent=int(words[1]),
        name=left.partition("(")[2],
        state=words[0],
        threads=int(words[17]),
        resident=int(words[21]) * _PAGE,
        cpu=round((int(words[11]) + int(words[12])) / _TICK, 1),
        started=int(words[19]) / _TICK,
        uid=_uid(kernel, pid),
    )


def _uid(kernel: Kernel, pid: int) -> int:
    with contextlib.suppress(OSError):
        for line in kernel.lines(f"/proc/{pid}/status"):
            if line.startswith("Uid:"):
                return int(line.split()[2])
    return -1


@dataclass(slots=True)
class _Users:
    """Names by number, each looked up once: where users come from a directory, that takes time."""

    known: dict[int, str] | None = None

    def name(self, uid: int) -> str:
        known = self.known = self.known or {}
        if uid not in known:
            known[uid] = (users.name_of(uid) if uid >= 0 else "") or str(uid)
        return known[uid]


def _table(scene: Scene, every: Iterable[_Process], names: _Users) -> bytes:
    booted = scene.host.clock.wall() - scene.host.clock.monotonic()
    rows = (
        (each.pid, each.parent, names.name(each.uid), each.state, each.threads,
         each.resident >> 10, each.cpu, rfc3339(booted + each.started),
         _command(scene.host.kernel, each))
        for each in every
    )  # fmt: skip
    return columns(_HEADER, rows)


def _command(kernel: Kernel, process: _Process) -> str:
    raw = plain(kernel_files.text(kernel, f"/proc/{process.pid}/cmdline"))
    words = raw.rstrip("\0").split("\0")
    return " ".join(words)[:_LONGEST] if words[0] else f"[{process.name}]"


def _top(kernel: Kernel, every: list[_Process], names: _Users) -> object:
    def told(process: _Process) -> dict[str, object]:
        return {
            "pid": process.pid,
            "user": names.name(process.uid),
            "name": process.name,
            "resident": process.resident,
            "cpu_seconds": process.cpu,
            "unit": unit_of(kernel, process.pid),
        }

    by_memory = sorted(every, key=lambda each: each.resident, reverse=True)
    by_cpu = sorted(every, key=lambda each: each.cpu, reverse=True)
    return {
        "count": len(every),
        "states": dict(Counter(each.state for each in every)),
        "by_memory": [told(each) for each in by_memory[:_TOP]],
        "by_cpu": [told(each) for each in by_cpu[:_TOP]],
    }


def unit_of(kernel: Kernel, pid: int) -> str:
    """The innermost unit of its control group; empty where it has none."""
    for line in kernel_files.text(kernel, f"/proc/{pid}/cgroup").splitlines():
        _, controllers, path = (*line.split(":", 2), "", "")[:3]
        if controllers in ("", "name=systemd"):
            units = [each for each in path.split("/") if each.endswith((".service", ".scope"))]
            if units:
                return units[-1]
    return ""


def guess(scene: Scene) -> int:
    try:
        return 5000 + 160 * len(scene.host.facts.pids())
    except OSError:
        return 20_000


COLLECTOR = Collector(
    code="processes",
    title="processes, and the largest",
    reads="/proc/PID/stat, status, cmdline, cgroup",
    sources=sources,
    guess=guess,
    cap=2 << 20,
    priority=FIRST,
    rescue=False,
)
