"""`python -m bench.housekeeping [idle] [--runs N]`: what a housekeeping one-shot costs.

Owns the table: processor time from start to end, of the process and all its children, for each
task of an appliance on which there is nothing to do.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

from agent.deployment import Deployments
from agent.host.clock import Clock
from agent.housekeeping.roll import tasks_of
from agent.layout import Layout
from agent.manifest.reader import parse
from bench.health.table import Bar, Report, write

BAR = 0.35  # seconds of processor
DUE = "--due"

MANIFEST = """\
[appliance]
name = "bench"
version = "1.0"
[tasks.vendors]
calendar = "Mon..Fri *-*-* 03:30 Europe/Berlin"
jitter = "1h"
command = ["true"]
[purge.old]
path = "{data}/tmp"
older_than = "7d"
[logs.app]
files = ["{data}/*.log"]
"""


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.housekeeping", description=__doc__)
    parser.add_argument("names", nargs="*", choices=["idle", []], help="idle, the only one")
    parser.add_argument("--runs", type=int, default=10, help="of each task (%(default)s)")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="caretaker-bench-housekeeping-") as where:
        return write("housekeeping", [idle(Path(where), chosen.runs)])


def idle(root: Path, runs: int) -> Report:
    furnish(root)
    head = ("task", "CPU s, median", "CPU s, most", "wall s, median", "RSS MB")
    report = Report("An idle task, from start to end of its one-shot", head)
    names = [task.name for task in tasks_of(parse(MANIFEST), embedded=True)]
    Cost(root, DUE)  # reckons new tasks from now, so that nothing is due later
    medians = {}
    for name in (DUE, *names):
        costs = [Cost(root, name) for _ in range(runs)]
        cpu, wall = [each.cpu for each in costs], [each.wall for each in costs]
        medians[name] = median(cpu)
        resident = max(each.resident for each in costs) / 1e6
        if any(each.status for each in costs):
            raise SystemExit(f"{name} failed; a broken run is no figure")
        report.rows.append(
            [name, f"{medians[name]:.3f}", f"{max(cpu):.3f}", f"{median(wall):.3f}",
             f"{resident:.1f}"]
        )  # fmt: skip
    worst = max(medians, key=lambda name: medians[name])
    report.figures = {"cpu_seconds": medians, "runs": runs}
    report.bars = [
        Bar(f"processor time of the dearest idle task ({worst})", medians[worst], BAR, "s")
    ]
    report.notes = [f"{runs} runs each, below a root of its own"]
    return report


def furnish(root: Path) -> None:
    """An appliance that was set up, and has nothing to tidy."""
    layout = Layout(root, "bench")
    layout.etc.mkdir(parents=True)
    layout.manifest.write_text(MANIFEST)
    for folder in (layout.agent_state, layout.logs, layout.run, layout.app_run):
        folder.mkdir(parents=True)
    payload = root / "payload"
    payload.mkdir()
    (payload / "program").write_text("nothing\n")
    deployments = Deployments(layout, Clock())
    deployments.deploy(deployments.stage(payload, "1.0"), payload, "1.0")


class Cost:
    """One run of the one-shot: seconds, bytes, and its exit status."""

    def __init__(self, root: Path, name: str) -> None:
        argv = [sys.executable, "-I", "-m", "agent.housekeeping", "--root", str(root), "run", name]
        begun = time.monotonic()
        child = subprocess.Popen(argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        # Of the process and of all its children that were waited for, which all are.
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = self.status = os.waitstatus_to_exitcode(status)
        self.wall = time.monotonic() - begun
        self.cpu = usage.ru_utime + usage.ru_stime
        self.resident = usage.ru_maxrss * 1024


if __name__ == "__main__":
    raise SystemExit(main())
