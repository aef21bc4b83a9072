"""How long a probe takes at ten a second, idle and next to checks that burn the CPU.

Owns the client's clock. Servers share one CPU, the client has the other: the hardest case, since a
burning check and the probe child then compete for the same one.
"""

from __future__ import annotations

import contextlib
import gc
import os
import socket
import time
from statistics import median

from bench.health.peers import FLASK, FLASK_BURNING, PLAIN, Peer, ours
from bench.health.quiet import QUIET, Watch, calm
from bench.health.server import Server, running
from bench.health.table import Bar, Report

_A_SECOND = 10
_EVERY = 1 / _A_SECOND
_TRIES = 4
_PATIENCE = 2.0


def latency(probes: int = 300) -> Report:
    report = Report(
        f"Latency: {probes} probes at 10/s, new connection each, ms",
        ("server", "while", "p50", "p99", "worst", "missed"),
    )
    report.notes += [f"{p.name} is missing: {p.install}" for p in PLAIN if p.missing()]
    idle = [ours(), *(p for p in PLAIN if not p.missing())]
    found = _together(idle, probes, report)
    for peer in idle:
        _row(report, peer, "idle", found[peer.name])
    burning = [ours("burn", "hang"), *(() if FLASK.missing() else (FLASK_BURNING,))]
    for peer in burning:
        times = _together([peer], probes, report)[peer.name]
        _row(report, peer, "2 CPU-bound checks" + (", 1 hung" if peer is burning[0] else ""), times)
    figures = report.figures
    report.bars += [
        Bar("p99 at 10 probes/s, idle", figures["caretaker, idle"]["p99"], 2, "ms"),
        Bar(
            "p99 with two CPU-bound checks and one hung",
            figures["caretaker, 2 CPU-bound checks, 1 hung"]["p99"],
            10,
            "ms",
        ),
        Bar("missed", sum(f["missed"] for n, f in figures.items() if "caretaker" in n), 0),
    ]
    return report


def _row(report: Report, peer: Peer, doing: str, times: list[float]) -> None:
    good = sorted(took * 1e3 for took in times if took)
    p99 = good[min(len(good) - 1, int(len(good) * 0.99))]
    missed = len(times) - len(good)
    report.rows.append(
        [peer.name, doing, f"{median(good):.2f}", f"{p99:.2f}", f"{good[-1]:.2f}", str(missed)]
    )
    report.figures[f"{peer.name}, {doing}"] = {
        "p50": median(good),
        "p99": p99,
        "worst": good[-1],
        "missed": missed,
    }


def _together(peers: list[Peer], probes: int, report: Report) -> dict[str, list[float]]:
    """Seconds of each probe (0: missed). All are asked in turn within each tenth of a second.

    Seconds in which strangers used the machine are done again, up to a limit.
    """
    times: dict[str, list[float]] = {peer.name: [] for peer in peers}
    mask = os.sched_getaffinity(0)
    with contextlib.ExitStack() as stack:
        servers = [stack.enter_context(running(peer)) for peer in peers]
        time.sleep(0.5)  # what they still do after their start is not the question
        if 1 in mask:
            os.sched_setaffinity(0, {1})
            stack.callback(os.sched_setaffinity, 0, mask)
        gc.disable()
        stack.callback(gc.enable)
        wanted, tries = probes // _A_SECOND, 0
        noisy: list[tuple[float, dict[str, list[float]]]] = []
        while wanted > 0 and tries < _TRIES * probes // _A_SECOND:
            tries += 1
            foreign, second = _second(servers, tries)
            if foreign >= QUIET:
                noisy.append((foreign, second))
                calm(_PATIENCE)
                continue
            wanted -= 1
            _add(times, second)
        for _, second in sorted(noisy, key=lambda one: one[0])[:wanted]:
            _add(times, second)
    if wanted:
        report.notes.append(
            f"{wanted} of {probes // _A_SECOND} seconds were disturbed: others had over"
            f" {QUIET:.0%} of the machine, however often they were repeated"
        )
    return times


def _second(servers: list[Server], number: int) -> tuple[float, dict[str, list[float]]]:
    """Ten probes to each; what others used meanwhile."""
    watch = Watch(servers)
    times: dict[str, list[float]] = {server.peer.name: [] for server in servers}
    for tenth in range(_A_SECOND):
        began = time.monotonic()
        turn = (number + tenth) % len(servers)
        for server in servers[turn:] + servers[:turn]:
            times[server.peer.name].append(_ask(server))
        time.sleep(max(0.0, _EVERY - (time.monotonic() - began)))
    return watch.foreign(), times


def _add(times: dict[str, list[float]], second: dict[str, list[float]]) -> None:
    for name, more in second.items():
        times[name] += more


def _ask(server: Server) -> float:
    request = f"GET {server.peer.path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n".encode()
    began = time.perf_counter()
    try:
        with socket.create_connection(("127.0.0.1", server.port), timeout=2) as peer:
            peer.sendall(request)
            answer = b""
            while chunk := peer.recv(4096):
                answer += chunk
    except OSError:
        return 0.0
    return time.perf_counter() - began if b" 200 " in answer[:16] else 0.0
