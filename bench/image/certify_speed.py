"""How long `caretaker certify --target all` takes on a disk image, without rights; and whether our
reader of ext4 sees what debugfs sees.

Owns the measuring. Each run is a process of its own, started as `nobody` where we are root: its
wall clock holds starting Python, opening the disk, every rule and the report. The disk was read
before, as it is right after a build.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import stat
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bench.health.table import Bar, Report, write
from packer.certify.image.disk_store import read_disk
from packer.certify.image.formats import open_disk
from packer.certify.view import View

BAR = 2.0  # seconds
REPOSITORY = Path(__file__).resolve().parents[2]


def main(words: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="bench.image certify", description=__doc__)
    parser.add_argument("image", type=Path, help="a disk image; raw is what the bar is about")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--debugfs", action="store_true", help="compare every file with debugfs")
    asked = parser.parse_args(words)
    reports = [measured(asked.image, asked.rounds)]
    if asked.debugfs:
        reports.append(compared(asked.image))
    return write("image-certify", reports)


def measured(image: Path, rounds: int) -> Report:
    argv = [sys.executable, "-m", "agent", "certify", "--target", "all", "--json", "--image",
            str(image.resolve())]  # fmt: skip
    nobody = {"user": "nobody", "group": "nogroup", "extra_groups": []} if not os.geteuid() else {}
    walls, works = [], []
    failed = passed = 0
    for _ in range(rounds):
        before, begun = os.times(), time.perf_counter()
        done = subprocess.run(argv, cwd=REPOSITORY, capture_output=True, check=False, **nobody)  # type: ignore[call-overload]  # one of two sets of options
        walls.append(time.perf_counter() - begun)
        after = os.times()
        works.append(after.children_user + after.children_system
                     - before.children_user - before.children_system)  # fmt: skip
        if done.returncode not in (0, 7):
            raise SystemExit(done.stderr.decode())
        failed, passed = done.stdout.count(b'"verdict": "fail"'), done.stdout.count(b'"pass",')
    median = sorted(walls)[len(walls) // 2]
    report = Report(f"certify of {image.name}", ("what", "seconds"))
    report.rows = [
        ["best of runs", f"{min(walls):.2f}"],
        ["median of runs", f"{median:.2f}"],
        ["processors' time, median", f"{sorted(works)[len(works) // 2]:.2f}"],
    ]
    report.bars = [Bar("certify, all targets, as nobody", median, BAR, "s")]
    report.notes = [f"{passed} rules pass, {failed} fail",
                    f"load before the last run: {os.getloadavg()[0]:.1f}"]  # fmt: skip
    report.figures = {"walls": walls, "works": works, "failed": failed}
    return report


def compared(image: Path) -> Report:
    """Every name, mode, owner, size, link and digest of the root, as debugfs dumps it. As root."""
    report = Report(f"ext4 of {image.name} beside debugfs", ("what", "count"))
    with open_disk(image) as disk, tempfile.TemporaryDirectory(dir="/var/tmp") as folder:
        if disk is None or disk.format != "raw":
            raise SystemExit("debugfs reads raw disks only")
        store, facts = read_disk(disk)
        start = next(each.start for each in facts.partitions if each.holds == "ext4")
        argv = ["debugfs", "-R", f"rdump / {folder}", f"{image}?offset={start}"]
        subprocess.run(argv, check=True, capture_output=True, timeout=600)
        ours = {each.path: each for each in View("disk", store.root).walk()}
        view = View("disk", store.root)
        wrong, files = [], 0
        theirs = {f"/{path.relative_to(folder)}": path for path in Path(folder).rglob("*")}
        for path, place in theirs.items():
            entry, seen = ours.get(path), place.lstat()
            if entry is None:
                wrong.append(path)
                continue
            # It changes owners last, which takes set-user-id and the like away (chown(2)).
            same = entry.mode & ~0o7000 == seen.st_mode & ~0o7000
            same = same and (entry.uid, entry.gid) == (seen.st_uid, seen.st_gid)
            if stat.S_ISLNK(seen.st_mode):
                same = entry.target == os.readlink(place)
            elif stat.S_ISREG(seen.st_mode):
                files += 1
                digest = hashlib.sha256(place.read_bytes()).hexdigest()
                same = same and view.digest(path, "sha256") == digest
            if not same:
                wrong.append(path)
        # debugfs dumps files, folders and links; devices and pipes it passes over.
        missed = [path for path, entry in ours.items() if path not in theirs
                  and (entry.is_file or entry.is_folder or entry.is_link)]  # fmt: skip
    report.rows = [["names", str(len(theirs))], ["files with the same bytes", str(files)]]
    report.bars = [Bar("differences", len(wrong) + len(missed), 0)]
    report.notes = [*wrong[:10], *missed[:10]]
    return report
