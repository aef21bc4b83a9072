"""`python -m bench.upgrade`: how long a customer who asks ten times a second gets no answer.

SochDB 0.8.1 to 0.8.3 with 1 GB of rows, and Ledgerbook 1.0 to 2.0 with both of its migrations, each
on real systemd with its data on XFS, behind HAProxy; upgraded, rolled back, and forward again. What
counts is the customer's gap: from the last good answer to the next. Needs root, and what the
machine tests need.
"""

from __future__ import annotations

import argparse
import json
import signal
import statistics
import sys
from collections.abc import Callable
from dataclasses import dataclass

from bench.faults.watch import PROBE, ask
from bench.health.table import Bar, Report, write
from bench.upgrade import subjects
from bench.upgrade.phases import Phase, phases
from bench.upgrade.poller import polling
from bench.upgrade.subjects import Subject

_LIMIT = 3.0  # seconds
_WAIT = 180.0  # seconds for one change


@dataclass(frozen=True)
class Seen:
    """One change. Seconds; `probe` is what /healthz said: 200, 503, 200."""

    gap: float
    probe: float
    printed: float
    missed: int
    phases: list[Phase]
    answers: list[int]


_FIGURES: tuple[tuple[str, Callable[[Seen], float]], ...] = (
    ("customer at 10 Hz: the gap", lambda seen: seen.gap),
    ("probe: 503 for", lambda seen: seen.probe),
    ("printed: stop to first good verdict", lambda seen: seen.printed),
)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.upgrade", description=__doc__)
    parser.add_argument("--megabytes", type=int, default=1000, help="of SochDB's data")
    parser.add_argument("--runs", type=int, default=3, help="of each change; the median counts")
    parser.add_argument("--only", choices=("sochdb", "ledgerbook"), help="one of them")
    said = parser.parse_args()
    # A bench that is told to end takes with it what it started.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: sys.exit(1))
    subjects.tidy()
    reports = []
    if said.only != "ledgerbook":
        for rows in (said.megabytes // 20, said.megabytes):
            title = f"SochDB 0.8.1 to 0.8.3, {rows} MB of {said.megabytes} MB as rows"
            with subjects.sochdb_with_data(rows, said.megabytes - rows) as subject:
                reports.append(_measure(title, subject, said.runs, bar=True))
    if said.only != "sochdb":
        with subjects.ledgerbook_with_data() as subject:
            reports.append(_measure("Ledgerbook 1.0 to 2.0", subject, said.runs, bar=False))
    return write("upgrade", reports)


def _measure(title: str, subject: Subject, runs: int, *, bar: bool) -> Report:
    up, back = [], []
    for _ in range(runs):
        up.append(_change(subject, "upgrade", subject.bundle))
        back.append(_change(subject, "rollback", "--accept-data-loss"))
    report = Report(title, ("", "upgrade", "rollback"))
    for words, figure in _FIGURES:
        report.rows.append(
            [words, *(_spread([figure(each) for each in all_]) for all_ in (up, back))]
        )
    names = dict.fromkeys(each.name for seen in (*up, *back) for each in seen.phases)
    for name in names:
        report.rows.append([name, *(_phase(name, all_) for all_ in (up, back))])
    if bar:
        gap = statistics.median(each.gap for each in up)
        report.bars.append(Bar("gap of an upgrade", gap, _LIMIT, "s"))
        own = max(0.0, gap - subject.opening)
        report.rows.append(
            ["the gap less what the server needs to open its log", f"{own:.2f} s", ""]
        )
    report.notes.append(f"data: {subject.data}")
    report.notes.append("median (worst); * while the old version still serves, or the new one does")
    odd = [each.answers for each in (*up, *back) if each.answers != [200, 503, 200]]
    if odd:
        report.notes.append(f"**the probe also said: {odd}**")
    report.figures = {
        "upgrade": [_figures(each) for each in up],
        "rollback": [_figures(each) for each in back],
        "data": subject.data,
    }
    return report


def _change(subject: Subject, verb: str, word: str) -> Seen:
    machine, statuses = subject.machine, list[int]()

    def probe() -> bool:
        statuses.append(ask(PROBE, "/healthz"))
        return statuses[-1] == 200

    with polling(machine.leader, subject.answers, probe) as (customer, prober):
        machine.run(["sleep", "1"])
        told = machine.run(["caretaker", verb, word, "--yes", "--json"], timeout=_WAIT)
        machine.run(["sleep", "1"])
    outcome = json.loads(told.out.splitlines()[-1])["outcome"]
    changed = [now for was, now in zip([0, *statuses], statuses, strict=False) if was != now]
    return Seen(
        gap=customer.gap(),
        probe=prober.gap(),
        printed=float(outcome["downtime"]),
        missed=customer.missed(),
        phases=phases(machine),
        answers=changed,
    )


def _spread(figures: list[float]) -> str:
    return f"{statistics.median(figures):.2f} s ({max(figures):.2f})"


def _phase(name: str, all_: list[Seen]) -> str:
    found = [each for seen in all_ for each in seen.phases if each.name == name]
    if not found:
        return ""
    return _spread([each.seconds for each in found]) + ("" if found[0].down else " *")


def _figures(seen: Seen) -> dict[str, object]:
    steps = {each.name: round(each.seconds, 3) for each in seen.phases}
    return {
        "gap": seen.gap, "probe": seen.probe, "printed": seen.printed, "missed": seen.missed,
        "phases": steps,
    }  # fmt: skip


if __name__ == "__main__":
    raise SystemExit(main())
