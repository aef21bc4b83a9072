"""Migrations on a real clone: scripts of every kind, and every way in which they go wrong."""

import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import pytest

from agent.errors import RefusedError, RolledBackError
from agent.host import cell
from agent.manifest.kinds import Duration
from agent.migrations.folder import Declared
from agent.migrations.run import migrate, pending
from agent.release.record import MigrationRecord
from agent.release.staged import record_of
from tests.unit.migration_stage import UP, VERIFY, Stage, stage

pytestmark = pytest.mark.real
FIRST = {"0001-a/up.py": UP, "0001-a/verify.py": VERIFY}
BOOKS = Declared(stores=("books",))


@pytest.fixture
def here() -> Iterator[Stage]:
    with stage() as found:
        yield found


def books(here: Stage, *statements: str) -> sqlite3.Connection:
    path = here.data / "books.db"
    db = sqlite3.connect(path)
    for statement in statements:
        db.execute(statement)
    db.commit()
    here.own(path)
    return db


def failure(here: Stage, scripts: dict[str, str], **declared: Declared) -> str:
    with pytest.raises(RolledBackError) as caught:
        here.migrate(scripts, **declared)
    assert caught.value.code == "migration-failed"
    assert list(here.live.iterdir()) == []
    return caught.value.message


def test_files_are_migrated_verified_and_marked(here: Stage) -> None:
    ran = here.migrate(FIRST)
    assert [(each.number, each.name, each.checks) for each in ran] == [
        (1, "a", {"files": "verified"})
    ]
    assert (here.data / "new").read_text() == "2"
    assert '"name": "a"' in (here.data / ".caretaker/migrations.json").read_text()
    assert not (here.data / ".caretaker/cursor").exists()
    assert here.told.steps == ["migrate", "migrate-0001"]


def test_the_next_upgrade_goes_on_from_there(here: Stage) -> None:
    first = here.write_release("2-abc", FIRST)
    assert [each.folder for each in planned(here, first)] == ["0001-a"]
    here.run(first)
    here.before = msgspec.structs.replace(here.before, version="2", release="2-abc")
    assert planned(here, first) == ()
    assert here.run(first) == []
    more = {**FIRST, "0002-b/up.sh": "#!/bin/sh\n", "0002-b/verify.py": ""}
    second = here.write_release("3-abc", more)
    assert [each.number for each in here.run(second)] == [2]


def planned(here: Stage, release: Path) -> tuple[MigrationRecord, ...]:
    return pending(record_of(release), here.before, here.layout)


def test_sql_and_its_mark_are_one_transaction(here: Stage) -> None:
    books(here, "CREATE TABLE entry (id INTEGER, note TEXT)", "INSERT INTO entry VALUES (1, 'x;y')")
    here.migrate(
        {
            "0001-a/up.sql": "-- a; comment\nALTER TABLE entry ADD COLUMN year INT;\n"
            "UPDATE entry SET year = 2026, note = 'a;b';\n-- the end\n",
            "0001-a/verify.sql": "SELECT id FROM entry WHERE year IS NULL;",
        }
    )
    db = sqlite3.connect(here.data / "books.db")
    assert db.execute("SELECT * FROM entry").fetchall() == [(1, "a;b", 2026)]
    assert db.execute("SELECT number, name, version FROM caretaker_migrations").fetchall() == [
        (1, "a", "2")
    ]
    assert (1, 2) in here.told.done


