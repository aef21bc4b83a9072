"""From exec to the first answer, and to the first verdict.

Owns the stopwatch, which runs from before the fork of the daemon, so the start of Python counts.
"""

from __future__ import annotations

import statistics
from pathlib import Path

from bench.agent.subject import SERVICE, Subject, every_type, link_certificate
from bench.checks import world
from bench.health.table import Bar, Report

PORT, VERDICT = 60.0, 1.0


def starting(python: str, folder: Path, runs: int) -> Report:
    report = Report("Starting", ("", "median", "worst"))
    with world() as at:
        root = folder / "start"
        link_certificate(root, at["root"])
        subject = Subject(python, root, every_type(at), services=SERVICE)
        first = _once(subject)
        later = [_once(subject) for _ in range(runs)]
    ports, verdicts, greens = (list(each) for each in zip(*later, strict=True))
    for name, seen in (("port", ports), ("first verdict", verdicts), ("first 200", greens)):
        report.rows.append(
            [
                f"exec to {name}, ms",
                f"{statistics.median(seen) * 1e3:.0f}",
                f"{max(seen) * 1e3:.0f}",
            ]
        )
        report.figures[name] = seen
    names = ("port", "verdict", "200")
    shown = ", ".join(f"{name} {at * 1e3:.0f} ms" for name, at in zip(names, first, strict=True))
    report.notes.append(f"Very first start, without what an earlier one noted: {shown}.")
    report.bars += [
        Bar("exec to port answering, median", statistics.median(ports) * 1e3, PORT, "ms"),
        Bar("exec to port answering, very first start", first[0] * 1e3, PORT, "ms"),
        Bar("exec to first verdict, worst", max(verdicts), VERDICT, "s"),
    ]
    return report


def _once(subject: Subject) -> tuple[float, float, float]:
    with subject.running():
        port = subject.wait(503, step=0.0005)
        verdict = subject.wait_decided()
        return port, verdict, subject.wait(200)
