"""DigitalOcean's own check, run as it is in the same trees, beside ours.

Owns putting a layer onto a disk: an overlay over the clean folder, in mount, network and process
namespaces of its own. The check's file is the caller's; it is no part of this project.
"""

from __future__ import annotations

import os
import re
import shutil
import stat
import subprocess
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from bench.certify.clean import APPLIANCE, SEAL, sealing
from bench.certify.faults import FAULTS
from bench.certify.found import is_found
from bench.certify.planting import Act, Kept, Layer, Write
from bench.health.table import Bar, Report
from packer.certify.opening import open_tree
from packer.certify.tree import Entry, Tree

_TOLD = re.compile(r"\[(FAIL|WARN)\]\s*(.*)")
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
_COUNT = re.compile(r"(\d+) (WARNINGS|Tests FAILED)")
_SECONDS = 120
# What it tells of a good image, and why.
EXPLAINED = (
    (
        r"No firewall is configured",
        "it looks for ufw, firewalld or iptables' module; ours is nftables",
    ),
    (r"/var/log/cloud-init\.log found", "the same pattern fits its name; LOG-02 saw it empty"),
    (r"/var/log/unattended-upgrades found", "its pattern *-???????? fits the name of a folder"),
)
# There is no network: apt would try again for seven seconds.
_NO_WAITING = Write("/etc/apt/apt.conf.d/zz-oracle", 'Acquire::Retries "0";\n')


class Said(NamedTuple):
    """What it printed, what it counted, how it ended."""

    told: frozenset[tuple[str, str]]
    warnings: int
    failed: int
    status: int


def oracle(path: Path, check: Path) -> Report:
    report = Report(
        "Beside DigitalOcean's check", ("fault", "rule", "ours", "img_check prints", "counts")
    )
    with open_tree(path) as subject:
        tree = Kept(subject.tree)
        twin = _asked(path, tree, check, ())
        printed = counted = mine = 0
        for fault in FAULTS:
            said = _asked(path, tree, check, fault.acts)
            new = said.told - twin.told
            more = said.failed > twin.failed or said.warnings > twin.warnings
            ours = is_found(tree, fault)
            printed, counted, mine = printed + bool(new), counted + more, mine + ours
            if new or more:
                words = "; ".join(sorted({kind for kind, _ in new})) or "-"
                row = [fault.name, fault.rule, _yes(ok=ours), words, _yes(ok=more)]
                report.rows.append(row)
    report.notes += [
        f"of {len(FAULTS)} faults: ours {mine}, img_check prints {printed}, counts {counted}",
        "faults that it does not tell are left out of the table",
        _of_twin(twin),
    ]
    report.figures = {"faults": len(FAULTS), "ours": mine, "prints": printed, "counts": counted}
    return report


def of_image(image: Path, check: Path) -> Report:
    """What it says of an image, unpacked by our own reader into memory."""
    report = Report("DigitalOcean's check on the image", ("kind", "it prints", "why we let it be"))
    top = Path(tempfile.mkdtemp(prefix="caretaker-oracle-"))
    try:
        subprocess.run(("mount", "-t", "tmpfs", "-o", "mode=0755", "tmpfs", str(top)), check=True)
        with open_tree(image) as subject:
            _put(_whole(subject.tree), top)
        said = _run(check, top)
    finally:
        subprocess.run(("umount", str(top)), check=False)
        shutil.rmtree(top, ignore_errors=True)
    unexplained = 0
    for kind, words in sorted(said.told):
        why = next((why for pattern, why in EXPLAINED if re.search(pattern, words)), "")
        unexplained += not why
        report.rows.append([kind, words[:120], why or "**nothing explains it**"])
    report.bars = [
        Bar("errors it counts", said.failed, 0),
        Bar("what it prints and nothing explains", unexplained, 0),
    ]
    report.figures = {"failed": said.failed, "warnings": said.warnings, "status": said.status}
    return report


def _whole(tree: Tree) -> Iterator[tuple[str, Entry | None, bytes]]:
    for entry in tree.walk():
        data = tree.read(entry.path, limit=1 << 40) if entry.is_file else None
        yield entry.path, entry, data or b""


def _of_twin(twin: Said) -> str:
    words = "; ".join(sorted(words[:90] for _, words in twin.told)) or "-"
    counts = f"{twin.failed} failed, {twin.warnings} warnings, exit {twin.status}"
    return f"the twin without a fault: {counts}: {words}"


def _yes(*, ok: bool) -> str:
    return "yes" if ok else "no"


def _asked(path: Path, tree: Tree, check: Path, acts: tuple[Act, ...]) -> Said:
    there = tuple(at for at, _ in SEAL if tree.entry(at) is not None)
    layer = Layer(tree)
    layer.plant((*sealing(there), *APPLIANCE, *acts, _NO_WAITING))
    with _overlay(path) as merged:
        _put(layer.changes(), merged)
        return _run(check, merged)


def _run(check: Path, root: Path) -> Said:
    shutil.copyfile(check, root / "img-check.sh")
    ended = subprocess.run(
        (
            *("unshare", "--net", "--pid", "--fork", "--kill-child"),
            *("chroot", str(root), "/bin/bash", "/img-check.sh"),
        ),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        timeout=_SECONDS,
        env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "TERM": "dumb", "LC_ALL": "C.UTF-8"},
    )
    text = _COLOUR.sub("", ended.stdout.decode(errors="replace"))
    counts = {kind: int(number) for number, kind in _COUNT.findall(text)}
    return Said(
        frozenset((kind, words.strip()) for kind, words in _TOLD.findall(text)),
        counts.get("WARNINGS", 0),
        counts.get("Tests FAILED", 0),
        ended.returncode,
    )


@contextmanager
def _overlay(lower: Path) -> Iterator[Path]:
    top = Path(tempfile.mkdtemp(prefix="caretaker-oracle-"))
    for name in ("upper", "work", "merged"):
        (top / name).mkdir()
    options = f"lowerdir={lower},upperdir={top}/upper,workdir={top}/work"
    merged = top / "merged"
    try:
        subprocess.run(("mount", "-t", "tmpfs", "tmpfs", str(top)), check=True)
        for name in ("upper", "work", "merged"):
            (top / name).mkdir()
        subprocess.run(
            ("mount", "-t", "overlay", "-o", options, "overlay", str(merged)), check=True
        )
        yield merged
    finally:
        subprocess.run(("umount", str(merged)), check=False, stderr=subprocess.DEVNULL)
        subprocess.run(("umount", str(top)), check=False, stderr=subprocess.DEVNULL)
        shutil.rmtree(top, ignore_errors=True)


def _put(changes: Iterable[tuple[str, Entry | None, bytes]], merged: Path) -> None:
    for path, entry, data in changes:
        at = merged / path.lstrip("/")
        if os.path.lexists(at) and not (entry is not None and entry.is_folder):
            shutil.rmtree(at) if at.is_dir() and not at.is_symlink() else at.unlink()
        if entry is None:
            continue
        if entry.is_folder:
            at.mkdir(exist_ok=True)
        elif entry.is_link:
            at.symlink_to(entry.target)
            continue
        elif entry.is_file:
            at.write_bytes(data)
        else:
            os.mknod(at, stat.S_IFMT(entry.mode) | 0o600, os.makedev(1, 3))
        os.chown(at, entry.uid, entry.gid)
        at.chmod(stat.S_IMODE(entry.mode))
