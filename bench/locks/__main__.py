"""`python -m bench.locks`: contenders race for a stale lock while it is cleared; owners counted.

Owns the order of the runs and the bars. Runs in a pid namespace of its own (root): there are fewer
processes to look at, and nobody else's numbers are used up.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import time
from dataclasses import asdict

from agent.host import holders
from agent.host.holders import Sought
from bench.health.table import Bar, Report, write
from bench.locks.clearers import aside, remedy, unlinking
from bench.locks.stage import Result, dispute

HEAD = (
    "who clears it", "races", "races/s", "killed with it", "cleared", "put back",
    "double owners", "live locks gone",
)  # fmt: skip
RACE = (
    "A race is one process that had the lock: O_EXCL, its number, a moment, unlink; one in ten is "
    "killed with it. The service manager says all along that nobody runs."
)
INSIDE = "--inside"


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.locks", description=__doc__)
    parser.add_argument("--races", type=int, default=100_000)
    parser.add_argument("--peer-races", type=int, default=20_000)
    parser.add_argument("--quick", action="store_true", help="few races, not to be quoted")
    parser.add_argument(INSIDE, action="store_true", help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if os.geteuid() != 0:
        parser.error("only root may look at every process and make a pid namespace")
    if not chosen.inside:
        apart = ["unshare", "--pid", "--fork", "--kill-child", "--mount-proc"]
        argv = [sys.executable, "-m", "bench.locks", *sys.argv[1:], INSIDE]
        return subprocess.run([*apart, *argv]).returncode
    races, theirs = (3_000, 3_000) if chosen.quick else (chosen.races, chosen.peer_races)
    ours = dispute("caretaker", races, remedy)
    peers = [
        dispute("read the pid, kill -0, unlink", theirs, unlinking),
        dispute("rename aside, compare, put back", theirs, aside),
    ]
    return write("locks", [told(ours, peers, one_pass(500))])


def one_pass(processes: int) -> float:
    """Milliseconds of one look at so many processes, the middle of several."""
    sleepers = [subprocess.Popen(["/bin/sleep", "60"]) for _ in range(processes)]
    try:
        sought = Sought(frozenset({(1, 2)}), ("/var/lib",), frozenset())
        took = []
        for _ in range(9):
            began = time.monotonic()
            holders.sweep(sought)
            took.append((time.monotonic() - began) * 1000)
        return statistics.median(took)
    finally:
        for each in sleepers:
            each.kill()
            each.wait()


def told(ours: Result, peers: list[Result], look: float) -> Report:
    alive = ours.missing + ours.outcomes.get("moved alive", 0)
    return Report(
        title="Stale locks, cleared under the hands of contenders",
        head=HEAD,
        rows=[each.row() for each in (ours, *peers)],
        bars=[
            Bar("double owners", ours.double, 0),
            Bar("live locks removed", alive, 0),
            Bar("races of real contenders", ours.races, 100_000, least=True),
        ],
        notes=[
            RACE,
            f"One look at 500 processes takes {look:.0f} ms.",
            f"The remedy took {ours.seconds:.0f} s; {ours.lost:,} contenders waited in vain.",
        ],
        figures={"ours": asdict(ours), "peers": [asdict(each) for each in peers], "look": look},
    )


if __name__ == "__main__":
    raise SystemExit(main())
