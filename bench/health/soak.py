"""Long runs against the probe child alone: nothing may grow, nothing may fall over.

Owns three of them: 100,000 probes, a million malformed requests, and doing nothing at all.
"""

from __future__ import annotations

import shutil
import subprocess
import time

from bench.health.fuzz import Outcome, assault
from bench.health.peers import ours
from bench.health.server import Server, answers, descriptors, memory_kb, running, switches
from bench.health.table import Bar, Report

_LEVEL = 20_000  # requests after which memory has reached its level
_NOISE = 0.1  # MB: a page table here, a malloc arena's edge there


def soak(probes: int = 100_000) -> Report:
    """As many probes as one balancer sends in six days, asking every five seconds."""
    report = Report(f"Soak: {probes:,} probes", ("after", "RSS kB", "USS kB", "descriptors"))
    if shutil.which("ab") is None:
        report.notes.append("ab is missing: apt-get install apache2-utils")
        report.bars.append(Bar("load generators missing", 1, 0))
        return report
    with running(ours(), cpu=None) as server:
        _ab(server, _LEVEL)
        before = _state(server)
        failed = _ab(server, probes)
        after = _state(server)
    for name, state in ((f"{_LEVEL:,}", before), (f"{_LEVEL + probes:,}", after)):
        report.rows.append([name, *(str(state[key]) for key in ("Rss", "Uss", "fds"))])
    report.figures = {"before": before, "after": after, "failed": failed}
    report.bars += [
        Bar("soak: RSS growth", (after["Rss"] - before["Rss"]) / 1024, _NOISE, "MB"),
        Bar("soak: descriptors leaked", after["fds"] - before["fds"], 0),
        Bar("soak: failed requests", failed, 0),
    ]
    return report


def fuzz(count: int = 1_000_000) -> Report:
    """A leak grows with every request; what levels off is the allocator's and the cache's room."""
    report = Report(
        f"Fuzz: {count:,} malformed requests, a connection each",
        ("after", "RSS kB", "USS kB", "descriptors"),
    )
    half = count // 2
    states: list[tuple[str, dict[str, int]]] = []
    with running(ours(), cpu=None) as server:
        assault(server.port, min(_LEVEL, count), seed=0)
        pid, began = server.probe_child(), time.monotonic()
        states.append((f"{_LEVEL:,} to warm up", _state(server)))
        total = Outcome()
        for number in (1, 2):
            total.add(assault(server.port, half, seed=number))
            time.sleep(5)  # the last of them expire
            states.append((f"{half * number:,}", _state(server)))
        took = time.monotonic() - began - 10
        crashed = int(server.probe_child() != pid or answers(server.port, "/healthz") != 200)
    for name, state in states:
        report.rows.append([name, *(str(state[key]) for key in ("Rss", "Uss", "fds"))])
    report.notes.append(
        f"{total.refused:,} refused, {total.answered:,} answered, {total.silent:,} closed"
        f" without a word; {count / took:,.0f} a second"
    )
    report.figures = {**dict(states), **vars(total)}
    (_, before), (_, middle), (_, after) = states
    report.bars += [
        Bar("fuzz: crashes", crashed, 0),
        Bar("fuzz: RSS growth in all", (after["Rss"] - before["Rss"]) / 1024, 2, "MB"),
        Bar("fuzz: in the second half", (after["Rss"] - middle["Rss"]) / 1024, _NOISE, "MB"),
        Bar("fuzz: descriptors leaked", after["fds"] - before["fds"], 0),
    ]
    return report


def idle(seconds: float = 20.0) -> Report:
    """Nobody asks; the daemon renews its word every second."""
    report = Report(f"Idle for {seconds:g} s: the probe child", ("RSS", "PSS", "USS", "wakes/s"))
    with running(ours(), cpu=None) as server:
        time.sleep(1)
        child = server.probe_child()
        before = switches(child)
        time.sleep(seconds)
        wakes = (switches(child) - before) / seconds
        memory = memory_kb(child)
    report.rows.append([*(f"{size / 1024:.1f} MB" for size in memory.values()), f"{wakes:.2f}"])
    report.figures = {"memory_kb": memory, "wakes_per_second": wakes}
    report.bars.append(Bar("probe child idle: wake-ups a second", wakes, 0.1))
    return report


def _state(server: Server) -> dict[str, int]:
    child = server.probe_child()
    return {**memory_kb(child), "fds": descriptors(child)}


def _ab(server: Server, count: int) -> int:
    """In the ways balancers ask: new connections, kept ones, HEAD. The number of failures."""
    failed = 0
    for share, options in ((0.6, ()), (0.2, ("-k",)), (0.2, ("-i",))):
        done = subprocess.run(
            [
                *("ab", "-q", "-n", str(int(count * share)), "-c", "8", *options),
                f"http://127.0.0.1:{server.port}/healthz",
            ],
            capture_output=True,
            text=True,
            check=True,
        )
        lines = dict(
            line.split(":", 1) for line in done.stdout.splitlines() if line.count(":") == 1
        )
        failed += int(lines["Failed requests"]) + int(lines.get("Non-2xx responses", 0))
    return failed
