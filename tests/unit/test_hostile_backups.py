"""Backups and stores that somebody prepared, so that root goes where he wants."""

import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from agent.backup import stores
from agent.backup.fetched import hold_to
from agent.backup.record import BackupRecord
from agent.errors import MachineError, RefusedError
from agent.host.machine import Host
from tests.unit.backup_stage import shop

RECORD = BackupRecord(
    id="20261121-080000-a1b2c3", app="shop", version="1", digest="", release="", epoch=1,
    sequence=0, deployment=1, created=0.0, machine="", host="", how="live",
)  # fmt: skip


@pytest.mark.parametrize("name", ["data", "system", "system/secrets", "database.dump"])
def test_no_part_of_a_backup_is_a_link(tmp_path: Path, name: str) -> None:
    link = tmp_path / name
    link.parent.mkdir(exist_ok=True)
    link.symlink_to("/etc")
    with pytest.raises(RefusedError, match="is a link"):
        hold_to(tmp_path, RECORD)


class Untouched(Host):
    def run(self, *words: Any, **more: Any) -> Any:
        raise AssertionError("it must not be opened")


@pytest.mark.real
@pytest.mark.parametrize("uid", [0, 3_999_999])
def test_no_store_is_opened_as_root(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, uid: int
) -> None:
    scene = shop(tmp_path / "root").scene
    scene = replace(scene, host=Untouched(), layout=replace(scene.layout, root=Path("/")))
    monkeypatch.setattr(stores, "is_root", lambda: True)
    facts = os.stat_result((0o100644, 1, 1, 1, uid, uid, 0, 0, 0, 0))
    monkeypatch.setattr(stores, "_facts", lambda data, path: facts)
    with pytest.raises(MachineError, match="not opened as root"):
        stores.settle_store(scene, tmp_path, "app.db")
