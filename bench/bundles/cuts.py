"""The trust store through power cuts: what it forgets, and what an attacker makes of that.

Owns the comparison with python-tuf's own client, which writes its store without fsync. Each takes
release 1.2 after 1.1; the power is cut after it said so; then 1.1 is offered, signed and unexpired.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

from tuf.api.exceptions import DownloadError, RepositoryError

from agent.release.bundle import open_bundle
from agent.release.trust import trust_of
from bench.bundles.judge import verdict
from bench.bundles.mutants import Mutant, special
from bench.bundles.peer import refreshed
from bench.bundles.shelf import At, Shelf
from bench.bundles.vendor import appliance, members_of
from bench.health.table import Bar, Report
from tests.power_cut import Log, materialise, recording


def cut_power(shelf: Shelf, scratch: Path) -> Report:
    scratch.mkdir()
    ours, offered, taken = _ours(shelf, scratch / "ours")
    states, forgot = _peer(shelf, scratch / "peer")
    report = Report(
        "After a power cut, once the newer release was accepted",
        ("store", "states of the disk", "bad bundles offered", "accepted"),
        [
            [
                "Caretaker's, also with any one file gone or spoilt",
                str(ours),
                str(offered),
                str(taken),
            ],
            ["python-tuf's ngclient", str(states), str(states), str(forgot)],
        ],
    )
    report.bars += [
        Bar("accepted after a power cut", taken, 0),
        Bar("states in which the peer takes the older one", forgot, 1, least=True),
    ]
    report.figures = {"states": ours, "offered": offered, "peer states": states, "peer": forgot}
    return report


def _ours(shelf: Shelf, scratch: Path) -> tuple[int, int, int]:
    """(states, bundles offered, bundles accepted). Every special mutant, and the older release."""
    scratch.mkdir()
    layout = appliance(scratch / "root", shelf.vendor.keys)
    with open_bundle(shelf.others[0], layout, At()) as before:
        before.stage(layout.releases)
    with open_bundle(shelf.good, layout, At()) as bundle, recording(layout.trust) as log:
        trust_of(layout).remember(bundle.record, bundle.vouched)
    older = Mutant("not for here", "1.1, which was accepted before", shelf.others[0].read_bytes())
    bad = [older, *special(shelf)]
    states = offered = taken = 0
    for disk in _and_damaged(_afterwards(log, scratch / "disk")):
        after = appliance(scratch / "after", shelf.vendor.keys)
        after.trust.parent.mkdir(parents=True, exist_ok=True)
        disk.rename(after.trust)
        states += 1
        for mutant in bad:
            offered += 1
            taken += not verdict(mutant.content, after, scratch).startswith("refused")
        shutil.rmtree(scratch / "after")
    return states, offered, taken


def _and_damaged(disks: Iterator[Path]) -> Iterator[Path]:
    """Each disk, and again with any one of its files gone, empty, or full of zeros."""
    for disk in disks:
        whole = {path.name: path.read_bytes() for path in disk.iterdir()}
        yield disk
        for name in whole:
            for spoilt in (None, b"", bytes(64)):
                disk.mkdir()
                for each, content in whole.items():
                    (disk / each).write_bytes(content)
                (disk / name).unlink()
                if spoilt is not None:
                    (disk / name).write_bytes(spoilt)
                yield disk


def _peer(shelf: Shelf, scratch: Path) -> tuple[int, int]:
    """(states, those in which it takes the older release)."""
    scratch.mkdir()
    root = shelf.vendor.keys.trusted.chain[0]
    older, newer = members_of(shelf.others[0]), members_of(shelf.good)
    refreshed(scratch / "store", older, root)
    with recording(scratch / "store") as log:
        refreshed(scratch / "store", newer, root)
    states = forgot = 0
    for disk in _afterwards(log, scratch / "disk"):
        states += 1
        try:
            refreshed(disk, older, root)
            forgot += 1
        except (RepositoryError, DownloadError, OSError):
            pass
        shutil.rmtree(disk)
    return states, forgot


def _afterwards(log: Log, folder: Path) -> Iterator[Path]:
    """Each different disk that a power cut may leave once all is said and done."""
    seen: set[object] = set()
    for moment, tree in log.states():
        key = frozenset(tree.items())
        if moment == len(log.events) and key not in seen:
            seen.add(key)
            materialise(tree, folder)
            yield folder
