"""Run inside a machine: processor seconds of three ways to read its whole journal, as JSON.

Owns the measuring; `journal` boots the machine and judges.
"""

import json
import os
import resource
import statistics
import subprocess
from collections.abc import Callable

from agent.host.journal_read import Telling, Wanted, open_reader

RUNS = 3


def by_field() -> int:
    """As the collectors do: the few fields a line needs."""
    return sum(map(len, Telling(open_reader(), Wanted()).blocks(1 << 40)))


def whole_entries() -> int:
    """As the library offers it: every field of every entry, converted."""
    import systemd.journal

    return sum(len(str(entry.get("MESSAGE", ""))) for entry in systemd.journal.Reader())


def by_journalctl() -> int:
    argv = ["journalctl", "--quiet", "--no-pager", "--utc", "--output=short-iso-precise"]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, bufsize=0) as child:
        assert child.stdout is not None
        size = 0
        while data := os.read(child.stdout.fileno(), 1 << 18):
            size += len(data)
        return size


def spent() -> float:
    of = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in of)


def measured(way: Callable[[], int]) -> dict[str, float]:
    seconds, size = [], 0
    for _ in range(RUNS):
        before = spent()
        size = way()
        seconds.append(spent() - before)
    return {"seconds": statistics.median(seconds), "bytes": size}


if __name__ == "__main__":
    ways = (by_field, whole_entries, by_journalctl)
    print(json.dumps({way.__name__: measured(way) for way in ways}))
