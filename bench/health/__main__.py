"""`python -m bench.health [NAME...]`: the figures of the probe plane, printed and kept.

Owns the choice of benches and the order they run in.
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
from collections.abc import Callable
from functools import partial

from bench.health.attack import attack
from bench.health.latency import latency
from bench.health.soak import fuzz, idle, soak
from bench.health.startup import startup
from bench.health.table import Report, save
from bench.health.throughput import throughput

Bench = Callable[[], Report]


def benches(*, quick: bool) -> dict[str, Bench]:
    """By name. `quick` shows that they run; its figures are not to be quoted."""
    return {
        "throughput": partial(throughput, *((2, 1) if quick else (7, 1))),
        "attack": partial(attack, 6.0 if quick else 15.0),
        "latency": partial(latency, 50 if quick else 300),
        "startup": partial(startup, 5 if quick else 15),
        "idle": partial(idle, 5.0 if quick else 20.0),
        "soak": partial(soak, 20_000 if quick else 100_000),
        "fuzz": partial(fuzz, 30_000 if quick else 1_000_000),
    }


def main() -> int:
    names = list(benches(quick=False))
    parser = argparse.ArgumentParser(prog="python -m bench.health", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(names)}")
    parser.add_argument("--quick", action="store_true", help="short runs, not to be quoted")
    parser.add_argument(
        "--first",
        action="store_true",
        help="go before other work on a busy machine: nice -20 for every server and client alike",
    )
    chosen = parser.parse_args()
    unknown = set(chosen.names) - set(names)
    if unknown:
        parser.error(f"no such bench: {', '.join(sorted(unknown))}; there are {', '.join(names)}")
    if chosen.first:
        os.setpriority(os.PRIO_PROCESS, 0, -20)
    reports: dict[str, Report] = {}
    for name, bench in benches(quick=chosen.quick).items():
        if chosen.names and name not in chosen.names:
            continue
        print(f"... {name}", file=sys.stderr, flush=True)
        reports[name] = bench()
        print(reports[name].markdown(), flush=True)
    where = save(reports, machine())
    print(f"Kept in {where}", file=sys.stderr)
    return 0 if all(bar.met for report in reports.values() for bar in report.bars) else 1


def machine() -> dict[str, str]:
    return {
        "python": platform.python_version(),
        "kernel": platform.release(),
        "cpus": str(os.cpu_count()),
        "load at the end": " ".join(f"{load:.2f}" for load in os.getloadavg()),
    }


if __name__ == "__main__":
    raise SystemExit(main())
