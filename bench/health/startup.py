"""From exec to the first answer on the port."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

from bench.health.peers import PLAIN, Peer, ours
from bench.health.server import answers, free_port
from bench.health.table import Bar, Report

_GIVE_UP = 10.0


def startup(runs: int = 15) -> Report:
    report = Report(
        f"Start: exec to the first answer, {runs} runs in turn, ms",
        ("server", "median", "best", "worst"),
    )
    report.notes += [f"{p.name} is missing: {p.install}" for p in PLAIN if p.missing()]
    peers = [ours("quiet"), *(p for p in PLAIN if not p.missing())]
    times: dict[str, list[float]] = {peer.name: [] for peer in peers}
    bare = []
    for _ in range(runs):
        bare.append(_bare())
        for peer in peers:
            times[peer.name].append(_start(peer))
    for name, found in {**times, "(python -I -c pass, start to end)": bare}.items():
        cells = (median(found), min(found), max(found))
        report.rows.append([name, *(f"{cell * 1e3:.1f}" for cell in cells)])
        report.figures[name] = [took * 1e3 for took in found]
    report.bars.append(
        Bar('exec to 503 "starting"', median(times["caretaker"]) * 1e3, 60, "ms"),
    )
    return report


def _start(peer: Peer) -> float:
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="bench-health-") as name:
        os.chmod(name, 0o755)
        command = peer.command(port, Path(name))
        began = time.perf_counter()
        process = subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
        )
        try:
            while time.perf_counter() - began < _GIVE_UP:
                if answers(port, peer.path, timeout=1.0):
                    return time.perf_counter() - began
                time.sleep(0.0002)
            raise RuntimeError(f"{peer.name} did not answer")
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _bare() -> float:
    began = time.perf_counter()
    subprocess.run([sys.executable, "-I", "-c", "pass"], check=True)
    return time.perf_counter() - began
