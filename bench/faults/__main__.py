"""`python -m bench.faults`: fault, detected after, mended after, requests lost; in one table.

Each fault strikes a freshly booted machine (systemd in a container) on which `setup.sh` put nginx
and PostgreSQL, with HAProxy before them and a customer who asks through it all the while. Nobody
helps. Needs root, and what the machine tests need.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

from bench.faults import boots
from bench.faults.faults import FAULTS, Fault
from bench.faults.subject import installed, running
from bench.faults.watch import Watch, watching
from bench.health.table import Bar, Report, write

MEND = 5.0  # seconds, median
_LONGEST = 60.0  # seconds until a fault counts as not mended
_UNSEEN = 8.0  # seconds without red after which it was mended unseen, or is none
_STEADY = 1.5  # seconds of green that make it mended


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.faults", description=__doc__)
    parser.add_argument("--runs", type=int, default=3, help="runs of each fault")
    parser.add_argument("--only", default="", metavar="WORDS", help="faults whose name has these")
    parser.add_argument("--show", action="store_true", help="print the ledger after each run")
    said = parser.parse_args()
    chosen = [fault for fault in FAULTS if said.only in fault.name]
    head = ("fault", "runs", "detected", "mended: median", "worst", "requests lost", "of", "by")
    report = Report("Faults on systemd, and how they were mended", head)
    with (
        tempfile.TemporaryDirectory(prefix="caretaker-bench-faults-") as scratch,
        installed(Path(scratch)) as tree,
    ):
        for fault in chosen:
            _strike(fault, tree, said.runs, report, show=said.show)
        reports = [report] if said.only else [report, boots.measure(tree, said.runs)]
    return write("faults", reports)


def _strike(fault: Fault, tree: Path, runs: int, report: Report, *, show: bool) -> None:
    seen, mended, lost, asked, acts = [], [], 0, 0, set[str]()
    for _ in range(runs):
        with running(tree) as machine:
            fault.prepare(machine)
            with watching(machine.leader) as watch:
                _wait(lambda watch=watch: watch.status() == 200, 30)
                time.sleep(1.0)
                begun = time.monotonic()
                fault.strike(machine)
                took = _until_mended(watch, begun)
                down = watch.first(begun, good=False)
            if took is None:
                report.notes.append(f"{fault.name}: not mended in {_LONGEST:.0f} s")
                print(machine.run(["caretaker", "status"], check=False), file=sys.stderr)
                print(machine.journal("-p", "info", lines=60), file=sys.stderr)
            told = machine.run(["caretaker", "ledger"], check=False).out.splitlines()
            acts.update(_act(line) for line in told if "remedy" in line or "restart" in line)
            if show:
                print(fault.name, *told, sep="\n  ", file=sys.stderr)
            seen.append(down)
            mended.append(_LONGEST if took is None else took)
            lost, asked = lost + watch.lost, asked + watch.asked
    _tell(fault, report, seen, mended, lost, asked, acts)


def _until_mended(watch: Watch, begun: float) -> float | None:
    """Seconds from the fault to the green that lasts; 0.0 where it was never red."""
    while (now := time.monotonic()) - begun < _LONGEST:
        changes = [(at, status) for at, status in watch.healthz if at >= begun]
        if not changes and now - begun > _UNSEEN:
            return 0.0
        if changes and changes[-1][1] == 200 and now - changes[-1][0] > _STEADY:
            return changes[-1][0] - begun
        time.sleep(0.05)
    return None


def _tell(
    fault: Fault,
    report: Report,
    seen: list[float | None],
    mended: list[float],
    lost: int,
    asked: int,
    acts: set[str],
) -> None:
    noticed = [each for each in seen if each is not None]
    report.rows.append(
        [
            fault.name,
            str(len(mended)),
            f"{median(noticed):.2f} s" if noticed else "never red",
            f"{median(mended):.2f} s" if noticed else "-",
            f"{max(mended):.2f} s" if noticed else "-",
            str(lost),
            str(asked),
            ", ".join(sorted(acts)) or "-",
        ]
    )
    print(*report.rows[-1], sep=" | ", file=sys.stderr)
    report.figures[fault.name] = {"detected": seen, "mended": mended, "lost": lost, "asked": asked}
    if fault.named:
        report.bars.append(Bar(f"{fault.name}: mended, median", median(mended), MEND, "s"))
    report.bars.append(
        Bar(f"{fault.name}: not mended", float(sum(each >= _LONGEST for each in mended)), 0)
    )


def _act(line: str) -> str:
    """`remedy tls web: done` of a line of the ledger, without its date."""
    return " ".join(line.split()[2:]).partition(" – ")[0].partition(" in ")[0]


def _wait(happened: object, seconds: float) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if callable(happened) and happened():
            return
        time.sleep(0.05)
    raise SystemExit("the appliance was not healthy before the fault")


if __name__ == "__main__":
    sys.exit(main())
