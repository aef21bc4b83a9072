"""A rehearsal beside an application that was taken over: it swaps folders of the copy for links."""

import socket
import sqlite3
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from agent.database.programs import Runner
from agent.host import cell
from agent.host import clone as cloning
from agent.host.cell import Cell
from agent.host.failures import FileFailure
from agent.host.machine import Host
from agent.host.spawn import Completed
from agent.upgrade import rehearsal_copy
from tests.unit.migration_stage import MANIFEST, Stage, stage

pytestmark = pytest.mark.real
NESTED = MANIFEST.replace("{data}/books.db", "{data}/db/books.db")


LOOK = """
import os, socket, sys
live, own = sys.argv[1:]
print(sorted(os.listdir(os.path.dirname(live))), os.listdir(own))
door = socket.socket(socket.AF_UNIX)
for look in (lambda: open(live + "/open"), lambda: door.connect(live + "/door")):
    try:
        look()
        print("seen")
    except OSError:
        pass
open(own + "/new", "w").write("x")
"""


class NoServer(Host):
    """pg_basebackup has nothing to say here."""

    def run(self, argv: Sequence[str], **more: Any) -> Completed:
        if argv[0].endswith("pg_basebackup"):
            return Completed((), 0, "", "", 0.0)
        return super().run(argv, **more)


@pytest.fixture
def here() -> Iterator[Stage]:
    with stage(NESTED) as found:
        home = found.live / "db"
        home.mkdir()
        with sqlite3.connect(home / "books.db") as db:
            db.execute("CREATE TABLE app (version INT)")
        db.close()
        for path in (home, home / "books.db"):
            found.own(path)
        yield found


def swapping(monkeypatch: pytest.MonkeyPatch, swap: Callable[[Path], None]) -> None:
    """What the application does as soon as the copy is its own."""
    clone = cloning.clone

    def then(source: Path, target: Path, *words: object, **more: object) -> object:
        done = clone(source, target, *words, **more)  # type: ignore[arg-type]
        swap(target)  # (arguments handed through)
        return done

    monkeypatch.setattr(cloning, "clone", then)


def copy(here: Stage, host: Host | None = None) -> None:
    scene = here.scene(here.layout.releases / "1-abc")
    scene = replace(scene, host=host or scene.host)
    work = here.layout.generations / "0.part"
    work.mkdir(mode=0o711)
    rehearsal_copy.copy_live(scene, here.live, work / "data", work / "desk", here.told)


def test_no_store_is_put_through_a_link(
    here: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def swap(target: Path) -> None:
        (target / "db").rmdir()
        (target / "db").symlink_to(tmp_path)

    swapping(monkeypatch, swap)
    with pytest.raises(FileFailure):
        copy(here)
    assert list(tmp_path.iterdir()) == []


def test_no_server_is_removed_or_made_through_a_link(
    here: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    victim = tmp_path / "15"
    victim.mkdir(mode=0o755)
    (victim / "precious").write_text("x")
    server = here.live / "pg/15"
    server.mkdir(parents=True)
    (server / "PG_VERSION").write_text("15\n")

    def swap(target: Path) -> None:
        (target / "pg").rmdir()
        (target / "pg").symlink_to(tmp_path)

    swapping(monkeypatch, swap)
    monkeypatch.setattr(rehearsal_copy, "_server", lambda scene, source: ["pg/15"])
    monkeypatch.setattr(rehearsal_copy, "programs_for", lambda scene, major: Path("/none"))
    runner = Runner("", "root", None, "")
    monkeypatch.setattr(rehearsal_copy, "runner_of", lambda scene: runner)
    with pytest.raises(FileFailure):
        copy(here, NoServer())
    assert (victim / "precious").read_text() == "x"


@pytest.mark.parametrize("inside", [False, True])
def test_neither_the_data_in_use_nor_its_sockets_are_seen(tmp_path: Path, *, inside: bool) -> None:
    live, own = tmp_path / "generations/1", tmp_path / "generations/0.part"
    for folder in (live, own):
        folder.mkdir(parents=True)
    (live / "open").write_text("x")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(live / "door"))
        listening.listen()
        # Below /tmp all else is hidden; what is kept of it is as anywhere else.
        place = Cell(writable=(own,), kept=(tmp_path,) if inside else (), shut=(live.parent,))
        argv = [sys.executable, "-I", "-c", LOOK, str(live), str(own)]
        ended = cell.run(argv, place, timeout=30.0, folder=own)
    assert (ended.status, ended.evidence.decode()) == (0, "['0.part'] []\n")
    assert (own / "new").read_text() == "x"
    assert (live / "open").exists()


def test_it_is_put_where_it_belongs(here: Stage) -> None:
    copy(here)
    with sqlite3.connect(here.layout.generations / "0.part/data/db/books.db") as db:
        assert db.execute("SELECT count(*) FROM app").fetchone() == (0,)
    db.close()
