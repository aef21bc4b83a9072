"""Doing nothing: memory, processor and wakeups of the whole agent, every type of check enabled.

Owns the waiting and the sums. The daemon, its probe child and what they spawn are counted; the
service it keeps and the servers it looks at are not.
"""

from __future__ import annotations

import socket
import time
from pathlib import Path

from bench.agent import meters
from bench.agent.subject import SERVICE, Subject, every_type, link_certificate
from bench.checks import world
from bench.health.table import Bar, Report

PROBES = 100_000
RSS, PSS, WAKEUPS, CORE = 42.0, 32.0, 1.0, 0.3


def idle(python: str, folder: Path, seconds: float, *, probes: int) -> Report:
    report = Report(
        "The agent at rest",
        ("appliance", "RSS MB", "PSS MB", "PSS alone MB", "threads", "% of a core", "wakeups/s"),
    )
    with world() as at:
        link_certificate(folder / "plain", at["root"])
        plain = Subject(python, folder / "plain", every_type(at), services=SERVICE)
        with plain.running():
            _row(report, "every type of check, every 10 s", plain, seconds, bars=True)
            _growth(report, plain, probes)
        link_certificate(folder / "tls", at["root"])
        checks = every_type(at, tls=True)
        with Subject(python, folder / "tls", checks, services=SERVICE).running() as tls:
            _row(report, "the same, http and grpc over TLS", tls, seconds / 2)
        link_certificate(folder / "rare", at["root"])
        rare = Subject(python, folder / "rare", every_type(at, every="1h"), services=SERVICE)
        with rare.running():
            beside = _row(report, "the same, once an hour", rare, seconds / 2)
            report.bars.append(Bar("wakeups besides checks", beside, WAKEUPS, "/s"))
    report.notes += [
        "RSS and PSS: daemon and probe child, summed. PSS alone: as if no other Python ran here.",
        f"Measured over {seconds:.0f} s, from {min(10.0, seconds / 2):.0f} s after the first 200.",
    ]
    return report


def _row(
    report: Report, name: str, subject: Subject, seconds: float, *, bars: bool = False
) -> float:
    subject.wait(200)
    time.sleep(min(10.0, seconds / 2))
    pids = [subject.pid, subject.child]
    spent, woken, begun = _spent(pids), _woken(pids), time.monotonic()
    time.sleep(seconds)
    wall = time.monotonic() - begun
    subject.must_live()
    core = (_spent(pids) - spent) / wall * 100
    wakeups = _difference(woken, _woken(pids)) / wall
    rss = sum(meters.resident(pid) for pid in pids)
    pss, alone = sum(meters.proportional(pid) for pid in pids), meters.alone(pids)
    threads = sum(meters.threads(pid) for pid in pids)
    report.rows.append(
        [name, f"{rss:.1f}", f"{pss:.1f}", f"{alone:.1f}", str(threads), f"{core:.3f}",
         f"{wakeups:.2f}"]
    )  # fmt: skip
    report.figures[name] = {
        "rss": rss, "pss": pss, "alone": alone, "core": core, "wakeups": wakeups,
        "child_rss": meters.resident(pids[1]), "threads": threads,
    }  # fmt: skip
    if bars:
        report.bars += [
            Bar("RSS, summed", rss, RSS, "MB"),
            Bar("PSS, as if alone", alone, PSS, "MB"),
            Bar("processor at rest", core, CORE, "% of a core"),
        ]
    return wakeups


def _growth(report: Report, subject: Subject, probes: int) -> None:
    pids = [subject.pid, subject.child]
    before = [meters.resident(pid) for pid in pids]
    request = b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n"
    with socket.create_connection(("127.0.0.1", subject.port)) as balancer:
        for _ in range(probes):
            balancer.sendall(request)
            if not balancer.recv(4096).startswith(b"HTTP/1.1 200"):
                raise RuntimeError("a probe was not answered with 200")
    grown = [meters.resident(pid) - was for pid, was in zip(pids, before, strict=True)]
    report.bars.append(Bar(f"growth over {probes:,} probes", sum(grown), 0.5, "MB"))


def _spent(pids: list[int]) -> float:
    return sum(meters.processor(pid) for pid in pids)


def _woken(pids: list[int]) -> dict[str, int]:
    return {task: count for pid in pids for task, count in meters.wakeups(pid).items()}


def _difference(before: dict[str, int], after: dict[str, int]) -> int:
    """Of threads that were there all the time; those made for one look are the look's."""
    return sum(count - before[task] for task, count in after.items() if task in before)
