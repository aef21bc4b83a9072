"""Facts of the machine: disks, memory, load, processes.

Owns reading them. Refuses judgement.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from agent.host import zone
from agent.host.kernel import Kernel
from agent.host.memory import available_memory
from agent.host.spawn import children_of


@dataclass(frozen=True, slots=True)
class FileSystem:
    """Room on a file system: bytes and inodes; `inodes` 0 where it has no fixed number."""

    size: int
    free: int
    inodes: int
    inodes_free: int
    read_only: bool


@dataclass(frozen=True, slots=True)
class Memory:
    """Bytes; the smaller of the machine's and the container's."""

    total: int
    available: int


@dataclass(frozen=True, slots=True)
class Process:
    """One process. `state` is proc(5)'s letter, `started` clock ticks since boot."""

    pid: int
    executable: str
    state: str
    resident: int
    started: int


class Facts:
    """What can be read off this machine; a test hands in another."""

    def file_system(self, path: Path) -> FileSystem:
        """OSError; may hang on a dead network mount, so a check calls it under its time limit."""
        facts = os.statvfs(path)
        return FileSystem(
            size=facts.f_blocks * facts.f_frsize,
            free=facts.f_bavail * facts.f_frsize,
            inodes=facts.f_files,
            inodes_free=facts.f_favail,
            read_only=bool(facts.f_flag & os.ST_RDONLY),
        )

    def memory(self) -> Memory:
        return Memory(*available_memory(Kernel()))

    def load(self) -> tuple[float, float, float]:
        return os.getloadavg()

    def cpus(self) -> int:
        return len(os.sched_getaffinity(0))

    def process(self, pid: int) -> Process | None:
        """One process; None where it is gone."""
        try:
            stat = Path(f"/proc/{pid}/stat").read_text()
            # The name stands in parentheses and may hold spaces and parentheses itself.
            words = stat[stat.rindex(")") + 2 :].split()
            resident = int(words[21]) * os.sysconf("SC_PAGE_SIZE")
        except (OSError, ValueError, IndexError):
            return None
        try:
            executable = os.readlink(f"/proc/{pid}/exe")
        except OSError:
            executable = ""  # Another user's process, or a kernel thread.
        return Process(pid, executable, words[0], resident, int(words[19]))

    def pids(self) -> list[int]:
        """Every process that may be seen. Far cheaper than asking about each."""
        return [int(name) for name in os.listdir("/proc") if name.isdigit()]

    def children(self, pid: int) -> list[int]:
        """The direct children of a process, zombies included."""
        return children_of(pid)

    def machine_id(self) -> bytes:
        return zone.machine_id()

    def system_began(self) -> float:
        """Ticks (seconds since boot) at which process 1 began; in a container, that one's."""
        first = self.process(1)
        return first.started / os.sysconf("SC_CLK_TCK") if first is not None else 0.0
