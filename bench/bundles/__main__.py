"""`python -m bench.bundles`: bad bundles by the thousand, power cuts, and how fast a good one is.

Every bad bundle is offered to an appliance as an upgrade would be; the peer for power cuts and for
speed is python-tuf's own client, beside plain sha256sum.
"""

import argparse
import sys
import tempfile
from collections import Counter
from pathlib import Path

from bench.bundles.cuts import cut_power
from bench.bundles.judge import verdict
from bench.bundles.mutants import mutants
from bench.bundles.shelf import Shelf, open_shelf
from bench.bundles.speed import measure
from bench.health.table import Bar, Report, write


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.bundles", description=__doc__)
    parser.add_argument("--mutants", type=int, default=10_000, help="bad bundles")
    parser.add_argument("--seed", type=int, default=1, help="of their dice")
    parser.add_argument(
        "--megabytes", type=int, default=50, help="size of the bundle that is timed"
    )
    parser.add_argument("--runs", type=int, default=9, help="runs of each; the median counts")
    said = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="caretaker-bench-bundles-") as scratch:
        shelf = open_shelf(Path(scratch) / "shelf")
        reports = [
            _offer(shelf, Path(scratch), said.mutants, said.seed),
            cut_power(shelf, Path(scratch) / "cuts"),
            measure(shelf.vendor, Path(scratch) / "speed", said.megabytes, said.runs),
        ]
        return write("bundles", reports)


def _offer(shelf: Shelf, scratch: Path, count: int, seed: int) -> Report:
    report = Report("Bad bundles", ("kind", "offered", "refused", "accepted", "crashed"))
    told: dict[str, Counter[str]] = {}
    for mutant in mutants(shelf, count, seed):
        found = verdict(mutant.content, shelf.layout, scratch)
        word = found.split()[0]
        told.setdefault(mutant.kind, Counter())[word] += 1
        if word != "refused":
            report.notes.append(f"{mutant.kind}: {mutant.what}: {found}")
    for kind, each in sorted(told.items()):
        figures = (each.total(), each["refused"], each["ACCEPTED"], each["CRASHED"])
        report.rows.append([kind, *map(str, figures)])
    total = sum(told.values(), Counter[str]())
    good = verdict(shelf.good.read_bytes(), shelf.layout, scratch)
    report.notes.append(f"the bundle that they were made of, offered last: {good}")
    report.figures = {kind: dict(each) for kind, each in told.items()}
    report.bars += [
        Bar("bad bundles offered", total.total(), count, least=True),
        Bar("accepted", total["ACCEPTED"], 0),
        Bar("crashes", total["CRASHED"], 0),
        Bar("the good one accepted", int(good.startswith("ACCEPTED")), 1, least=True),
    ]
    return report


if __name__ == "__main__":
    sys.exit(main())
