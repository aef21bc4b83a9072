"""From exec to the first answer, and to the first verdict.

Owns the stopwatch, which runs from before the fork of the daemon, so the start of Python counts.
"""

from __future__ import annotations

import statistics
from pathlib import Path

from agent.daemon import early
from bench.agent.subject import SERVICE, Subject, every_type, link_certificate
from bench.checks import world
from bench.health.table import Bar, Report

PORT, VERDICT = 60.0, 1.0


def starting(python: str, folder: Path, runs: int) -> Report:
    report = Report("Starting", ("ms from exec", "to port", "to first verdict", "to 200"))
    with world() as at:
        root = folder / "start"
        link_certificate(root, at["root"])
        subject = Subject(python, root, every_type(at), services=SERVICE)
        _once(subject)  # warms the disk cache, as the boot before it does
        first = [_once(subject, forget=True) for _ in range(runs)]
        later = [_once(subject) for _ in range(runs)]
    for name, seen in (("first start", first), ("every other start", later)):
        columns = [list(each) for each in zip(*seen, strict=True)]
        for word, choose in (("median", statistics.median), ("worst", max)):
            row = [f"{choose(column) * 1e3:.0f}" for column in columns]
            report.rows.append([f"{name}, {word}", *row])
        report.figures[name] = columns
        ports, verdicts, _ = columns
        report.bars += [
            Bar(f"{name}: exec to port, median", statistics.median(ports) * 1e3, PORT, "ms"),
            Bar(f"{name}: exec to first verdict, worst", max(verdicts), VERDICT, "s"),
        ]
    report.notes.append("First start: nothing was noted by an earlier one yet.")
    return report


def _once(subject: Subject, *, forget: bool = False) -> tuple[float, float, float]:
    if forget:
        (subject.root / early.NOTE).unlink()
    with subject.running():
        port = subject.wait(503, step=0.0005)
        verdict = subject.wait_decided()
        return port, verdict, subject.wait(200)
