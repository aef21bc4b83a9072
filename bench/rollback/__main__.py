"""`python -m bench.rollback`: clones and rollbacks of 1 GB of data on btrfs, XFS and ext4.

The peer for a clone is `cp -a` (coreutils, reflinks where it can) and a flush, on the same data in
the same run. A rollback is all of Caretaker's own part: counting what it would lose, choosing,
flipping, writing derived files, committing; services start and stop in their own time, which
`bench` of the machine tests measures. Needs root: loop devices.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

from agent.change.course import carry_out
from agent.change.request import RollbackRequest
from agent.data.clone import clone, remove
from agent.data.forecast import Forecast, forecast
from agent.host.clock import Clock
from agent.progress import Silent
from agent.upgrade.rollback import prepare_rollback
from bench.health.table import Bar, Report, write
from bench.rollback.appliance import Appliance, Still, appliance
from bench.rollback.disks import KINDS, disk, fill

_TOTAL = {"btrfs": 2.0, "xfs": 2.0, "ext4": 10.0}  # seconds of a rollback, at most


@dataclass
class Seen:
    """Seconds, and bytes of the disk."""

    said: Forecast
    ours: list[float] = field(default_factory=list)
    peer: list[float] = field(default_factory=list)
    taken: list[int] = field(default_factory=list)
    totals: list[float] = field(default_factory=list)
    flips: list[float] = field(default_factory=list)
    how: str = ""


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.rollback", description=__doc__)
    parser.add_argument("--megabytes", type=int, default=1000, help="of data")
    parser.add_argument("--runs", type=int, default=3, help="of each; the median counts")
    parser.add_argument("--scratch", type=Path, help="where the images stand; else the usual one")
    parser.add_argument("--only", choices=tuple(KINDS), help="one file system")
    said = parser.parse_args()
    if os.geteuid() != 0:
        parser.error("loop devices need root")
    prefix = "caretaker-bench-rollback-"
    with tempfile.TemporaryDirectory(prefix=prefix, dir=said.scratch) as scratch:
        reports = [
            _report(kind, Path(scratch), said.megabytes * 1_000_000, said.runs)
            for kind in KINDS
            if said.only in (None, kind)
        ]
    return write("rollback", reports)


def _report(kind: str, scratch: Path, total: int, runs: int) -> Report:
    with disk(kind, scratch, total * 4 + (1 << 30)) as point:
        made = appliance(point)
        files = fill(made.layout.data.resolve(), total)
        os.sync()
        seen = Seen(forecast(made.layout.data.resolve(), made.layout.generations))
        for _ in range(runs):
            _clones(made, seen)
        for _ in range(runs):
            _rollback(made, seen)
    return _told(kind, files, seen)


def _clones(made: Appliance, seen: Seen) -> None:
    source, home = made.layout.data.resolve(), made.layout.generations
    before = _used(home)
    began = time.monotonic()
    seen.how = clone(source, home / "90", progress=Silent(), clock=Clock()).how
    seen.ours.append(time.monotonic() - began)
    seen.taken.append(_used(home) - before)
    remove(home / "90")
    os.sync()
    began = time.monotonic()
    subprocess.run(["cp", "-a", source, home / "91"], check=True)
    subprocess.run(["sync", "-f", home / "91"], check=True)
    seen.peer.append(time.monotonic() - began)
    remove(home / "91")
    os.sync()


def _used(folder: Path) -> int:
    os.sync()
    facts = os.statvfs(folder)
    return (facts.f_blocks - facts.f_bfree) * facts.f_frsize


def _rollback(made: Appliance, seen: Seen) -> None:
    """Upgrade, write a little, go back; the way back is timed."""
    carry_out(made.scene, made.to("1.1"), means=Still(), progress=Silent())
    (made.layout.data / "order").write_text("sold")
    os.sync()
    before = made.active
    began = time.monotonic()
    change = prepare_rollback(made.scene, RollbackRequest(), Silent())
    outcome = carry_out(made.scene, change, means=Still(), progress=Silent())
    seen.totals.append(time.monotonic() - began)
    seen.flips.append(outcome.flip)
    assert made.active.version == "1.0"
    assert not (made.layout.data / "order").exists()
    remove(made.deployments.folder(before.number))
    remove(made.deployments.generation(before))
    os.sync()


def _told(kind: str, files: int, seen: Seen) -> Report:
    ours, peer = statistics.median(seen.ours), statistics.median(seen.peer)
    total, flip = statistics.median(seen.totals), max(seen.flips)
    taken = statistics.median(seen.taken)
    # A share of almost nothing says nothing: of shared blocks a megabyte more or less is noise.
    off = abs(seen.said.disk - taken) / max(taken, 10e6) * 100
    report = Report(
        f"{kind}: {seen.said.size / 1e6:.0f} MB in {files} files",
        ("", "Caretaker", "cp -a"),
        [
            ["clone", f"{ours:.2f} s by {seen.how}", f"{peer:.2f} s"],
            ["disk taken by the clone", f"{taken / 1e6:.1f} MB", ""],
            ["disk forecast", f"{seen.said.disk / 1e6:.1f} MB by {seen.said.how}", ""],
            ["rollback, our part", f"{total:.2f} s", ""],
            ["flip, the slowest", f"{flip * 1e3:.1f} ms", ""],
        ],
    )
    report.bars = [
        Bar("rollback", total, _TOTAL[kind], "s"),
        Bar("flip", flip * 1e3, 50, "ms"),
        Bar("forecast off by", off, 10, "%"),
    ]
    report.figures = {
        "clone": ours, "peer": peer, "how": seen.how, "taken": taken, "forecast": seen.said.disk,
        "rollback": total, "flip": flip, "files": files, "bytes": seen.said.size,
    }  # fmt: skip
    if seen.how != seen.said.how:
        report.notes.append(f"**the forecast said {seen.said.how}, it was {seen.how}**")
    return report


if __name__ == "__main__":
    raise SystemExit(main())
