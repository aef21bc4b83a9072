"""`python -m bench.faults`: fault, detected after, mended after, requests lost; in one table.

Each fault strikes a freshly booted machine (systemd in a container) on which `setup.sh` put nginx
and PostgreSQL, with HAProxy before them and a customer who asks through it all the while; then the
same appliance below a folder, run by the agent itself as an ordinary user. Nobody helps. Needs
root, and what the machine tests need; `--embedded-only` needs nginx, PostgreSQL and HAProxy.
"""

from __future__ import annotations

import argparse
import os
import re
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import median
from typing import Protocol

from bench.faults import boots, embedded_faults, faults
from bench.faults.embedded import Embedded
from bench.faults.subject import installed, running
from bench.faults.watch import Watch, watching
from bench.health.table import Bar, Report, write
from tests.machine.machine import Ran

MEND = 5.0  # seconds, median
_HEAD = ("fault", "runs", "detected", "mended: median", "worst", "requests lost", "of", "by")
_LONGEST = 60.0  # seconds until a fault counts as not mended
_UNSEEN = 8.0  # seconds without red after which it was mended unseen, or is none
_STEADY = 1.5  # seconds of green that make it mended


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.faults", description=__doc__)
    parser.add_argument("--runs", type=int, default=3, help="runs of each fault")
    parser.add_argument("--only", default="", metavar="WORDS", help="faults whose name has these")
    parser.add_argument("--show", action="store_true", help="print the ledger after each run")
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--systemd-only", action="store_true", help="not the embedded host")
    which.add_argument("--embedded-only", action="store_true", help="only the embedded host")
    said = parser.parse_args()
    # A bench that is told to end takes with it what it started.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: sys.exit(1))
    reports = []
    with tempfile.TemporaryDirectory(prefix="caretaker-bench-faults-") as scratch:
        if not said.embedded_only:
            with installed(Path(scratch)) as tree:
                reports.append(_on_systemd(tree, said))
                if not said.only:
                    reports.append(boots.measure(tree, said.runs))
        if not said.systemd_only:
            reports.append(_embedded(Path(scratch) / "embedded", said))
    return write("faults", reports)


class Subject(Protocol):
    """What every host can tell of itself."""

    def run(self, argv: list[str], *, check: bool) -> Ran: ...
    def journal(self, *arguments: str, lines: int) -> str: ...


class Fault(Protocol):
    @property
    def name(self) -> str: ...
    @property
    def named(self) -> bool: ...


@dataclass(frozen=True)
class Struck:
    """One subject, ready, watched. `strike` makes the fault."""

    subject: Subject
    watch: Watch
    strike: Callable[[], None]


Ready = Callable[[], AbstractContextManager[Struck]]


def _on_systemd(tree: Path, said: argparse.Namespace) -> Report:
    report = Report("Faults on systemd, and how they were mended", _HEAD)
    for fault in faults.FAULTS:
        if said.only in fault.name:
            _measure(fault, partial(_machine, fault, tree), report, said)
    return report


@contextmanager
def _machine(fault: faults.Fault, tree: Path) -> Iterator[Struck]:
    with running(tree) as machine:
        fault.prepare(machine)
        with watching(machine.leader) as watch:
            yield Struck(machine, watch, partial(fault.strike, machine))


def _embedded(folder: Path, said: argparse.Namespace) -> Report:
    report = Report("Faults without systemd, and how they were mended", _HEAD)
    folder.mkdir()
    folder.parent.chmod(0o755)  # its user is not the one who made it
    place = Embedded(folder)
    try:
        place.set_up()
        for fault in embedded_faults.FAULTS:
            if fault.needs_root and os.geteuid():
                report.notes.append(f"{fault.name}: needs root to mount a small disk")
            elif said.only in fault.name:
                _measure(fault, partial(_place, fault, place), report, said)
    finally:
        place.end()
    return report


@contextmanager
def _place(fault: embedded_faults.Fault, place: Embedded) -> Iterator[Struck]:
    with place.running():
        fault.prepare(place)
        with place.watching() as watch:
            yield Struck(place, watch, partial(fault.strike, place))


def _measure(fault: Fault, ready: Ready, report: Report, said: argparse.Namespace) -> None:
    seen, mended, lost, asked, acts = [], [], 0, 0, set[str]()
    for _ in range(said.runs):
        with ready() as struck:
            subject, watch = struck.subject, struck.watch
            _wait(lambda watch=watch: watch.status() == 200, 30)
            before = len(_ledger(subject))
            time.sleep(1.0)
            begun = time.monotonic()
            struck.strike()
            took = _until_mended(watch, begun)
            down = watch.first(begun, good=False)
            lost, asked = lost + watch.lost, asked + watch.asked
            if took is None:
                report.notes.append(f"{fault.name}: not mended in {_LONGEST:.0f} s")
                print(subject.run(["caretaker", "status"], check=False), file=sys.stderr)
                print(subject.journal("-p", "info", lines=60), file=sys.stderr)
            told = _ledger(subject)[before:]
            acts.update(_act(line) for line in told if "remedy" in line or "restart" in line)
            if said.show:
                print(fault.name, *told, sep="\n  ", file=sys.stderr)
        seen.append(down)
        mended.append(_LONGEST if took is None else took)
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


def _ledger(subject: Subject) -> list[str]:
    return subject.run(["caretaker", "ledger"], check=False).out.splitlines()


def _act(line: str) -> str:
    """`remedy tls web: done` of a line of the ledger, without its date."""
    line = re.sub(r"/\S*/embedded/root", "", line)
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
