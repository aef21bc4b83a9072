"""`python -m bench.purge [--files N] [--on ext4|tmpfs]`: purge beside `find -delete`.

Owns the table. Both empty the same tree, made anew for each, on a file system of its own; then
writers race a purge of old files, and each counts what it lost.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from statistics import median

from bench.health.table import Bar, Report, write
from bench.purge import grove
from bench.purge.writers import race

ROUNDS = 3


def beside_find(files: int, where: Path, kind: str) -> Report:
    report = Report(
        f"{files:,} files of {len(grove.CONTENT)} bytes on {kind}",
        (
            "run",
            "find, s",
            "ours, s",
            "ratio",
            "find, CPU s",
            "ours, CPU s",
            "ours, RSS MB",
            "said",
        ),
    )
    ratios, costs, resident = [], [], 0
    for number in range(ROUNDS):
        # In turns, so that neither always meets the fresh file system.
        order = (grove.find, grove.ours) if number % 2 == 0 else (grove.ours, grove.find)
        done = {}
        for empty in order:
            top = where / "tree"
            grove.grow(top, files)
            done[empty] = empty(top)
            left = len(list(top.iterdir()))
            if left:
                raise SystemExit(f"{left} folders were left")
            top.rmdir()
        theirs, mine = done[grove.find], done[grove.ours]
        ratios.append(mine.wall / theirs.wall)
        costs.append(mine.cpu / theirs.cpu)
        resident = max(resident, mine.resident)
        row = (
            *(theirs.wall, mine.wall, ratios[-1]),
            *(theirs.cpu, mine.cpu, mine.resident / 1e6),
        )
        report.rows.append([str(number + 1), *(f"{each:.2f}" for each in row), mine.said])
    report.figures = {"files": files, "on": kind, "ratios": ratios}
    report.bars = [
        Bar("purge beside find -delete, median run", median(ratios), 2.0, "times"),
        Bar("the same, processor time", median(costs), 2.0, "times"),
        Bar("purge, resident", resident / 1e6, 80.0, "MB"),
    ]
    return report


def with_writers(where: Path, seconds: float) -> Report:
    done = race(where / "race", seconds)
    report = Report("writers racing a purge, in the same folders, for the same names")
    report.notes = [
        f"{done.written:,} writes by {done.writers} writers in {seconds:g} s",
        f"{done.purges:,} purges took {done.gone:,} old files and gave {done.returned:,} back",
    ]
    report.bars = [
        Bar("young files lost", done.lost, 0, "files"),
        Bar("old files that went meanwhile", done.gone, 1, "files", least=True),
    ]
    return report


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=1_000_000)
    parser.add_argument("--on", choices=("ext4", "tmpfs"), default="ext4")
    parser.add_argument("--seconds", type=float, default=30.0, help="of the race")
    given = parser.parse_args()
    made = grove.ext4 if given.on == "ext4" else grove.tmpfs
    with made(given.files) as where:
        reports = [
            beside_find(given.files, where, given.on),
            with_writers(where, given.seconds),
        ]
    return write("purge", reports)


if __name__ == "__main__":
    sys.exit(main())
