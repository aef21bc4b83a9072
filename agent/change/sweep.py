"""What an interrupted change left, and nothing names: taken away.

Owns what counts as such: drafts and copies still called `.part`, and the deployment and the
generation that this very change made, as long as it has neither flipped nor been gone back from.
Refuses earlier deployments, abandoned ones, and everything while `active` can't be read.
"""

from __future__ import annotations

import re
from pathlib import Path

from agent.change.pending import Pending
from agent.deployment import PART, Deployment, Deployments
from agent.host import files, leftovers, trees
from agent.layout import Layout

_NUMBERED = re.compile(rf"\d+(?:{re.escape(PART)})+")  # A clone into a draft is a part of a part.


def sweep(deployments: Deployments, active: Deployment, pending: Pending | None) -> list[Path]:
    """What went. `pending` None: what was meant is not known. MachineError, FileFailure."""
    layout = deployments.layout
    gone = []
    for number in sorted(_unproven(deployments, active, pending)):
        gone += _take_away(deployments.folder(number))
        gone += _take_away(layout.generations / str(number))
    for home in (layout.deployments, layout.generations):
        gone += [path for path in _there(home) if _NUMBERED.fullmatch(path.name) and _gone(path)]
    gone += [path for path in _there(layout.releases) if path.name.endswith(PART) and _gone(path)]
    return gone


def halves(layout: Layout, *, booting: bool) -> None:
    """Take away what was fetched or unpacked by half for a change that never began. FileFailure.

    All of it is made under the lock that our caller holds, but a rehearsal's copy, generation 0.
    """
    if not layout.active.is_symlink():
        return
    for path in _there(layout.generations):
        if _NUMBERED.fullmatch(path.name) and (booting or not path.name.startswith("0.")):
            trees.remove(path)
    for path in _there(layout.releases):
        if path.name.endswith(PART):
            trees.remove(path)


def asides(layout: Layout) -> None:
    """Take away the files that a killed run was writing aside. FileFailure.

    Only those of writers that are gone: the daemon and the CLI write here too.
    """
    homes = [layout.state, layout.etc, layout.opt, layout.data_home, layout.deployments]
    homes += [layout.trust, layout.config, layout.environments, layout.secrets, layout.units]
    for home in (*homes, *_there(layout.deployments)):
        for path in leftovers.find(home):
            files.remove(path)


def _unproven(deployments: Deployments, active: Deployment, pending: Pending | None) -> set[int]:
    """Numbers of deployments that were never in use, of which this change's own is one."""
    found = set()
    for each in deployments.listed():
        one = each.deployment
        if each.standing == "incomplete" and one.committed is None and one.kind != "setup":
            found.add(one.number)
    if pending is not None and pending.fresh:
        mine = deployments.find(pending.number)
        if mine is None or (mine.abandoned is None and mine.committed is None):
            found.add(pending.number)
    return found - {active.number, active.generation}


def _take_away(folder: Path) -> list[Path]:
    """By its name first: half a deployment must not look like a whole one that lost a file."""
    if not folder.is_dir() or folder.is_symlink():
        return []
    part = folder.with_name(f"{folder.name}{PART}")
    trees.remove(part)
    files.rename(folder, part)
    trees.remove(part)
    return [folder]


def _gone(path: Path) -> bool:
    return trees.remove(path)


def _there(home: Path) -> list[Path]:
    try:
        return sorted(home.iterdir())
    except FileNotFoundError:
        return []
