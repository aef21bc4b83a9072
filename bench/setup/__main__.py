"""`python -m bench.setup`: second run, plan, and the kill points, printed and kept.

Runs in a temporary folder with a copy of the checkout and a tiny appliance, needs strace, and
takes the libraries from the index, or from a folder of wheels (`--wheelhouse DIR`).
"""

import argparse
import sys
import tempfile
from pathlib import Path

from bench.health.table import Bar, Report, write
from bench.setup.arena import Arena, arena
from bench.setup.sweep import sweep_environment, sweep_steps
from bench.setup.timing import timing


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.setup", description=__doc__)
    parser.add_argument("--points", type=int, default=200, help="kill points in all")
    parser.add_argument("--runs", type=int, default=15, help="second runs that are timed")
    parser.add_argument("--wheelhouse", help="folder of wheels")
    said = parser.parse_args()
    extra = ("--offline", "--wheelhouse", said.wheelhouse) if said.wheelhouse else ()
    with tempfile.TemporaryDirectory(prefix="caretaker-bench-") as scratch:
        with arena(Path(scratch) / "timing", *extra) as place:
            reports = [timing(place, said.runs)]
        with arena(Path(scratch) / "sweep", *extra) as place:
            reports.append(killed(place, said.points))
    return write("setup", reports)


def killed(place: Arena, points: int) -> Report:
    """A tenth of the points while the private environment is made, the rest in the steps."""
    early = max(1, points // 10)
    steps = sweep_steps(place, points - early, _progress)
    environment = sweep_environment(place, early, _progress)
    print(file=sys.stderr)
    report = Report(
        "Setup killed with -9, then run again", ("killed", "points", "slowest next run")
    )
    for name, each in (
        (f"before one of {steps.moments} state-changing calls", steps),
        ("at a moment from nothing to healthy", environment),
    ):
        report.rows.append([name, str(each.killed), f"{max(each.seconds):.2f} s"])
    failures = [*steps.failures, *environment.failures]
    done = steps.killed + environment.killed
    report.bars += [
        Bar("points from which the next run did not converge", float(len(failures)), 0),
        Bar("points at which it was killed", float(done), float(points), least=True),
    ]
    report.notes += failures
    report.figures = {"points": done, "moments": steps.moments, "failures": failures}
    return report


def _progress(text: str) -> None:
    print(f"\r{text}   ", end="", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
