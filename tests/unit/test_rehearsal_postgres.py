"""A rehearsal with a bundled PostgreSQL that is in use: copied, migrated, started beside it."""

import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from dataclasses import replace

import psycopg
import pytest

from agent.release.record import FOLDER
from agent.upgrade.rehearsal import rehearse
from agent.values import values_for
from tests.unit import migration_stage
from tests.unit.migration_stage import Stage
from tests.unit.postgres_place import OWNER, PROGRAMS, initdb

pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif(not PROGRAMS.is_dir(), reason="PostgreSQL 15 is not installed here"),
]
MANIFEST = f"""
[appliance]
name = "ledger"
version = "2"
[services.db]
command = ["{PROGRAMS}/postgres", "-D", "{{data}}/postgres", "-k", "{{run}}",
  "-c", "listen_addresses="]
user = "postgres"
[database]
engine = "postgres"
service = "db"
name = "postgres"
user = "postgres"
[checks.books]
type = "postgres"
address = "{{run}}"
query = "SELECT count(DISTINCT account) FROM entry"
expect = "2"
[upgrade]
healthy = 1
within = "30s"
"""
UP = {
    "0001-two/up.sql": "UPDATE entry SET account = 'rent' WHERE account = 'Rent';",
    "0001-two/verify.sql": "SELECT account FROM entry WHERE account = 'Rent';",
}


@pytest.fixture
def running() -> Iterator[Stage]:
    """A server that is written to all the time, as an application would."""
    patch = pytest.MonkeyPatch()
    patch.setattr(migration_stage, "USER", "postgres")
    with migration_stage.stage(MANIFEST) as here:
        initdb(here.live / "postgres", "-A", "trust")
        here.layout.state.mkdir(parents=True, exist_ok=True)
        here.layout.app_run.mkdir(parents=True)
        here.layout.app_run.chmod(0o777)
        argv = [f"{PROGRAMS}/postgres", "-D", f"{here.live}/postgres", "-k",
                str(here.layout.app_run), "-c", "listen_addresses="]  # fmt: skip
        done = threading.Event()
        with subprocess.Popen(argv, stderr=subprocess.DEVNULL, **OWNER) as server:
            try:
                session = connected(str(here.layout.app_run))
                session.execute("CREATE TABLE entry (id serial, account text)")
                session.execute("INSERT INTO entry (account) VALUES ('food'), ('rent'), ('Rent')")
                writer = threading.Thread(target=write, args=(session, done))
                writer.start()
                yield here
                done.set()
                writer.join()
                assert three(session)
            finally:
                done.set()
                server.send_signal(signal.SIGINT)  # SIGTERM would wait for our session
    patch.undo()


def connected(folder: str) -> psycopg.Connection[tuple[object, ...]]:
    deadline = time.monotonic() + 20
    while True:
        try:
            return psycopg.connect(f"host={folder} user=postgres", autocommit=True)
        except psycopg.OperationalError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)


def write(session: psycopg.Connection[tuple[object, ...]], done: threading.Event) -> None:
    while not done.wait(0.01):
        session.execute("INSERT INTO entry (account) VALUES ('food')")


def three(session: psycopg.Connection[tuple[object, ...]]) -> bool:
    """Whether the live data is as it was: not migrated."""
    found = session.execute("SELECT count(DISTINCT account) FROM entry").fetchone()
    return found == (3,)


def test_the_running_database_is_copied_migrated_and_started_beside(running: Stage) -> None:
    release = running.write_release("2-abc", UP)
    (release / FOLDER / "appliance.toml").write_text(MANIFEST)
    scene = running.scene(release)
    live = replace(scene, values=values_for(scene.manifest, running.layout))
    shutil.rmtree(running.data)
    found = rehearse(live, release, progress=running.told)
    assert found.failures == ()
    assert (found.good, found.started) == (True, True)
    assert [each.checks for each in found.migrations] == [{"database": "verified"}]
