"""A power cut at any moment of a change: whatever POSIX lets the disk hold then converges."""

from dataclasses import replace
from pathlib import Path

import pytest

from agent.change.recovery import recover
from agent.errors import CaretakerError
from agent.host import files
from tests.power_cut import Sweep, recording, sweep
from tests.unit.change_world import Machine, World, world

# SQLite syncs its own files; progress and request lie below /run.
IGNORED = ("ledger.db", "ledger.db-journal", "run", "payload")


def swept(root: Path, scratch: Path, *, every: int) -> Sweep:
    there = world(root)
    with recording(root, ignore=IGNORED) as log:
        there.carry_out()

    def check(disk: Path) -> list[str]:
        after = again(there, disk)
        try:
            told = recover(after.scene, means=after.machine, booting=True)
        except CaretakerError as error:
            return [error.message]
        after.machine.running = after.machine.on_disk()
        if told.found == "due":
            recover(after.scene, means=after.machine)
        return after.complaints()

    scratch.mkdir()
    return sweep(log, scratch, check, every=every)


def test_whatever_the_disk_holds_it_converges(root: Path, tmp_path: Path) -> None:
    found = swept(root, tmp_path / "cuts", every=6)
    print(found)
    assert found.violations == []
    assert found.states > 15


def test_without_an_fsync_of_folders_it_does_not(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The sweep bites."""
    monkeypatch.setattr(files, "sync_folder", lambda path: None)
    assert swept(root, tmp_path / "cuts", every=25).violations


def again(there: World, disk: Path) -> World:
    """The same appliance, on the disk as the power cut left it."""
    for path in (disk / "run", disk / "opt/shop"):
        path.mkdir(parents=True, exist_ok=True)
    _move_links(disk, there.scene.layout.root)
    return world_on(there, disk)


def _move_links(disk: Path, old: Path) -> None:
    """Links to releases are absolute; here the disk is mounted elsewhere."""
    for path in disk.rglob("*"):
        target = files.link_target(path)
        if target.startswith(str(old)):
            path.unlink()
            path.symlink_to(str(disk) + target.removeprefix(str(old)))


def world_on(there: World, disk: Path) -> World:
    layout = replace(there.scene.layout, root=disk)
    scene = replace(there.scene, layout=layout)
    return World(scene, Machine(layout), replace(there.deployments, layout=layout))
