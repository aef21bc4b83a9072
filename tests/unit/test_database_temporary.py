"""The bundled server for a while, on real data folders."""

import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from agent.database.programs import data_folder
from agent.database.temporary import running
from agent.errors import MachineError
from agent.remedies.remedy import Scene
from tests.unit.postgres_place import OWNER, PROGRAMS, initdb, open_folder, scene_at

pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif(not PROGRAMS.is_dir(), reason="PostgreSQL 15 is not installed here"),
]


@pytest.fixture(scope="module")
def scene() -> Iterator[Scene]:
    with open_folder() as folder:
        found = scene_at(folder)
        initdb(data_folder(found).resolve())
        with running(found, copied=False, durable=False) as server:
            with psycopg.connect(
                server.conninfo(name="postgres", superuser=True), autocommit=True
            ) as session:
                session.execute("CREATE ROLE shop LOGIN")
                session.execute("CREATE DATABASE shop OWNER shop")
            with psycopg.connect(server.conninfo()) as session:
                session.execute("CREATE TABLE goods AS SELECT generate_series(1, 1000) AS id")
        yield found


def alone(place: Path) -> bool:
    """Whether nobody runs on the folder."""
    return not (place / "postmaster.pid").exists()


def test_it_listens_on_its_own_socket_only_and_leaves_nothing(scene: Scene) -> None:
    place = data_folder(scene)
    with running(scene, copied=False, durable=False) as server:
        with psycopg.connect(server.url()) as session:
            assert session.execute("SELECT count(*) FROM goods").fetchone() == (1000,)
            assert session.execute("SHOW listen_addresses").fetchone() == ("",)
            assert session.execute("SELECT current_user").fetchone() == ("shop",)
        home = server.socket.parent
        assert server.superuser == "postgres"
    assert alone(place)
    assert not home.exists()


def test_strangers_are_not_let_in(scene: Scene) -> None:
    if not OWNER:
        pytest.skip("takes a second user")
    with running(scene, copied=False, durable=False) as server:
        argv = [str(PROGRAMS / "psql"), server.conninfo(), "-c", "SELECT 1"]
        done = subprocess.run(argv, capture_output=True, text=True, check=False, user="nobody")
        assert done.returncode != 0
        assert "Permission denied" in done.stderr


def test_a_copy_of_a_running_one_recovers_and_harms_nobody(scene: Scene) -> None:
    with open_folder() as folder, running(scene, copied=False) as server:
        with psycopg.connect(server.conninfo()) as session:
            session.execute("CREATE TABLE later AS SELECT 1 AS id")
        copy = folder / "postgres"
        subprocess.run(["cp", "-a", server.folder, copy], check=True)
        assert (copy / "postmaster.pid").exists()
        with (
            running(scene, copy, copied=True, read_only=True) as second,
            psycopg.connect(second.conninfo()) as session,
        ):
            assert session.execute("SELECT id FROM later").fetchone() == (1,)
            with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
                session.execute("DELETE FROM later")
        with psycopg.connect(server.conninfo()) as session:
            session.execute("DROP TABLE later")


def test_parts_elsewhere_are_refused(scene: Scene) -> None:
    with open_folder() as folder:
        copy = folder / "postgres"
        subprocess.run(["cp", "-a", data_folder(scene).resolve(), copy], check=True)
        (copy / "pg_tblspc/16400").symlink_to("/elsewhere")
        with pytest.raises(MachineError) as caught, running(scene, copy, copied=True):
            pass
        assert caught.value.code == "database-unsuitable"
        (copy / "pg_tblspc/16400").unlink()
        shutil.move(copy / "pg_wal", folder / "wal")
        (copy / "pg_wal").symlink_to(folder / "wal")
        with pytest.raises(MachineError), running(scene, copy, copied=True):
            pass


def test_what_hinders_it_is_told(scene: Scene) -> None:
    with open_folder() as folder:
        nothing = pytest.raises(MachineError, match="holds no PostgreSQL data")
        with nothing, running(scene, folder, copied=True):
            pass
        copy = folder / "postgres"
        subprocess.run(["cp", "-a", data_folder(scene).resolve(), copy], check=True)
        (copy / "global/pg_control").write_bytes(b"spoilt")
        with pytest.raises(MachineError, match="does not start"), running(scene, copy, copied=True):
            pass


CHILD = """
import sys, time
from pathlib import Path
from agent.database.temporary import running
from tests.unit.postgres_place import scene_at
with running(scene_at(Path(sys.argv[1])), copied=False) as server:
    print(server.socket, flush=True)
    time.sleep(60)
"""


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_it_ends_with_us_and_the_next_one_waits(scene: Scene, number: int) -> None:
    argv = [sys.executable, "-c", CHILD, str(scene.layout.root)]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        socket = child.stdout.readline().strip()
        assert socket
        child.send_signal(number)
        child.wait(20)
    with running(scene, copied=False, durable=False) as server:
        with psycopg.connect(server.conninfo()) as session:
            assert session.execute("SELECT count(*) FROM goods").fetchone() == (1000,)
        assert not Path(socket).exists()  # what the killed one left is swept
    deadline = time.monotonic() + 10
    while not alone(data_folder(scene)) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert alone(data_folder(scene))
