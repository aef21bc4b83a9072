"""`python -m bench.agent [NAME...]`: what the whole agent costs, and how quick it is.

Owns the choice of benches and the folder they work in, which is gone afterwards.
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
import tempfile
from pathlib import Path

from bench.agent.faults import faults
from bench.agent.idle import PROBES, idle
from bench.agent.starting import starting
from bench.agent.subject import make_python
from bench.health.table import Report, save

NAMES = ("starting", "idle", "faults")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.agent", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(NAMES)}")
    parser.add_argument("--seconds", type=float, default=60.0, help="of rest (%(default)s)")
    parser.add_argument(
        "--runs", type=int, default=10, help="of each start and fault (%(default)s)"
    )
    chosen = parser.parse_args()
    if unknown := set(chosen.names) - set(NAMES):
        parser.error(f"no such bench: {', '.join(sorted(unknown))}")
    reports: dict[str, Report] = {}
    with tempfile.TemporaryDirectory(prefix="caretaker-bench-") as where:
        folder = Path(where)
        python = make_python(folder / "venv")
        for name in chosen.names or NAMES:
            print(f"... {name}", file=sys.stderr, flush=True)
            reports[f"agent {name}"] = report = _run(name, python, folder, chosen)
            print(report.markdown(), flush=True)
    save(reports, {"python": platform.python_version(), "cpus": str(os.cpu_count())})
    return 0 if all(bar.met for report in reports.values() for bar in report.bars) else 1


def _run(name: str, python: str, folder: Path, chosen: argparse.Namespace) -> Report:
    if name == "starting":
        return starting(python, folder, chosen.runs)
    if name == "idle":
        return idle(python, folder, chosen.seconds, probes=PROBES)
    return faults(python, folder, chosen.runs)


if __name__ == "__main__":
    raise SystemExit(main())
