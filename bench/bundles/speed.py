"""How long a bundle takes to verify, beside tools that do less."""

from __future__ import annotations

import random
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

from agent.release import source
from agent.release.bundle import open_bundle
from bench.bundles.peer import refreshed
from bench.bundles.shelf import At
from bench.bundles.vendor import Vendor, appliance, members_of
from bench.health.table import Bar, Report

LONGEST = 0.3  # seconds


def measure(vendor: Vendor, scratch: Path, megabytes: int, runs: int) -> Report:
    scratch.mkdir()
    bundle = _large(vendor, megabytes)
    layout = appliance(scratch / "root", vendor.keys)
    members, root = members_of(bundle), vendor.keys.trusted.chain[0]

    def ours() -> None:
        with open_bundle(bundle, layout, At()):
            pass

    def peer() -> None:
        shutil.rmtree(scratch / "peer", ignore_errors=True)
        updater = refreshed(scratch / "peer", members, root)
        for name in ("release.json", "payload.zst"):
            target = updater.get_targetinfo(name)
            assert target is not None
            updater.download_target(target)

    def plain() -> None:
        subprocess.run(["sha256sum", str(bundle)], check=True, capture_output=True)

    def command() -> None:
        words = ["release", "verify", str(bundle), "--root", str(layout.keys / "root.json")]
        argv = [sys.executable, "-m", "agent", *words, "--expired"]
        subprocess.run(argv, check=True, capture_output=True)

    def stage() -> None:
        with open_bundle(bundle, layout, At()) as opened:
            shutil.rmtree(opened.stage(layout.releases))

    rows = {
        "verified: signatures, every hash, names, age": ours,
        "python-tuf's ngclient, both targets fetched": peer,
        "sha256sum of the file": plain,
        "caretaker release verify, the process": command,
        "verified, unpacked, synced and read back": stage,
    }
    report = Report(
        f"A bundle of {bundle.stat().st_size / 1e6:.0f} MB, in memory",
        ("what", "median", "slowest"),
    )
    for name, act in rows.items():
        times = [_timed(act) for _ in range(runs)]
        report.rows.append([name, f"{median(times):.3f} s", f"{max(times):.3f} s"])
        report.figures[name] = {"median": median(times), "slowest": max(times)}
    first = report.figures[next(iter(rows))]["median"]
    report.bars.append(Bar(f"verification of {megabytes} MB", first, LONGEST, "s"))
    return report


def _large(vendor: Vendor, megabytes: int) -> Path:
    """A release whose payload does not compress: some hundred files, as of a Python application."""
    made = vendor.source("2.0")
    dice = random.Random(7)
    for number in range(200):
        content = dice.randbytes(megabytes * 5000)
        (made.payload / f"file-{number}").write_bytes(content)
    again = source.read(made.payload.parent, "2.0", made.record.created)
    return vendor.bundle(again, "large")


def _timed(act: Callable[[], None]) -> float:
    begun = time.perf_counter()
    act()
    return time.perf_counter() - begun
