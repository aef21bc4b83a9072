"""Probes while under attack: 1,000 half-open, 200 idle and 8 slow requests at once.

Owns the siege of each server and what its probes met meanwhile.
"""

from __future__ import annotations

import time
from statistics import median

from bench.health.attackers import HALF_OPEN, IDLE, SLOW, Plan, Toll, besiege
from bench.health.peers import FLASK, PLAIN, Peer, ours
from bench.health.server import Server, answers, memory_kb, running
from bench.health.table import Bar, Report

_EVERY = 0.1
_WARM = 3000  # probes, so that memory has reached its level before it is compared


def attack(seconds: float = 15.0) -> Report:
    report = Report(
        f"Attack: {HALF_OPEN} half-open, {IDLE} idle, {SLOW} slow, for {seconds:g} s",
        ("server", "probes answered", "p50/worst ms", "evicted", "oldest evicted s", "RSS growth"),
    )
    report.notes += [f"{p.name} is missing: {p.install}" for p in PLAIN if p.missing()]
    for peer in (ours("api"), *(p for p in PLAIN if not p.missing())):
        _siege(peer, seconds, report)
    report.notes.append(
        "Slow requests go to the API server beside our probe plane, and to Flask's own; the"
        " others have no slow page. Idle connections that have asked properly are kept on purpose."
    )
    return report


def _siege(peer: Peer, seconds: float, report: Report) -> None:
    is_ours = peer.name == "caretaker"
    with running(peer, cpu=None) as server:
        if is_ours:
            _await(server.port + 1)
            for _ in range(_WARM):
                answers(server.port, peer.path)
        slow_port = server.port + 1 if is_ours else server.port if peer is FLASK else 0
        watched = server.probe_child() if is_ours else max(server.pids(), key=_resident)
        before = _resident(watched)
        crowd, line = besiege(Plan(server.port, peer.path, slow_port, seconds))
        try:
            times, most = _probe(server, seconds, watched)
            toll: Toll = line.recv()
        finally:
            crowd.kill()
            crowd.join()
            line.close()
    good = [took for took in times if took]
    oldest = max(toll.evicted_after, default=0.0)
    growth = (most - before) / 1024
    report.rows.append(
        [
            peer.name,
            f"{len(good)}/{len(times)}",
            f"{median(good) * 1e3:.2f}/{max(good) * 1e3:.2f}" if good else "none",
            f"{len(toll.evicted_after)} of {toll.opened}",
            f"{oldest:.2f}" + (f", {toll.still_open} held" if toll.still_open else ""),
            f"{growth:.1f} MB",
        ]
    )
    report.figures[peer.name] = {
        "probes": len(times),
        "missed": len(times) - len(good),
        "worst_ms": max(good, default=0) * 1e3,
        "oldest_evicted_s": oldest,
        "held_over_5_s": toll.still_open,
        "idle_closed": toll.idle_closed,
        "growth_mb": growth,
    }
    if is_ours:
        report.bars += [
            Bar("attack: probes missed", len(times) - len(good), 0),
            Bar("attack: oldest attacker when evicted", oldest, 5, "s"),
            Bar("attack: attackers held longer than that", toll.still_open, 0),
            Bar("attack: RSS growth", growth, 5, "MB"),
        ]


def _probe(server: Server, seconds: float, watched: int) -> tuple[list[float], float]:
    """Seconds each probe took (0: missed) and the most memory seen."""
    times: list[float] = []
    most = _resident(watched)
    end = time.monotonic() + seconds
    while (began := time.monotonic()) < end:
        came = answers(server.port, server.peer.path, timeout=2.0) == 200
        took = time.monotonic() - began
        times.append(took if came else 0.0)
        most = max(most, _resident(watched))
        time.sleep(max(0.0, _EVERY - took))
    return times, most


def _resident(pid: int) -> int:
    return memory_kb(pid)["Rss"]


def _await(port: int) -> None:
    for _ in range(500):
        if answers(port, "/", timeout=0.2):
            return
        time.sleep(0.01)
    raise RuntimeError(f"nothing came up on port {port}")
