"""`python -m bench.patching`: an upgrade killed at many points, and what a look costs.

Owns the order of the runs and the bars. Needs root, overlayfs and strace.
"""

from __future__ import annotations

import argparse
import os
import random
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from agent.host.clock import Clock
from agent.host.machine import Host
from agent.layout import Layout
from agent.patching.kept import patches_file, waiting
from agent.patching.packages import find_packages
from bench.health.table import Bar, Report, write
from bench.patching.stage import Point, Struck, points, prepared, strike
from tests.machine import rootfs

SEED = 4


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.patching", description=__doc__)
    parser.add_argument("--points", type=int, default=150, help="kills, spread over all there are")
    parser.add_argument("--quick", action="store_true", help="few kills, not to be quoted")
    parser.add_argument("--look-only", action="store_true", help="only what `os status` costs")
    chosen = parser.parse_args()
    if os.geteuid() != 0:
        parser.error("only root may mount and trace")
    reports = [look()]
    if not chosen.look_only:
        reports.append(kills(6 if chosen.quick else chosen.points))
    return write("patching", reports)


def kills(count: int) -> Report:
    folder = Path(tempfile.mkdtemp(prefix="bench-patching-"))
    try:
        with prepared(rootfs.build("bookworm"), folder) as lower:
            every = points(lower, folder)
            chosen = spread(every, count)
            began = time.monotonic()
            struck = [strike(lower, folder, each) for each in chosen]
            seconds = time.monotonic() - began
    finally:
        shutil.rmtree(folder)
    return told(every, struck, seconds)


def spread(every: list[Point], count: int) -> list[Point]:
    """Every nth point; at every third one only dpkg dies, and the upgrade lives to see it."""
    chosen = sorted(
        random.Random(SEED).sample(every, min(count, len(every))),
        key=every.index,
    )
    return [
        Point(each.run, each.call, each.number, whole=number % 3 != 2)
        for number, each in enumerate(chosen)
    ]


def told(every: list[Point], struck: list[Struck], seconds: float) -> Report:
    hit = [each for each in struck if each.hit]
    wrong = [each for each in hit if each.wrong]
    whole = sum(1 for each in hit if each.point.whole)
    return Report(
        title="An upgrade of the system, killed and run again",
        head=("points there are", "struck", "of them all at once", "dpkg unsound after", "wrong"),
        rows=[
            [
                str(len(every)), str(len(hit)), str(whole),
                str(sum(1 for each in hit if each.wounded)), str(len(wrong)),
            ]
        ],
        bars=[
            Bar("not whole after the second run", len(wrong), 0),
            Bar("kills that struck", len(hit) / max(len(struck), 1), 0.95, least=True),
        ],
        notes=[f"{each.point}: {each.wrong}" for each in wrong]
        + [f"{seconds / max(len(struck), 1):.1f} s a kill with both runs"],
        figures={"points": len(every), "struck": len(hit), "seed": SEED},
    )  # fmt: skip


def look() -> Report:
    """CPU of one `os status` on this machine, as it is, beside apt's own and others' looks."""
    with tempfile.TemporaryDirectory(prefix="bench-patching-") as folder:
        root = _mirror(Path(folder))
        ours = [sys.executable, "-I", "-m", "agent", "os", "status", "--json"]
        # The state below a folder, packages and processes this machine's own.
        known = [sys.executable, "-I", "-m", "agent", "--root", str(root), "os", "status"]
        rows = [
            ("caretaker os status, updates not yet worked out", _cpu(ours)),
            ("caretaker os status, as the daily task left it", _cpu(known)),
            ("apt list --upgradable", _cpu(["apt", "list", "--upgradable"])),
            ("apt-get --simulate upgrade", _cpu(["apt-get", "--simulate", "upgrade"])),
            ("unattended-upgrade --dry-run", _cpu(["unattended-upgrade", "--dry-run"])),
            ("needrestart -b", _cpu(["needrestart", "-b", "-r", "l"])),
        ]
    steady = rows[1][1]
    return Report(
        title="A look at the updates",
        head=("who", "CPU seconds"),
        rows=[[who, f"{cpu:.2f}" if cpu is not None else "not installed"] for who, cpu in rows],
        bars=[Bar("CPU of os status, between two fetches of lists", steady or 99.0, 1.0, "s")],
        figures=dict(rows),
    )


def _mirror(folder: Path) -> Path:
    """A state folder with the record that the daily task would have left, everything else real."""
    host = Host()
    packages = find_packages(host)
    if packages is None:
        raise SystemExit("this machine has neither apt nor dnf")
    layout = Layout(folder)
    layout.state.mkdir(parents=True)
    patches_file(layout).save(waiting(packages, None, Clock().wall()))
    return folder


def _cpu(argv: list[str]) -> float | None:
    """User and system seconds of a program and its children, the least of three."""
    if not (Path(argv[0]).is_absolute() or shutil.which(argv[0])):
        return None
    best = float("inf")
    for _ in range(3):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run(argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        best = min(best, spent)
    return best


if __name__ == "__main__":
    sys.exit(main())
