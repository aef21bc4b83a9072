"""What a process takes of the machine, read out of /proc.

Owns the reading. All figures are of living processes of ours; nothing is sampled from inside.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterable
from pathlib import Path

_MAPPING = re.compile(r"^[0-9a-f]+-[0-9a-f]+ \S+ \S+ \S+ (\d+)\s*(.*)$")


def resident(pid: int) -> float:
    """MB of RSS."""
    return _rollup(pid)["Rss"]


def proportional(pid: int) -> float:
    """MB of PSS: pages shared with any process of the machine count as their share."""
    return _rollup(pid)["Pss"]


def alone(pids: Iterable[int]) -> float:
    """MB these processes would take together if no other process mapped the same files.

    PSS flatters on a machine where other Pythons run. Here a page of a file counts once for all
    of `pids` (as much as the one that has most of that mapping), anonymous pages by their PSS,
    since only parent and child share those.
    """
    files: dict[tuple[str, str], float] = {}
    anonymous = 0.0
    for pid in pids:
        for mapping, facts in _mappings(pid):
            own = facts.get("Anonymous", 0.0)
            if mapping is None:
                anonymous += facts["Pss"]
            else:
                anonymous += own
                files[mapping] = max(files.get(mapping, 0.0), facts["Rss"] - own)
    return anonymous + sum(files.values())


def processor(pid: int) -> float:
    """Seconds of processor, ended threads included, to the nanosecond (clock_getcpuclockid(3))."""
    return time.clock_gettime((~pid << 3) | 2)


def threads(pid: int) -> int:
    return len(list(Path(f"/proc/{pid}/task").iterdir()))


def wakeups(pid: int) -> dict[str, int]:
    """Voluntary switches of each living thread: how often it slept and was woken."""
    found = {}
    for task in Path(f"/proc/{pid}/task").iterdir():
        try:
            status = (task / "status").read_text()
        except OSError:
            continue
        found[task.name] = int(status.partition("voluntary_ctxt_switches:")[2].split()[0])
    return found


def children(pid: int) -> list[int]:
    found: list[int] = []
    for task in Path(f"/proc/{pid}/task").iterdir():
        found += [int(word) for word in (task / "children").read_text().split()]
    return found


def comm(pid: int) -> str:
    return Path(f"/proc/{pid}/comm").read_text().strip()


def _rollup(pid: int) -> dict[str, float]:
    return _numbers(Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:])


def _mappings(pid: int) -> Iterable[tuple[tuple[str, str] | None, dict[str, float]]]:
    """(file and offset, or None for anonymous memory; facts in MB)."""
    mapping: tuple[str, str] | None = None
    lines: list[str] = []
    for line in Path(f"/proc/{pid}/smaps").read_text().splitlines():
        match = _MAPPING.match(line)
        if match is None:
            lines.append(line)
            continue
        if lines:
            yield mapping, _numbers(lines)
        offset = line.split()[2]
        mapping = (match[2], offset) if match[1] != "0" else None
        lines = []
    yield mapping, _numbers(lines)


def _numbers(lines: Iterable[str]) -> dict[str, float]:
    found = {}
    for line in lines:
        key, _, value = line.partition(":")
        words = value.split()
        if len(words) == 2 and words[1] == "kB":
            found[key] = int(words[0]) / 1024
    return found
