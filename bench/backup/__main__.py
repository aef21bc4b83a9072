"""`python -m bench.backup [--mb N] [--rounds N]`: backups of ours beside restic and tar|zstd alone.

Owns the tables. Each pair is measured in the same run, in turns, each into a place of its own; the
data is on the file system of the temporary folder, where there are no snapshots unless it is btrfs.
"""

from __future__ import annotations

import argparse
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from agent.backup import create as creating
from agent.backup import place
from agent.backup.repository import Repository, open_repository
from agent.deployment import Deployments
from agent.host import streaming
from agent.host.clock import Clock
from agent.layout import Layout
from agent.manifest.reader import parse
from agent.progress import Silent
from agent.remedies.remedy import Scene
from agent.remedies.scene import open_scene
from bench.backup import data
from bench.health.table import Bar, Report, write

MANIFEST = """
[appliance]
name = "shop"
version = "1"
[stores.app]
path = "{data}/app.db"
"""
_ENV = {**os.environ, "RESTIC_PASSWORD": "bench", "RESTIC_PROGRESS_FPS": "1"}


@dataclass(frozen=True)
class Took:
    """Wall seconds, and processor seconds of us and all our children."""

    wall: float
    cpu: float


def measured(work: Callable[[], object]) -> Took:
    subprocess.run(["sync"], check=True)
    before, began = _cpu(), time.monotonic()
    work()
    return Took(time.monotonic() - began, _cpu() - before)


def _cpu() -> float:
    found = 0.0
    for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN):
        usage = resource.getrusage(who)
        found += usage.ru_utime + usage.ru_stime
    return found


def appliance(root: Path, size: int) -> Scene:
    layout = Layout(root, "shop")
    layout.etc.mkdir(parents=True)
    layout.manifest.write_text(MANIFEST)
    layout.state.mkdir(parents=True)
    payload = root / "payload"
    payload.mkdir()
    (payload / "program").write_text("1")
    deployments = Deployments(layout, Clock())
    deployments.deploy(deployments.stage(payload, "1"), payload, "1", MANIFEST.encode())
    data.grow(layout.data, size)
    return open_scene(parse(MANIFEST), layout)


def restic_alone(repository: Path, source: Path) -> Took:
    argv = ["restic", "--no-cache", "--json", "-q", "-r", str(repository)]
    if not repository.exists():
        subprocess.run([*argv, "init"], env=_ENV, check=True, stdout=subprocess.DEVNULL)
    words = [*argv, "backup", str(source)]
    return measured(lambda: subprocess.run(words, env=_ENV, check=True, stdout=subprocess.DEVNULL))


def ours(scene: Scene) -> Took:
    return measured(lambda: creating.create(scene, Silent(), by="bench"))


def chosen(scene: Scene, folder: Path) -> Repository:
    """Made beforehand, as restic's is."""
    place.choose(scene.layout, str(folder))
    opened = open_repository(scene)
    opened.begin()
    return opened


def beside_restic(scene: Scene, home: Path, rounds: int, size: int) -> Report:
    report = Report(
        f"{size / 1e6:.0f} MB through restic",
        ("generation", "round", "restic, s", "ours, s", "ratio", "restic, CPU s", "ours, CPU s"),
    )
    ratios: dict[str, list[float]] = {"first": [], "a day later": []}
    source = scene.layout.generations / "1"
    for number in range(rounds):
        theirs, mine = home / f"restic-{number}", home / f"ours-{number}"
        chosen(scene, mine)
        for which, each in ratios.items():
            if which != "first":
                data.a_day_later(source)
            # In turns: who comes second finds the files in memory.
            if number % 2:
                here, there = ours(scene), restic_alone(theirs, source)
            else:
                there, here = restic_alone(theirs, source), ours(scene)
            each.append(here.wall / there.wall)
            cells = (there.wall, here.wall, each[-1], there.cpu, here.cpu)
            report.rows.append([which, str(number + 1), *(f"{cell:.2f}" for cell in cells)])
        shutil.rmtree(theirs)
        if number < rounds - 1:
            shutil.rmtree(mine)
    report.bars = [
        Bar("first backup beside restic alone, median", median(ratios["first"]), 1.2, "times")
    ]
    report.figures = dict(ratios)
    return report


def back(scene: Scene, home: Path) -> Report:
    report = Report("The same, read back", ("what", "s", "CPU s"))
    opened = open_repository(scene)
    [*_, last] = opened.listed()
    (home / "out").mkdir()
    acts: dict[str, Callable[[], object]] = {
        "fetched for a restore, verified": lambda: opened.fetch(last, home / "out", Silent()),
        "verify --full": lambda: opened.check(Silent(), full=True),
        "exported": lambda: opened.export(last, home / "x.tar.zst", Silent()),
    }
    for what, work in acts.items():
        took = measured(work)
        report.rows.append([what, f"{took.wall:.2f}", f"{took.cpu:.2f}"])
        report.figures[what] = took.wall
    shutil.rmtree(home / "out")
    return report


def by_hand(script: str) -> Took:
    return measured(lambda: subprocess.run(["sh", "-c", script], check=True))


def beside_tar(scene: Scene, home: Path, rounds: int) -> Report:
    report = Report(
        "Files of our own beside tar | zstd",
        ("round", "tar|zstd, s", "ours, s", "ratio", "tar|zstd, MB", "ours, MB"),
    )
    real, source = streaming.is_installed, scene.layout.generations / "1"
    streaming.is_installed = lambda program: False
    ratios = []
    try:
        for number in range(rounds):
            chosen(scene, home / f"files-{number}")
            target = home / "by-hand.tar.zst"
            script = f"tar -C {source} -c . | zstd -q -3 -T2 -f -o {target}"
            theirs = by_hand(script)
            mine = ours(scene)
            [kept] = open_repository(scene).listed()
            ratios.append(mine.wall / theirs.wall)
            report.rows.append([
                str(number + 1), f"{theirs.wall:.2f}", f"{mine.wall:.2f}", f"{ratios[-1]:.2f}",
                f"{target.stat().st_size / 1e6:.0f}", f"{kept.stored / 1e6:.0f}",
            ])  # fmt: skip
            shutil.rmtree(home / f"files-{number}")
    finally:
        streaming.is_installed = real
    report.notes = ["ours also hashes every file and the whole, and copies the database by SQLite"]
    report.figures = {"ratios": ratios}
    return report


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.backup")
    parser.add_argument("--mb", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--in", dest="where", type=Path, default=None)
    words = parser.parse_args()
    if not shutil.which("restic"):
        sys.exit("restic is not installed")
    with tempfile.TemporaryDirectory(prefix="bench-backup-", dir=words.where) as name:
        home = Path(name)
        scene = appliance(home / "root", words.mb * 1_000_000)
        first = beside_restic(scene, home, words.rounds, words.mb * 1_000_000)
        reports = [first, back(scene, home), beside_tar(scene, home, words.rounds)]
    return write("backup", reports)


if __name__ == "__main__":
    sys.exit(main())
