"""How fast the redactor is, and how much memory it takes: both engines, on the log mix.

    python -m bench.redaction.speed

In processor seconds (user and system), the median of three, of a process of its own.
"""

from __future__ import annotations

import json
import resource
import statistics
import subprocess
import sys
import time
from collections import Counter

from bench.health.table import Bar, Report, write
from bench.redaction.speed_mix import SHARES, mix

_SIZES = {"hyperscan": 20_000_000, "plain": 6_000_000}
_BARS = {"hyperscan": 12.0, "plain": 2.0}
_MEMORY = 100.0  # MB, for the whole tree in a bundle; here the redactor alone
_RUNS = 3
_BLOCK = 1 << 16
_KNOWN = 60  # values, about what an appliance has


def one(engine: str, size: int) -> dict[str, float]:
    """In this process: MB a second, seconds until the first block can come, peak memory."""
    data = mix(size)
    blocks = [data[at : at + _BLOCK] for at in range(0, len(data), _BLOCK)]
    resting = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    begun = time.process_time()
    from support.redact.identities import Identities
    from support.redact.known.values import Known, KnownValues
    from support.redact.redactor import Redactor

    values = KnownValues([Known(b"%032x" % (7919**9 * n), f"value {n}") for n in range(1, _KNOWN)])
    identities = Identities(b"k" * 32)
    for number in range(5):
        identities.learn_host(f"app{number}-eu")
        identities.learn_user(f"person{number}")
    redactor = Redactor(values, identities, engine=engine)  # type: ignore[arg-type]  # checked there
    ready = time.process_time() - begun
    counts: Counter[str] = Counter()
    begun = time.process_time()
    written = sum(map(len, redactor.file("logs/app.log", blocks, counts)))
    seconds = time.process_time() - begun
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return {
        "rate": len(data) / 1e6 / seconds, "ready": ready, "written": written,
        "replaced": counts.total(), "memory": (peak - resting) / 1024,
    }  # fmt: skip


def measured(engine: str) -> dict[str, float]:
    """The median of runs in processes of their own."""
    runs = []
    for _ in range(_RUNS):
        argv = [sys.executable, "-m", __spec__.name, engine, str(_SIZES[engine])]
        done = subprocess.run(argv, capture_output=True, text=True, timeout=600, check=True)
        runs.append(json.loads(done.stdout))
    return {key: statistics.median(run[key] for run in runs) for key in runs[0]}


def report() -> Report:
    shares = ", ".join(f"{share} % {name}" for name, share in SHARES)
    result = Report(
        "Redaction: speed",
        ("engine", "MB per CPU-s", "replaced", "compiling, CPU-s", "MB of memory"),
        notes=[f"{shares}; {_KNOWN - 1} known values; median of {_RUNS}"],
    )  # fmt: skip
    for engine, bar in _BARS.items():
        figures = measured(engine)
        result.figures[engine] = figures
        result.rows.append([
            engine, f"{figures['rate']:.1f}", f"{figures['replaced']:.0f}",
            f"{figures['ready']:.2f}", f"{figures['memory']:.0f}",
        ])  # fmt: skip
        result.bars.append(
            Bar(f"{engine}, all rules", figures["rate"], bar, "MB/CPU-s", least=True)
        )
        result.bars.append(Bar(f"{engine}, memory", figures["memory"], _MEMORY, "MB"))
    return result


if __name__ == "__main__":
    if len(sys.argv) == 3:
        print(json.dumps(one(sys.argv[1], int(sys.argv[2]))))
    else:
        sys.exit(write("redaction-speed", [report()]))
