"""The program files that each process runs on, and which of them were replaced since it began.

Owns the look through /proc/pid/maps. Refuses what belongs to no package: memory without a file,
temporary files, data, and what a vendor puts elsewhere.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

_DELETED = b" (deleted)"  # appended by the kernel (proc(5), /proc/pid/maps)
# Where packages put code; a vendor's release has its own course of change.
_PLACES = (b"/usr/", b"/lib/", b"/lib64/", b"/bin/", b"/sbin/")


@dataclass(frozen=True, slots=True)
class RunningCode:
    """One process, its control group, the files of its code, and those that are gone."""

    pid: int
    cgroup: str
    files: frozenset[str]
    gone: frozenset[str]


def running_code(proc: Path = Path("/proc")) -> tuple[list[RunningCode], int]:
    """The processes we may look at that have any, and how many we may not look at."""
    found, unseen = [], 0
    for name in sorted(filter(str.isdigit, os.listdir(proc)), key=int):
        home = proc / name
        try:
            with (home / "maps").open("rb") as stream:
                files, gone = _code(stream.read())
        except PermissionError:
            unseen += 1
            continue
        except OSError:
            continue  # It ended since it was listed.
        if files or gone:
            found.append(RunningCode(int(name), _cgroup(home / "cgroup"), files, gone))
    return found, unseen


def _code(maps: bytes) -> tuple[frozenset[str], frozenset[str]]:
    files, gone = set(), set()
    for line in maps.split(b"\n"):
        words = line.split(None, 5)
        # Only mapped code counts: data files are replaced under a running program all the time.
        if len(words) < 6 or b"x" not in words[1] or not words[5].startswith(_PLACES):
            continue
        if words[5].endswith(_DELETED):
            gone.add(words[5].removesuffix(_DELETED).decode(errors="replace"))
        else:
            files.add(words[5].decode(errors="replace"))
    return frozenset(files), frozenset(gone)


def _cgroup(path: Path) -> str:
    """The path of version 2, or of systemd's own hierarchy (cgroups(7), /proc/pid/cgroup)."""
    try:
        lines = path.read_text(errors="replace").splitlines()
    except OSError:
        return ""
    for line in lines:
        number, controllers, where = [*line.split(":", 2), "", ""][:3]
        ours = (number == "0" and not controllers) or controllers == "name=systemd"
        if ours and where not in ("", "/"):
            return where
    return ""
