"""The whole sweep: `python -m bench.crash [--every N] [--only operations|bugs]`.

Owns how much of it is run and how it is shown. Rates are of scenarios, each with its recovery, a
re-run and a third run; a scenario of the whole upgrade starts some forty processes.
"""

import argparse
import os
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from bench.crash import start
from bench.crash.bugs import BUGS, Bug
from bench.crash.operation import Job, Tally
from bench.crash.operations import OPERATIONS
from bench.crash.shared import Kind
from bench.health.table import Bar, Report, write

KILL: tuple[Kind, ...] = ("kill",)
TORN: tuple[Kind, ...] = ("torn", "short")
FULL: tuple[Kind, ...] = ("no-space", "disk-full")
BROKEN: tuple[Kind, ...] = ("io-error", "bad-disk")
KINDS = ("kill", "torn", "short", "no-space", "disk-full", "io-error", "bad-disk", "rival",
         "double", "power cut", "ext4 power cut")  # fmt: skip
WHOLE = "whole upgrade"
SLOW = {WHOLE: 12, "restore": 3}  # scenarios of these take up to a second each: fewer points
CUTS = 240  # disks of each operation
BLOCKS = 120  # of a real ext4


def main() -> int:
    words = argparse.ArgumentParser(prog="python -m bench.crash", description=__doc__)
    words.add_argument("--every", type=int, default=1, help="each so manieth point only")
    words.add_argument("--only", choices=("operations", "bugs"), default="")
    chosen = words.parse_args()
    reports = []
    if chosen.only != "bugs":
        reports.append(_operations(chosen.every))
    if chosen.only != "operations":
        reports.append(_bugs(max(2, chosen.every)))
    return write("crash", reports)


def _jobs(operation: str, every: int) -> list[Job]:
    slow = SLOW.get(operation, 1)
    step = every * slow
    jobs = [Job(operation, kinds=kinds, every=step) for kinds in (KILL, TORN, FULL, BROKEN)]
    doubles = max(3, 40 // step)
    jobs.append(Job(operation, rivals=step * 4, doubles=doubles, seconds=8))
    disks = BLOCKS if operation == "upgrade" else 0
    return [*jobs, Job(operation, cuts=CUTS // slow, blocks=disks)]


def _operations(every: int) -> Report:
    jobs = [job for one in OPERATIONS for job in _jobs(one.name, every)]
    begun = time.monotonic()
    tallies = [each for found in _at_once(jobs) for each in found]
    seconds = time.monotonic() - begun
    report = Report("Crash points", head=("operation", *KINDS, "violations"))
    for one in OPERATIONS:
        mine = [each for each in tallies if each.operation == one.name]
        found = sum(len(each.violations) for each in mine)
        cells = [str(sum(t.scenarios for t in mine if t.kind == kind)) for kind in KINDS]
        report.rows.append([one.name, *cells, str(found)])
    _bars(report, tallies, seconds)
    return report


def _bars(report: Report, tallies: Sequence[Tally], seconds: float) -> None:
    total = sum(each.scenarios for each in tallies)
    cuts = sum(each.scenarios for each in tallies if each.kind.endswith("power cut"))
    violations = [text for each in tallies for text in each.violations]
    quick = [each for each in tallies if each.operation != WHOLE]
    rate = sum(t.scenarios for t in quick) / max(1e-9, sum(t.seconds for t in quick))
    report.bars = [
        Bar("violations", len(violations), 0),
        Bar("power cuts", cuts, 1000, least=True),
    ]
    report.notes.append(
        f"{total} scenarios in {seconds:.0f} s on {os.cpu_count()} cores (load "
        f"{os.getloadavg()[1]:.1f}); {rate:.0f} a second and worker, the whole upgrade left out"
    )
    report.notes += [text.replace("\n", " ")[:400] for text in violations[:20]]
    report.figures = {
        "scenarios": total, "power_cuts": cuts, "violations": len(violations),
        "seconds": round(seconds, 1), "rate": round(rate, 1),
    }  # fmt: skip


def _bugs(every: int) -> Report:
    head = ("seeded bug", "operation", *KINDS, "without any")
    report = Report("The harness bites", head=head)
    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        rows = list(pool.map(lambda bug: _hunted(bug, every), BUGS))
    report.rows = rows
    caught = sum("found" in row for row in rows)
    report.bars = [
        Bar("seeded bugs", len(BUGS), 20, least=True),
        Bar("of them caught", caught, len(BUGS), least=True),
    ]
    report.figures = {"bugs": len(BUGS), "caught": caught}
    report.notes.append("`–`: that kind of fault does not show it; kills alone miss the syncs")
    return report


def _hunted(bug: Bug, every: int) -> list[str]:
    """The bug's row: by which kinds of fault it was found."""
    kills = Job(bug.operation, kinds=KILL, every=5, bug=bug.name, stop_at=1)
    rest = Job(
        bug.operation, kinds=("torn", "short", "no-space", "io-error"), every=every + 3,
        rivals=16, doubles=5, seconds=3, cuts=100, blocks=_blocks(bug), bug=bug.name, stop_at=1,
    )  # fmt: skip
    try:
        tallies = start.run(kills)
        if not tallies[0].violations:  # a window of one call is met only by who tries each
            tallies = start.run(replace(kills, every=1))
        tallies += start.run(rest)
    except RuntimeError as error:
        if "undisturbed" not in str(error):
            raise
        return [bug.name, bug.operation, *("" for _ in KINDS), "found"]
    found = {each.kind for each in tallies if each.violations}
    tried = {each.kind for each in tallies}
    cells = ["found" if kind in found else "–" if kind in tried else "" for kind in KINDS]
    return [bug.name, bug.operation, *cells, ""]


def _blocks(bug: Bug) -> int:
    """Real disks take their time: for the bugs that are about them."""
    return 40 if "sync" in bug.name else 0


def _at_once(jobs: Sequence[Job]) -> list[list[Tally]]:
    done = 0

    def told(job: Job) -> list[Tally]:
        nonlocal done
        found = start.run(job)
        done += 1
        print(f"{done} of {len(jobs)}: {job.operation}", file=sys.stderr)
        for text in (text for each in found for text in each.violations[:3]):
            print(f"    {text[:300]}", file=sys.stderr)
        return found

    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        return list(pool.map(told, jobs))


if __name__ == "__main__":
    sys.exit(main())