@pytest.mark.parametrize(
    ("sql", "said"),
    [
        ("UPDATE entry SET id = 2; SELECT * FROM nonesuch;", "no such table: nonesuch"),
        ("UPDATE entry SET id = 2; COMMIT;", "not authorized"),
        ("ATTACH '/tmp/x.db' AS x;", "not authorized"),
        ("UPDATE entry SET id = ;", "syntax error"),
        (
            "CREATE TABLE line (entry INT REFERENCES entry (id)); INSERT INTO line VALUES (7);",
            "1 rows without the row that they refer to: line row 1",
        ),
    ],
)
def test_sql_that_fails_leaves_nothing_behind(here: Stage, sql: str, said: str) -> None:
    books(here, "CREATE TABLE entry (id INTEGER PRIMARY KEY)", "INSERT INTO entry VALUES (1)")
    message = failure(here, {"0001-a/up.sql": sql, "0001-a/verify.sql": ""})
    assert message.count(said) == 1
    db = sqlite3.connect(here.data / "books.db")
    assert db.execute("SELECT id FROM entry").fetchall() == [(1,)]
    assert db.execute("SELECT count(*) FROM sqlite_master").fetchone() == (1,)


def test_verify_in_sql_tells_each_row_that_is_wrong(here: Stage) -> None:
    books(here, "CREATE TABLE entry (id INTEGER)", "INSERT INTO entry VALUES (7), (8)")
    scripts = {
        "0001-a/up.sql": "UPDATE entry SET id = id + 1;",
        "0001-a/verify.sql": "SELECT 'entry ' || id || ' is odd' FROM entry WHERE id % 2;",
    }
    assert "verify.sql found something wrong: entry 9 is odd" in failure(here, scripts)


def test_verify_may_not_change_anything(here: Stage) -> None:
    books(here, "CREATE TABLE entry (id INTEGER)")
    scripts = {"0001-a/up.sql": "DROP TABLE entry;", "0001-a/verify.sql": "CREATE TABLE entry (i);"}
    assert "attempt to write a readonly database" in failure(here, scripts)


def test_an_executable_gets_the_whole_environment(here: Stage) -> None:
    books(here, "CREATE TABLE t (x)")
    up = "#!/bin/sh\nenv | sort > $CARETAKER_DATA/env\nid -un >> $CARETAKER_DATA/env\n"
    here.migrate({"0001-a/up": up, "0001-a/verify": "#!/bin/sh\n"})
    told = dict(
        line.split("=", 1) for line in (here.data / "env").read_text().splitlines() if "=" in line
    )
    wanted = {name for name in told if name.startswith("CARETAKER_")}
    assert wanted == {
        "CARETAKER_CURSOR", "CARETAKER_DATA", "CARETAKER_PROGRESS", "CARETAKER_RELEASE",
        "CARETAKER_STORE_BOOKS",
    }  # fmt: skip
    assert told["CARETAKER_STORE_BOOKS"] == str(here.data / "books.db")
    assert told["HOME"] == str(here.data)


def test_progress_is_shown_and_nonsense_is_not(here: Stage) -> None:
    up = "#!/bin/sh\necho 1 4 >&3; echo soon >&3; echo 9 4 > /dev/fd/3; echo 4 4 >&3\n"
    here.migrate({"0001-a/up": up, "0001-a/verify": "#!/bin/sh\n"})
    assert here.told.done == [(1, 4), (4, 4), (4, 4)]


def test_batches_go_on_where_the_cursor_says(here: Stage) -> None:
    up = """#!/bin/sh
at=$(cat "$CARETAKER_CURSOR" 2>/dev/null || echo 0)
echo $((at + 1)) > "$CARETAKER_CURSOR"
echo $at >> "$CARETAKER_DATA/seen"
[ $at -lt 3 ] && exit 75
exit 0
"""
    ran = here.migrate({"0001-a/up": up, "0001-a/verify": "#!/bin/sh\n"})
    assert ran[0].batches == 4
    assert (here.data / "seen").read_text().split() == ["0", "1", "2", "3"]


def test_batches_without_headway_are_ended(here: Stage) -> None:
    scripts = {"0001-a/up": "#!/bin/sh\nexit 75\n", "0001-a/verify": "#!/bin/sh\n"}
    assert "its cursor stays as it was" in failure(here, scripts)


