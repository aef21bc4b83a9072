"""Files that were deleted while a process still has them open: room that nobody can see.

Owns finding them in /proc. Refuses to end anybody for it.
"""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from pathlib import Path

_DELETED = " (deleted)"  # appended by the kernel (proc(5), /proc/pid/fd)


@dataclass(frozen=True, slots=True)
class Unlinked:
    """One such file. `bytes` is what it takes on its disk; `pids` are all who have it open."""

    path: str
    bytes: int
    program: str
    pids: tuple[int, ...]


def unlinked_files(device: int | None, *, proc: Path = Path("/proc")) -> list[Unlinked]:
    """Those of one file system (`st_dev`; None: of all), the largest first; of the processes we may
    look at."""
    found: dict[tuple[int, int], tuple[str, int, set[int]]] = {}
    for pid in _pids(proc):
        for link in _links(proc / str(pid) / "fd"):
            try:
                facts = os.stat(link)
                if facts.st_nlink or not stat.S_ISREG(facts.st_mode):
                    continue
                if device not in (None, facts.st_dev):
                    continue
                path = os.readlink(link).removesuffix(_DELETED)
            except OSError:
                continue  # Closed, or gone with its process, since it was listed.
            known = found.setdefault(
                (facts.st_dev, facts.st_ino), (path, facts.st_blocks * 512, set())
            )
            known[2].add(pid)
    files = [
        Unlinked(path, size, _program(proc, min(pids)), tuple(sorted(pids)))
        for path, size, pids in found.values()
    ]
    return sorted(files, key=lambda one: (-one.bytes, one.path))


def _pids(proc: Path) -> list[int]:
    try:
        return [int(name) for name in os.listdir(proc) if name.isdigit()]
    except OSError:
        return []


def _links(folder: Path) -> list[str]:
    try:
        return [os.path.join(folder, name) for name in os.listdir(folder)]
    except OSError:
        return []  # Another user's process, or one that has ended.


def _program(proc: Path, pid: int) -> str:
    try:
        return (proc / str(pid) / "comm").read_text(errors="replace").strip()
    except OSError:
        return "a process"
