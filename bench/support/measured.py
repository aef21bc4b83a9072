"""What one command costs a machine: time, processor, memory of its whole family, disk.

Owns the measuring, which runs inside the machine on Python alone, beside the command and not in
it. Memory is the sum of the family's proportional set sizes, looked at 20 times a second; disk is
the most that stood below the watched folders, files without a name included, since each of them is
a small file system of its own. Refuses to judge.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tests.machine.machine import Machine

DISK = "2g"
_PROGRAM = r"""
import ctypes, json, os, resource, signal, subprocess, sys, threading, time
watched, limit, argv = json.loads(sys.argv[1])
ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)  # PR_SET_CHILD_SUBREAPER: daemons of the command count too

def used(folder):
    room = os.statvfs(folder)
    return (room.f_blocks - room.f_bfree) * room.f_frsize

def family():
    parents = {}
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                words = open(f"/proc/{name}/stat").read().rpartition(")")[2].split()
            except OSError:
                continue
            parents[int(name)] = int(words[1])
    wanted, ours = {os.getpid()}, set()
    while wanted:
        found = {pid for pid, parent in parents.items() if parent in wanted}
        ours |= found
        wanted = found
    return ours

def pss(pid):
    try:
        for line in open(f"/proc/{pid}/smaps_rollup"):
            if line.startswith("Pss:"):
                return int(line.split()[1]) << 10
    except OSError:
        pass
    return 0

begun_with = {folder: used(folder) for folder in watched}
most = {"memory": 0, "processes": 0, **{folder: 0 for folder in watched}}
over = threading.Event()

def look():
    while not over.is_set():
        ours = family()
        most["memory"] = max(most["memory"], sum(map(pss, ours)))
        most["processes"] = max(most["processes"], len(ours))
        for folder in watched:
            most[folder] = max(most[folder], used(folder) - begun_with[folder])
        over.wait(0.05)

watcher = threading.Thread(target=look, daemon=True)
begun, first = time.monotonic(), resource.getrusage(resource.RUSAGE_CHILDREN)
with open("/run/measured.out", "wb") as out:
    process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=out, stderr=out,
                               start_new_session=True)
    watcher.start()
    try:
        status = process.wait(limit)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        status = process.wait()
seconds = time.monotonic() - begun
over.set()
watcher.join()
while True:
    try:
        if os.waitpid(-1, os.WNOHANG)[0] == 0:
            break
    except ChildProcessError:
        break
last = resource.getrusage(resource.RUSAGE_CHILDREN)
cpu = last.ru_utime + last.ru_stime - first.ru_utime - first.ru_stime
print(json.dumps({"status": status, "seconds": seconds, "cpu": cpu, "most": most,
                  "left": {f: used(f) - begun_with[f] for f in watched},
                  "said": open("/run/measured.out", errors="replace").read()[-8000:]}))
"""


@dataclass(frozen=True)
class Cost:
    """One run. Seconds and bytes; `disk` is the most at any time, `left` what stood at the end."""

    status: int
    seconds: float
    cpu: float
    memory: int
    disk: int
    left: int
    said: str


def measure(
    machine: Machine,
    argv: Sequence[str],
    *,
    watched: Sequence[str],
    limit: float = 900,
    env: Mapping[str, str] | None = None,
) -> Cost:
    """Run it in the machine. The watched folders are file systems of their own (`small_disks`)."""
    request = json.dumps([list(watched), limit, list(argv)])
    ran = machine.run(
        ["/usr/bin/python3", "-c", _PROGRAM, request], timeout=limit + 60, env=dict(env or {})
    )
    told = json.loads(ran.out)
    most = told["most"]
    return Cost(
        told["status"],
        told["seconds"],
        told["cpu"],
        most["memory"],
        sum(most[folder] for folder in watched),
        sum(told["left"][folder] for folder in watched),
        told["said"],
    )


def small_disks(machine: Machine, *folders: str) -> None:
    """A file system in memory at each folder, so that what is written there can be counted."""
    for folder in folders:
        machine.run(["mkdir", "-p", folder])
        machine.run(["mount", "-t", "tmpfs", "-o", f"size={DISK},mode=0700", "bench", folder])
