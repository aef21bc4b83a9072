"""What the tests of backups share: an appliance with real data below a temporary root."""

import os
import sqlite3
import time
from contextlib import closing, suppress
from dataclasses import dataclass, replace
from pathlib import Path

from agent.backup.create import Made, create
from agent.backup.repository import Repository, open_repository
from agent.deployment import Deployments
from agent.host.machine import Host
from agent.ledger import Entry, read_ledgers
from agent.progress import Silent
from agent.remedies.remedy import Scene
from tests.unit.upkeep_world import scene

STORES = """
[stores.app]
path = "{data}/app.db"
[secrets.key]
[settings.name]
title = "Name"
default = "x"
"""


@dataclass
class Shop:
    """An appliance whose data are some files and a database with a log (WAL)."""

    scene: Scene

    @property
    def data(self) -> Path:
        return self.scene.layout.data

    def backup(self) -> Made:
        return create(self.scene, Silent(), by="a test")

    def repository(self) -> Repository:
        return open_repository(self.scene)

    def ledger(self) -> list[Entry]:
        return read_ledgers([self.scene.layout.ledger])

    def litter(self) -> list[str]:
        """What no finished run leaves."""
        home, state = self.scene.layout.data_home, self.scene.layout.state
        found = [*home.rglob("*.part"), *home.glob(".backup*")]
        found += [*home.glob("generations/restor*"), *state.glob("frozen*")]
        return sorted(str(path) for path in found)

    def wait_for_guard(self) -> None:
        """Until nobody watches any more, who would keep the disk busy."""
        wanted = f"\0{self.scene.layout.root}\0guard\0".encode()
        deadline = time.monotonic() + 20
        while any(wanted in each for each in _command_lines()):
            assert time.monotonic() < deadline
            time.sleep(0.05)

    def with_manifest(self, more: str) -> "Shop":
        fresh = scene(self.scene.layout.root, STORES + more, host=self.scene.host)
        return Shop(replace(fresh, services=self.scene.services))


def shop(root: Path, more: str = "", *, fill: bool = True) -> Shop:
    """One that is deployed, on the real machine below `root`."""
    stage = scene(root, STORES + more, host=Host(root=root))
    layout = stage.layout
    payload = root / "payload"
    payload.mkdir(exist_ok=True)
    (payload / "program").write_text("1")
    deployments = Deployments(layout, stage.host.clock)
    deployments.deploy(deployments.stage(payload, "1"), payload, "1", manifest_text(more))
    layout.manifest.parent.mkdir(parents=True, exist_ok=True)
    layout.manifest.write_bytes(manifest_text(more))
    layout.settings.write_text('name = "mine"\n')
    layout.secrets.mkdir(parents=True, exist_ok=True)
    (layout.secrets / "key").write_text("s3cret-of-this-machine\n")
    found = Shop(stage)
    if fill:
        fill_data(found.data)
    return found


def manifest_text(more: str = "") -> bytes:
    return f'[appliance]\nname = "shop"\nversion = "1"\n{STORES}{more}'.encode()


def fill_data(data: Path) -> None:
    (data / "notes").mkdir()
    for number in range(20):
        (data / "notes" / f"{number}.txt").write_text(f"note {number}\n" * 50)
    (data / "big.bin").write_bytes(os.urandom(300_000))
    (data / "odd [name]*?$X").write_text("odd\n")
    (data / "empty").mkdir()
    (data / "link").symlink_to("notes/1.txt")
    (data / "notes/1.txt").chmod(0o640)
    with closing(sqlite3.connect(data / "app.db")) as db, db:
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("CREATE TABLE entry (id INTEGER PRIMARY KEY, text TEXT)")
        db.executemany("INSERT INTO entry (text) VALUES (?)", [(f"row {n}",) for n in range(200)])


def rows(data: Path) -> int:
    with closing(sqlite3.connect(data / "app.db")) as db:
        return int(db.execute("SELECT count(*) FROM entry").fetchone()[0])


def content(data: Path) -> dict[str, bytes]:
    """Every plain file but the database, and the targets of links."""
    found = {}
    for path in sorted(data.rglob("*")):
        name = str(path.relative_to(data))
        if path.is_symlink():
            found[name] = os.readlink(path).encode()
        elif path.is_file() and not name.startswith("app.db"):
            found[name] = path.read_bytes()
    return found


def _command_lines() -> list[bytes]:
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):
            found.append(path.read_bytes())
    return found
