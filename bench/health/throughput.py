"""Requests a second and CPU a request, next to every peer, in interleaved rounds.

Owns the rounds. Machines are noisy and shared: runs that strangers disturbed are repeated, ratios
are taken within a round, where both sides met the same noise, and the median over the rounds is
what counts.
"""

from __future__ import annotations

import contextlib
import shutil
import time
from statistics import median

from bench.health.load import Load, wrk
from bench.health.peers import ALL, FLASK, HAPROXY, MONIT, NGINX, PATRONI, Peer, ours
from bench.health.quiet import QUIET, calm
from bench.health.server import Server, running
from bench.health.table import Bar, Report

_CONNECTIONS = 64
_CLOSE_BARS: tuple[tuple[Peer, float], ...] = (
    (NGINX, 0.8),
    (HAPROXY, 0.8),
    (MONIT, 2.0),
    (PATRONI, 4.0),
    (FLASK, 4.0),
)
_KEEP_BARS: tuple[tuple[Peer, float], ...] = ((NGINX, 0.6),)
_CPU_BAR = 45.0
_TRIES = 6
_PATIENCE = 3.0
_BUDGET = 480.0  # seconds; after that, runs are taken as they come
_COLUMNS = ("us CPU/req", "p50/p99 ms", "rate: ours / it", "CPU: it / ours")

Rounds = dict[str, list[Load]]


def throughput(rounds: int = 7, seconds: int = 1) -> Report:
    us = ours()
    peers = [us, *(peer for peer in ALL if not peer.missing())]
    report = Report(
        f"Throughput: {_CONNECTIONS} clients, {rounds} interleaved rounds of {seconds} s",
        ("server", "close req/s", *_COLUMNS, "keep-alive req/s", *_COLUMNS),
    )
    report.notes += [f"{p.name} is missing: {p.install}" for p in ALL if p.missing()]
    if shutil.which("wrk") is None:
        report.notes.append("wrk is missing: apt-get install wrk")
        report.bars.append(Bar("load generators missing", 1, 0))
        return report
    with contextlib.ExitStack() as stack:
        servers = [stack.enter_context(running(peer)) for peer in peers]
        close, keep = _play(servers, rounds, seconds)
    for peer in peers:
        report.rows.append(
            [peer.name, *_cells(close, peer, us), *_cells(keep, peer, us)],
        )
    report.bars += _bars(close, keep, us)
    for name, results in (("close", close), ("keep_alive", keep)):
        report.figures[name] = {
            peer: [vars(load) for load in loads] for peer, loads in results.items()
        }
    noisy = sum(
        load.foreign >= QUIET for each in (close, keep) for ls in each.values() for load in ls
    )
    report.notes.append(
        f"{noisy} of {2 * rounds * len(peers)} runs were disturbed: others had over {QUIET:.0%}"
        " of the machine"
    )
    busy = median(load.rate * load.cpu / 1e6 for load in close[us.name])
    report.notes.append(
        f"our server used {busy:.0%} of its CPU in the first column: wrk could not send more, so"
        " where that is below 100 % the ratio of rates is the least that is true"
    )
    errors = sum(load.errors for load in close[us.name] + keep[us.name])
    report.bars.append(Bar("our errors under load", errors, 0))
    return report


def _play(servers: list[Server], rounds: int, seconds: int) -> tuple[Rounds, Rounds]:
    close: Rounds = {server.peer.name: [] for server in servers}
    keep: Rounds = {server.peer.name: [] for server in servers}
    end = time.monotonic() + _BUDGET
    for number in range(rounds):
        # Another one begins each round: whoever comes first meets the others' TIME_WAITs less.
        turn = number % len(servers)
        for server in servers[turn:] + servers[:turn]:
            for is_close, results in ((True, close), (False, keep)):
                tries = _TRIES if time.monotonic() < end else 1
                results[server.peer.name].append(_quiet(server, is_close, seconds, tries))
    return close, keep


def _quiet(server: Server, close: bool, seconds: int, tries: int) -> Load:
    """The first undisturbed run, or the least disturbed of a few."""
    loads: list[Load] = []
    for _ in range(tries):
        calm(_PATIENCE if tries > 1 else 0)
        loads.append(wrk(server, close=close, connections=_CONNECTIONS, seconds=seconds))
        if loads[-1].foreign < QUIET:
            break
    return min(loads, key=lambda load: load.foreign)


def ratio(results: Rounds, us: Peer, peer: Peer) -> float:
    pairs = zip(results[us.name], results[peer.name], strict=True)
    return median(mine.rate / its.rate for mine, its in pairs)


def _cells(results: Rounds, peer: Peer, us: Peer) -> list[str]:
    loads = results[peer.name]
    return [
        f"{median(load.rate for load in loads):,.0f}",
        f"{_cpu(loads):.0f}",
        f"{median(load.p50 for load in loads):.2g}/{median(load.p99 for load in loads):.2g}",
        f"{ratio(results, us, peer):.2f}",
        f"{_cpu(loads) / _cpu(results[us.name]):.1f}",
    ]


def _cpu(loads: list[Load]) -> float:
    """Microseconds a request."""
    return median(load.cpu for load in loads)


def _bars(close: Rounds, keep: Rounds, us: Peer) -> list[Bar]:
    bars = [
        Bar(f"close: ours / {peer.name}", ratio(close, us, peer), limit, "x", least=True)
        for peer, limit in _CLOSE_BARS
        if peer.name in close
    ]
    bars += [
        Bar(f"keep-alive: ours / {peer.name}", ratio(keep, us, peer), limit, "x", least=True)
        for peer, limit in _KEEP_BARS
        if peer.name in keep
    ]
    bars.append(Bar("close: CPU a request", _cpu(close[us.name]), _CPU_BAR, "us"))
    return bars
