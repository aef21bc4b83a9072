"""`python -m bench.drift`: the first and the second look, beside `sha256sum` of the same files.

The files are copies of this machine's own /usr, so that sizes and depths are real ones.
"""

import argparse
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

from bench.health.table import Bar, Report, write

MANIFEST = '[appliance]\nname = "app"\nversion = "1"\n'


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.drift", description=__doc__)
    parser.add_argument("--files", type=int, default=30_000, help="files in the image")
    parser.add_argument("--runs", type=int, default=5, help="runs of each; the median counts")
    said = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="caretaker-bench-drift-") as scratch:
        root = Path(scratch) / "root"
        size = _image(root, said.files)
        return write("drift", [_measure(root, said.files, size, said.runs)])


def _image(root: Path, count: int) -> int:
    """A root with this many files; their bytes."""
    (root / "etc/caretaker").mkdir(parents=True)
    (root / "etc/caretaker/appliance.toml").write_text(MANIFEST)
    (root / "var/lib/caretaker").mkdir(parents=True)
    done = size = copy = 0
    while done < count:
        before = done
        for folder, folders, names in os.walk("/usr"):
            folders[:] = [name for name in folders if not (Path(folder) / name).is_mount()]
            there = root / f"opt/copy-{copy}{folder}"
            there.mkdir(parents=True, exist_ok=True)
            for name in names:
                source = Path(folder) / name
                if done < count and source.is_file() and not source.is_symlink():
                    size += source.stat().st_size
                    shutil.copyfile(source, there / name)
                    done += 1
        copy += 1
        if done == before:
            raise SystemExit("this machine has no files below /usr")
    return size


def _measure(root: Path, count: int, size: int, runs: int) -> Report:
    _drift(root, "--record")
    cache = root / "var/lib/caretaker/drift.cache"
    time.sleep(1.5)  # what changed within a second is not believed
    first, second, peer = [], [], []
    for _ in range(runs):
        cache.unlink(missing_ok=True)
        first.append(_drift(root))
        second.append(_drift(root))
        peer.append(_sha256sum(root))
    report = Report(
        f"Drift: {count} files, {size / 1e9:.2f} GB, in memory after the first run",
        ("run", "median", "slowest", "CPU"),
    )
    for name, times in (("first", first), ("second", second), ("sha256sum of the same", peer)):
        wall = [each[0] for each in times]
        cpu = median(each[1] for each in times)
        report.rows.append([name, f"{median(wall):.2f} s", f"{max(wall):.2f} s", f"{cpu:.2f} s"])
    ratio = median(each[0] for each in first) / median(each[0] for each in peer)
    report.bars += [
        Bar("first run / sha256sum", ratio, 2.0),
        Bar("second run", median(each[0] for each in second), 1.0, "s"),
    ]
    report.figures = {"first": first, "second": second, "sha256sum": peer, "bytes": size}
    return report


def _drift(root: Path, *words: str) -> tuple[float, float]:
    """One whole command; (seconds, CPU seconds). It must tell the truth, too."""
    argv = [sys.executable, "-I", "-m", "agent", "--root", str(root), "drift", *words]
    if "--record" not in words:
        argv.append("--json")
    wall, cpu, out = _run(argv)
    if "--record" not in words and (told := json.loads(out))["changed"]:
        raise SystemExit(f"drift where there is none: {told['changes'][:3]}")
    return wall, cpu


def _sha256sum(root: Path) -> tuple[float, float]:
    names = subprocess.run(
        ["find", str(root / "opt"), "-type", "f", "-print0"], check=True, stdout=subprocess.PIPE
    ).stdout
    wall, cpu, _ = _run(["xargs", "-0", "sha256sum"], names)
    return wall, cpu


def _run(argv: list[str], given: bytes = b"") -> tuple[float, float, bytes]:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    begun = time.monotonic()
    done = subprocess.run(argv, check=True, input=given, stdout=subprocess.PIPE)
    took = time.monotonic() - begun
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return took, cpu, done.stdout


if __name__ == "__main__":
    sys.exit(main())
