"""`caretaker image build`, timed: from packages to signatures, and again with the base disk kept.

Owns the bars of time and size, and a table of the steps as the command tells them. Refuses to be
quick: the first build finds no cache at all.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bench.health.table import Bar, Report, write
from packer.signing import file_key

BAR = 720.0  # seconds, packages to signatures
MOST = 260.0  # MiB of qcow2, SochDB and Caretaker inside
BASE_BAR = 100.0  # seconds of it for the base disk
HEAD = ("step", "seconds", "of the processor", "")
_MIB = 1 << 20


def main(words: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.image build", description=__doc__)
    parser.add_argument("folder", type=Path, nargs="?", default=Path("examples/sochdb"))
    parser.add_argument("--wheelhouse", type=Path, help="libraries by hash, instead of fetching")
    parser.add_argument("--keep", type=Path, help="leave both images there (one/, two/)")
    parser.add_argument("--once", action="store_true", help="not again with the base disk kept")
    said = parser.parse_args(words)
    with tempfile.TemporaryDirectory(prefix="caretaker-build-", dir="/var/tmp") as scratch:
        out = said.keep or Path(scratch)
        out.mkdir(parents=True, exist_ok=True)
        key = Path(scratch) / "image.key"
        file_key.make(key, "ecdsa-p256-sha256", None)
        argv = [sys.executable, "-m", "agent", "image", "build", str(said.folder)]
        argv += ["--key", str(key), "--cache", str(Path(scratch) / "cache")]
        argv += ["--wheelhouse", str(said.wheelhouse)] if said.wheelhouse else []
        reports = [built("nothing kept", [*argv, "--output", str(out / "one")], out / "one")]
        if not said.once:
            again = [*argv, "--output", str(out / "two")]
            reports.append(built("base and libraries kept", again, out / "two"))
    return write("image-build", reports)


def built(title: str, argv: list[str], out: Path) -> Report:
    """One build, step by step. Raises CalledProcessError."""
    begun = time.monotonic()
    subprocess.run(argv, check=True, stdout=subprocess.DEVNULL)
    wall = time.monotonic() - begun
    report = Report(f"image build, {title}", HEAD)
    for line in (out / "build.jsonl").read_text().splitlines():
        step = json.loads(line)
        taken = (f"{step[name]:.1f} s" for name in ("seconds", "cpu_seconds"))
        report.rows.append([step["name"], *taken, step["words"] or step["outcome"]])
        report.figures[step["name"]] = step["seconds"]
    (disk,) = out.glob("*.qcow2")
    size = disk.stat().st_size / _MIB
    report.figures |= {"wall": wall, "qcow2 MiB": size}
    report.bars.append(Bar("packages to signatures, wall", wall, BAR, "s"))
    report.bars.append(Bar("… of it the base disk", report.figures["base"], BASE_BAR, "s"))
    report.bars.append(Bar(f"{disk.name}", size, MOST, "MiB"))
    return report
