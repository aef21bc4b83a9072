"""Two builds of one thing, compared: base disks byte by byte, golden images file by file.

Owns the comparison and the causes it knows. A base disk must be the same to the last byte; an image
that was booted while it was built can't be, so each path that differs is named with its cause.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import re
import shutil
import stat
import subprocess
import sys
import tarfile
import time
from collections.abc import Iterator
from pathlib import Path

from bench.health.table import Bar, Report, write
from packer.certify.opening import open_tree
from packer.certify.tree import Entry, Tree
from packer.golden import digests

BAR = 100.0  # seconds a base disk, compression included
_HEAD = ("what", "first", "second", "same")
_MOST = 40  # differences shown

# Why two golden images of the same input differ, by path; the first that matches.
CAUSES = (
    (r"/(etc/machine-id|etc/hostname|etc/ssh/ssh_host_.*)", "identity: made by the build's boot"),
    (r"/var/log/.*", "written while it was booted"),
    (r"/var/lib/systemd/(timers|timesync|random-seed).*", "systemd's state of the build's boot"),
    (r"/var/lib/systemd/catalog/.*", "systemd's index, with the time it was made"),
    (r"/var/lib/cloud/.*", "cloud-init's state of the build's boot"),
    (r"/var/lib/caretaker/.*", "Caretaker's state: when the image was made"),
    (r"/var/lib/(private|dhcp|apt|dpkg|ucf|pam|sudo)(/.*)?", "package state, with times"),
    (r"/var/cache/.*", "a cache, with times of its own"),
    (r"/etc/apparmor.d/cache/.*", "AppArmor's compiled profiles"),
    (r".*/__pycache__(/.*)?", "Python's bytecode, with the time of its source"),
    (r"/opt/caretaker/.*", "the environment: when it was installed"),
    (r"/etc/caretaker/image\.json", "the record of the image: when it was sealed, and those above"),
    (r"/etc/(passwd|shadow|group|gshadow|subuid|subgid)-?", "users: the day they were made"),
    (r"/boot/.*", "the initramfs or boot menu, made again while it was booted"),
)


def main(words: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="bench.image twice", description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("/var/tmp/caretaker-twice"))
    parser.add_argument("--system", default="debian-12")
    parser.add_argument("--arch", default="amd64")
    parser.add_argument("--made", type=Path, nargs=2, help="two base disks that are there")
    parser.add_argument("--images", type=Path, nargs=2, help="two golden images to compare")
    parser.add_argument("--keep", action="store_true", help="leave the disks that were built")
    asked = parser.parse_args(words)
    if asked.images:
        return write("image-twice-golden", [golden(*asked.images)])
    folders = asked.made or [asked.out / "one", asked.out / "two"]
    try:
        seconds = [] if asked.made else [build(folder, asked) for folder in folders]
        return write("image-twice", [base(folders[0], folders[1], seconds)])
    finally:
        if not asked.made and not asked.keep:
            shutil.rmtree(asked.out, ignore_errors=True)


def build(folder: Path, asked: argparse.Namespace) -> dict[str, float]:
    """Seconds by step, and in all."""
    argv = [sys.executable, "-m", "agent", "image", "base", "--json", "--output", str(folder),
            "--system", asked.system, "--arch", asked.arch]  # fmt: skip
    begun = time.monotonic()
    done = subprocess.run(argv, stdout=subprocess.PIPE, text=True, check=True)
    taken = {"all": time.monotonic() - begun}
    for line in done.stdout.splitlines():
        told = json.loads(line)
        if "seconds" in told:
            taken[told["name"]] = told["seconds"]
    return taken


def base(one: Path, other: Path, seconds: list[dict[str, float]]) -> Report:
    """Tar, raw disk and qcow2 must be the same bytes."""
    report = Report("two builds of the base disk", _HEAD)
    for name in ("root.tar", "base.raw", "base.qcow2"):
        paths = (one / name, other / name)
        raw = name.endswith(".raw")
        sums = ["", ""] if raw else [digests.of_file(path) for path in paths]
        same = same_disk(*paths) if raw else sums[0] == sums[1]
        report.rows.append([name, sums[0][:16], sums[1][:16], "yes" if same else "**no**"])
        report.bars.append(Bar(f"{name}: bytes that differ", 0 if same else 1, 0))
        report.figures[name] = same
        if not same:
            report.notes += differences(one / name, other / name)
    archives = [
        json.loads((folder / "base.json").read_text())["archive"] for folder in (one, other)
    ]
    if archives[0] != archives[1]:
        report.notes.append("the archive changed between the two: give --mirror a snapshot")
    for number, taken in enumerate(seconds, 1):
        report.bars.append(Bar(f"build {number}, wall", taken["all"], BAR, "s"))
        report.figures[f"build {number}"] = taken
        steps = ", ".join(f"{name} {value:.1f} s" for name, value in taken.items())
        report.notes.append(f"build {number}: {steps}")
    size = (one / "base.qcow2").stat().st_size / (1 << 20)
    report.figures["qcow2 MiB"] = size
    report.notes.append(f"qcow2 {size:.1f} MiB")
    return report


def same_disk(one: Path, other: Path) -> bool:
    """Byte by byte, but for holes in both: 30 GiB of them would take a minute to read."""
    if one.stat().st_size != other.stat().st_size:
        return False
    # Not strict (-s): that also wants the same holes, which are the file system's business.
    argv = ["qemu-img", "compare", "-f", "raw", "-F", "raw", str(one), str(other)]
    return subprocess.run(argv, stdout=subprocess.DEVNULL, check=False).returncode == 0


def differences(one: Path, other: Path) -> list[str]:
    """What differs, in words: members of a tar, or where in a disk."""
    if one.suffix == ".tar":
        return [f"root.tar: {line}" for line in _members(one, other)][:_MOST]
    if one.suffix != ".raw":
        return [f"{one.name}: follows from the raw disk"]
    said = subprocess.run(["cmp", "-l", one, other], stdout=subprocess.PIPE, check=False, text=True)
    places = sorted({(int(line.split()[0]) - 1) >> 20 for line in said.stdout.splitlines()})
    return [f"base.raw: bytes differ in MiB {place}" for place in places[:_MOST]]


def _members(one: Path, other: Path) -> Iterator[str]:
    tables = []
    for path in (one, other):
        with tarfile.open(path) as source:
            tables.append({entry.name: (_facts(source, entry)) for entry in source})
    for name in sorted(tables[0].keys() | tables[1].keys()):
        left, right = tables[0].get(name), tables[1].get(name)
        if left != right:
            yield f"{name}: {left} against {right}"


def _facts(source: tarfile.TarFile, entry: tarfile.TarInfo) -> tuple[object, ...]:
    stream = source.extractfile(entry) if entry.isreg() else None
    content = hashlib.sha256(stream.read()).hexdigest()[:12] if stream else entry.linkname
    return (oct(entry.mode), entry.uid, entry.gid, entry.mtime, content)


def golden(one: Path, other: Path) -> Report:
    """Two images of the same input: each path that differs, with its cause."""
    report = Report("two builds of the golden image", ("path", "what differs", "cause"))
    unexplained = count = 0
    with open_tree(one) as left, open_tree(other) as right:
        for path, what in _paths(left.tree, right.tree):
            cause = cause_of(path)
            count += 1
            unexplained += not cause
            if len(report.rows) < _MOST or not cause:
                report.rows.append([path, what, cause or "**not known**"])
        total = sum(1 for _ in left.tree.walk())
    report.bars.append(Bar("paths that differ without a cause", unexplained, 0))
    report.figures = {"paths": total, "differ": count, "without a cause": unexplained}
    report.notes.append(f"{count} of {total} paths differ in content, kind, mode or owner")
    return report


def _paths(one: Tree, other: Tree) -> Iterator[tuple[str, str]]:
    tables = [{entry.path: entry for entry in tree.walk()} for tree in (one, other)]
    both = [path for path, entry in tables[0].items()
            if path in tables[1] and entry.is_file and tables[1][path].is_file
            and entry.size == tables[1][path].size]  # fmt: skip
    for tree in (one, other):
        tree.digest_all(both, "sha256")
    for path in sorted(tables[0].keys() | tables[1].keys()):
        left, right = tables[0].get(path), tables[1].get(path)
        if left is None or right is None:
            yield path, "only in one of them"
        elif what := _unlike(left, right):
            yield path, what
        elif left.is_file and one.digest(path, "sha256") != other.digest(path, "sha256"):
            yield path, "content"


def _unlike(one: Entry, other: Entry) -> str:
    if stat.S_IFMT(one.mode) != stat.S_IFMT(other.mode):
        return "kind"
    if (one.mode, one.uid, one.gid) != (other.mode, other.uid, other.gid):
        return "mode or owner"
    if one.target != other.target:
        return "where the link leads"
    return "size" if one.is_file and one.size != other.size else ""


def cause_of(path: str) -> str:
    """Why it differs, as far as that is known."""
    for pattern, cause in CAUSES:
        if re.fullmatch(pattern, path):
            return cause
    return ""