def test_an_edited_script_is_not_run(here: Stage) -> None:
    release = here.write_release("2-abc", FIRST)
    (release / ".release/migrations/0001-a/up.py").write_text("print()")
    with pytest.raises(RolledBackError, match=r"up\.py is not the file that was signed"):
        here.run(release)


def test_what_it_said_last_without_secrets(here: Stage) -> None:
    up = (
        "import sys\nprint('x' * 5_000_000)\nprint('\\x1b[2Jtoken sehr-geheim')\n"
        "sys.stdout.flush()\nsys.stdout.buffer.write(b'\\xff\\xfe bad\\n')\nsys.exit('no such row')"
    )
    message = failure(here, {"0001-a/up.py": up, "0001-a/verify.py": ""})
    assert "up.py: exit status 1: no such row" in message
    assert "token (secret)" in message
    assert "sehr-geheim" not in message
    assert "\x1b" not in message
    assert len(message) < 5000


def test_a_hanging_one_is_ended_in_time(here: Stage) -> None:
    up = "import time\nprint('begun', flush=True)\ntime.sleep(600)"
    scripts = {"0001-a/up.py": up, "0001-a/verify.py": ""}
    message = failure(here, scripts, m0001_a=Declared(timeout=Duration(0.5)))
    assert "no end after" in message


def test_the_live_data_can_not_be_written(here: Stage) -> None:
    up = f"open({str(here.live)!r} + '/evil', 'w')"
    message = failure(here, {"0001-a/up.py": up, "0001-a/verify.py": ""})
    assert "[Errno 2]" in message or "Read-only file system" in message  # /tmp is its own


def test_a_store_that_was_exchanged_is_refused(here: Stage) -> None:
    books(here, "CREATE TABLE t (x)")
    here.migrate(FIRST)
    (here.data / "books.db").unlink()
    books(here, "CREATE TABLE t (x)")
    with pytest.raises(RefusedError, match="books carries no migration at all"):
        here.migrate(FIRST)


def test_data_of_a_backup_goes_by_what_that_says_it_had(here: Stage) -> None:
    books(here, "CREATE TABLE t (x)")
    more = {"0002-b/up.sql": "CREATE TABLE more (x);", "0002-b/verify.sql": "SELECT * FROM more;"}
    release = here.write_release("2-abc", {**FIRST, **more})
    draft = here.draft(release)
    ran = migrate(draft, release, progress=here.told, had=(1,))
    assert [each.number for each in ran] == [2]
    assert not (here.data / "new").exists()


def test_data_that_is_ahead_is_refused_before_anything_runs(here: Stage) -> None:
    here.migrate(FIRST)
    (here.data / "new").unlink()
    with pytest.raises(RefusedError, match=r"ahead of the release that runs.*came with 2"):
        here.migrate({**FIRST, "0002-b/up.py": UP, "0002-b/verify.py": VERIFY})
    assert not (here.data / "new").exists()


def test_an_image_with_its_migrations_beside_the_manifest(here: Stage) -> None:
    (here.layout.etc / "migrations/0001-a").mkdir(parents=True)  # as setup keeps them
    here.before = type(here.before)(1, "1", "", "", "1-of-setup", 1, 0.0)
    (here.layout.releases / "1-of-setup").mkdir()
    assert here.migrate(FIRST) == []
    assert '"number": 1' in (here.data / ".caretaker/migrations.json").read_text()


def test_it_says_where_nothing_fences_it_in(here: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    real = cell.run

    def run(*words: Any, **options: Any) -> cell.Ended:
        return replace(real(*words, **options), unfenced="no namespaces of its own")

    monkeypatch.setattr(cell, "run", run)
    here.migrate(FIRST)
    assert "no namespaces of its own: migrations could write wherever" in here.told.notes[0]


def test_a_release_without_a_record_has_none(here: Stage, tmp_path: Path) -> None:
    assert here.run(tmp_path) == []
