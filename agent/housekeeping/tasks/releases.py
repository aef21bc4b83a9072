"""`releases` and `generations`: what no deployment needs any more.

Owns reading what there is and taking it away. Which may go is `retention`'s to say. Refuses to do
anything without a readable active deployment, or while setup is under way.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

from agent.change.pending import pending_file
from agent.deployment import RECORD, Deployment
from agent.errors import MachineError
from agent.health.words import amount
from agent.host import discard, lock, trees
from agent.host.failures import HostFailure, LockHeld
from agent.housekeeping import ages, retention
from agent.housekeeping.retention import Stock
from agent.housekeeping.task import Chores, Done, Task
from agent.layout import Layout
from agent.manifest.kinds import Duration
from agent.manifest.upkeep import Schedule
from agent.state import StateFile

Choice = Callable[[Chores, Stock], list[Path]]


def run_releases(chores: Chores) -> Done:
    return _alone(chores, _spare_releases, (chores.layout.releases,))


def run_generations(chores: Chores) -> Done:
    layout = chores.layout
    return _alone(chores, _spare_data, (layout.deployments, layout.generations))


def _spare_releases(chores: Chores, stock: Stock) -> list[Path]:
    now = ages.now_for(chores, ages.look(chores), 86400.0)
    keep = chores.manifest.housekeeping.releases
    spare = retention.spare_releases(stock, now=now, keep=keep)
    return [chores.layout.releases / name for name in spare]


def _spare_data(chores: Chores, stock: Stock) -> list[Path]:
    layout, keep_for = chores.layout, chores.manifest.housekeeping.generations
    now = ages.now_for(chores, ages.look(chores), keep_for)
    # Deployments first: one without its generation would name nothing.
    abandoned_for = chores.manifest.upgrade.abandoned
    deployments = retention.spare_deployments(
        stock, now=now, keep_for=keep_for, abandoned_for=abandoned_for
    )
    generations = retention.spare_generations(
        stock, now=now, keep_for=keep_for, abandoned_for=abandoned_for
    )
    return [
        *(layout.deployments / str(number) for number in deployments),
        *(layout.generations / name for name in generations),
    ]


def _alone(chores: Chores, choose: Choice, homes: tuple[Path, ...]) -> Done:
    if not chores.layout.active.is_symlink():
        return Done(summary="nothing is deployed yet")
    pending = pending_file(chores.layout).load(aside=False)
    if pending is not None and pending.under_way:
        return Done(summary="a change is under way, or was interrupted; nothing was touched")
    if chores.dry:
        return _take_away(chores, choose(chores, _stock(chores.layout)), homes)
    try:
        with lock.exclusive(chores.layout.setup_lock, purpose="housekeeping"):
            return _take_away(chores, choose(chores, _stock(chores.layout)), homes)
    except LockHeld:
        return Done(summary="setup is under way; nothing was touched")


def _take_away(chores: Chores, spare: Iterable[Path], homes: tuple[Path, ...]) -> Done:
    freed = items = 0
    lines, problems = [], []
    for path in spare:
        try:
            size = trees.size(path) if chores.dry else discard.discard(path)
        except HostFailure as failure:
            problems.append(str(failure))
            continue
        freed, items = freed + size, items + 1
        lines.append(f"{'would remove' if chores.dry else 'removed'} {path}, {amount(size)}")
    for home in homes:
        if not chores.dry:
            discard.finish(home)
        else:
            lines += [f"would remove {path}" for path in discard.left_over(home)]
    summary = f"{'would remove' if chores.dry else 'removed'} {items}, {amount(freed)}"
    return Done(
        summary=summary if items else "nothing is spare",
        freed=freed,
        items=items,
        lines=tuple(lines),
        problems=tuple(problems),
    )


def _stock(layout: Layout) -> Stock:
    """What there is. MachineError where the active deployment can't be read."""
    active = StateFile(layout.active / RECORD, Deployment).load(aside=False)
    if active is None:
        raise MachineError(
            "state-corrupt",
            f"{layout.active / RECORD} can't be read, so nothing is known to be spare",
            hint="sudo caretaker remedies run state",
        )
    numbers = [name for name in _names(layout.deployments) if name.isdigit()]
    return Stock(
        active=active,
        deployments={int(name): _record(layout.deployments / name) for name in numbers},
        generations=_changed(layout.generations),
        releases=_changed(layout.releases),
    )


def _record(folder: Path) -> Deployment | None:
    try:
        return StateFile(folder / RECORD, Deployment).load(aside=False)
    except HostFailure:
        return None


def _changed(folder: Path) -> dict[str, float]:
    """Folders and when each last changed, by the inode's own time, which nobody can set."""
    return {name: (folder / name).lstat().st_ctime for name in _names(folder)}


def _names(folder: Path) -> list[str]:
    try:
        return [path.name for path in folder.iterdir() if path.is_dir() and not path.is_symlink()]
    except FileNotFoundError:
        return []


RELEASES = Task(
    name="releases",
    title="releases that nothing runs",
    schedule=Schedule(calendar="daily", jitter=Duration(3600)),
    run=run_releases,
    frees=True,
    rights=ages.RIGHTS,
)
GENERATIONS = Task(
    name="generations",
    title="deployments and copies of data that nothing goes back to",
    schedule=Schedule(calendar="daily", jitter=Duration(3600)),
    run=run_generations,
    rights=ages.RIGHTS,
)
