"""The task `database`: as the file's owner, never as root, and the vendor's own program."""

import json
import os
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from agent.host import descent, sqlite_upkeep, users
from agent.housekeeping.task import Chores
from agent.housekeeping.tasks import database
from agent.layout import Layout
from agent.manifest.model import Appliance, Manifest
from agent.manifest.upkeep import Housekeeping
from agent.values import values_for
from tests.scripted_host import ScriptedHost, completed, scripted_host


@pytest.fixture
def host(root: Path) -> ScriptedHost:
    return scripted_host(root)


def chores(host: ScriptedHost, *, dry: bool = False, **keep: Any) -> Chores:
    manifest = Manifest(
        appliance=Appliance(name="shop", version="1"), housekeeping=Housekeeping(**keep)
    )
    layout = Layout(host.root, "shop")
    layout.app_run.mkdir(parents=True, exist_ok=True)
    return Chores(host, manifest, layout, values_for(manifest, layout), dry)


def written(path: Path) -> sqlite3.Connection:
    db = sqlite3.connect(path)
    db.execute("PRAGMA journal_mode = WAL")
    db.execute("PRAGMA wal_autocheckpoint = 0")
    db.execute("CREATE TABLE things (name TEXT)")
    db.executemany("INSERT INTO things VALUES (?)", [("x" * 100,)] * 1000)
    db.commit()
    return db


APP: dict[str, Any] = {"sqlite": ["{run}/app.db"]}


def test_the_files_owner_does_it(host: ScriptedHost, monkeypatch: pytest.MonkeyPatch) -> None:
    path = chores(host).layout.app_run / "app.db"
    assert database.run(chores(host, **APP)).summary == "there is none"
    path.touch()
    monkeypatch.setattr(users, "name_of", lambda uid: "somebody" if uid == os.getuid() else "")
    assert database.run(chores(host, dry=True, **APP)).items == 1
    assert host.asked == []
    said = json.dumps({"before": 9000, "after": 4000, "problem": ""})
    host.programs[sys.executable] = lambda argv: completed(argv, said)
    done = database.run(chores(host, **APP))
    assert host.users == ["somebody"]
    assert host.asked[0][1:] == ("-I", "-S", sqlite_upkeep.__file__, str(path))
    assert (done.items, done.freed, done.problems) == (1, 5000, ())


def test_what_can_not_be_done_is_told(host: ScriptedHost, monkeypatch: pytest.MonkeyPatch) -> None:
    path = chores(host).layout.app_run / "app.db"
    path.touch()
    answers: list[tuple[str | int, str]] = [("nonsense", "no answer"), (1, "exit status 1")]
    for answer, words in answers:
        host.programs[sys.executable] = answer
        assert words in database.run(chores(host, **APP)).problems[0]
    monkeypatch.setattr(users, "name_of", lambda uid: "")
    assert "no user of this machine" in database.run(chores(host, **APP)).problems[0]
    monkeypatch.setattr(descent, "is_ours", lambda facts: False)
    if os.geteuid() == 0:
        assert "is root's" in database.run(chores(host, **APP)).problems[0]


def test_the_vendors_program_runs_as_the_user_it_names(host: ScriptedHost) -> None:
    vacuum: dict[str, Any] = {
        "vacuum": ["vacuumdb", "--analyze", "{run}"],
        "vacuum_user": "postgres",
    }
    assert "would run vacuumdb" in database.run(chores(host, dry=True, **vacuum)).lines
    assert host.asked == []
    host.programs["vacuumdb"] = 0
    assert database.run(chores(host, **vacuum)).items == 1
    assert host.asked == [("vacuumdb", "--analyze", str(host.root / "run/shop"))]
    assert host.users == ["postgres"]
    host.programs["vacuumdb"] = 1
    assert database.run(chores(host, **vacuum)).problems == ("vacuumdb: exit status 1",)


def test_a_log_is_emptied_into_its_file(tmp_path: Path) -> None:
    path = tmp_path / "app.db"
    db = written(path)
    log = tmp_path / "app.db-wal"
    assert log.stat().st_size > 50_000
    kept = sqlite_upkeep.keep(str(path))
    assert kept["problem"] == ""
    assert log.stat().st_size == 0
    assert kept["before"] != kept["after"]
    assert db.execute("SELECT count(*) FROM things").fetchone() == (1000,)
    db.close()


def test_a_reader_that_never_ends_is_told_and_not_waited_for_long(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite_upkeep, "_PATIENCE", 0.1)
    path = tmp_path / "app.db"
    writer = written(path)
    reader = sqlite3.connect(path, isolation_level=None)
    reader.execute("BEGIN")
    reader.execute("SELECT * FROM things").fetchone()
    writer.execute("INSERT INTO things VALUES ('y')")
    writer.commit()
    assert "reads it all the time" in str(sqlite_upkeep.keep(str(path))["problem"])
    reader.close()
    writer.close()


def test_what_is_no_database_is_left_as_it_is(tmp_path: Path) -> None:
    path, link = tmp_path / "app.db", tmp_path / "link"
    path.write_bytes(b"no database at all" * 100)
    link.symlink_to(path)
    assert "not a database" in str(sqlite_upkeep.keep(str(path))["problem"])
    assert "no regular file" in str(sqlite_upkeep.keep(str(link))["problem"])
    assert path.read_bytes() == b"no database at all" * 100


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """One that other users may enter, which pytest's own are not."""
    with tempfile.TemporaryDirectory(prefix="caretaker-test-database-") as name:
        Path(name).chmod(0o755)
        yield Path(name)


@pytest.mark.real
@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be somebody else")
def test_nothing_of_roots_is_left_beside_the_applications_file(open_folder: Path) -> None:
    """Run by root for a file of `nobody`: what SQLite makes there is nobody's."""
    nobody = users.find("nobody")
    assert nobody is not None
    home = open_folder / "home"
    home.mkdir()
    os.chown(home, *nobody.owner)
    path = home / "app.db"
    copy = open_folder / "sqlite_upkeep.py"  # the checkout may be closed to nobody
    copy.write_bytes(Path(sqlite_upkeep.__file__).read_bytes())
    copy.chmod(0o644)
    script = "import sqlite3,sys,time; db=sqlite3.connect(sys.argv[1])\n"
    script += "db.execute('PRAGMA journal_mode=WAL'); db.execute('CREATE TABLE a (b)')\n"
    script += "db.commit(); print('on', flush=True); sys.stdin.read()\n"
    app = subprocess.Popen(
        ["/usr/bin/python3", "-I", "-c", script, str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        user="nobody",
    )
    assert app.stdout is not None
    app.stdout.readline()
    done = subprocess.run(
        ["/usr/bin/python3", "-I", "-S", str(copy), str(path)],
        user="nobody",
        capture_output=True,
        check=False,
    )
    assert json.loads(done.stdout)["problem"] == ""
    owners = {each.name: each.stat().st_uid for each in home.iterdir()}
    app.communicate(b"")
    assert owners.keys() == {"app.db", "app.db-wal", "app.db-shm"}
    assert set(owners.values()) == {nobody.uid}
