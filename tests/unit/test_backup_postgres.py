"""PostgreSQL in backups, on real servers: bundled and elsewhere, dumped and put back."""

import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest

from agent.backup import secrets_back
from agent.backup.create import create
from agent.backup.record import BackupRecord
from agent.backup.restore import prepare_restore
from agent.change.change import Draft
from agent.change.request import RestoreRequest
from agent.database import cluster
from agent.database.place import Place, recorded
from agent.database.programs import data_folder, runner_of
from agent.deployment import Deployments
from agent.errors import CaretakerError, MachineError, RefusedError
from agent.host import streaming, users
from agent.progress import Silent
from agent.remedies.remedy import Scene
from agent.state import StateFile
from tests.unit.postgres_elsewhere import Elsewhere, _free_port, elsewhere
from tests.unit.postgres_place import MANIFEST, OWNER, PROGRAMS, open_folder, scene_at

pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif(not PROGRAMS.is_dir(), reason="PostgreSQL 15 is not installed"),
]
ROWS = ("CREATE TABLE entry (id int PRIMARY KEY, text text)",
        "INSERT INTO entry SELECT n, 'row ' || n FROM generate_series(1, 500) n")  # fmt: skip


@pytest.fixture(autouse=True)
def plain(monkeypatch: pytest.MonkeyPatch) -> None:
    installed = streaming.is_installed
    monkeypatch.setattr(streaming, "is_installed", lambda n: n != "restic" and installed(n))


@pytest.fixture(scope="module")
def one_server() -> Iterator[Elsewhere]:
    with elsewhere() as found:
        yield found


@pytest.fixture
def server(one_server: Elsewhere) -> Elsewhere:
    """Without databases."""
    for name in one_server.databases():
        one_server.sql(f"DROP DATABASE {name} WITH (FORCE)")
    return one_server


@contextmanager
def serving(folder: Path, port: int) -> Iterator[None]:
    """The bundled service's server, as its unit would run it."""
    argv = [str(PROGRAMS / "postgres"), "-D", str(folder), "-p", str(port), "-c", "fsync=off",
            "-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories="]  # fmt: skip
    with subprocess.Popen(argv, stderr=subprocess.DEVNULL, **OWNER) as child:
        try:
            deadline = time.monotonic() + 20
            while True:
                ready = [str(PROGRAMS / "pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(port)]
                if subprocess.run(ready, check=False).returncode == 0:
                    break
                assert time.monotonic() < deadline
                time.sleep(0.1)
            yield
        finally:
            child.terminate()
            child.wait()


def begun(root: Path, port: int, app: str) -> Scene:
    text = MANIFEST.replace('name = "shop"', f'name = "shop"\nport = {port}')
    text = text.replace('name = "movetest"', f'name = "{app}"')
    scene = scene_at(root, text)
    release = scene.layout.releases / "1-abc"
    release.mkdir(parents=True)
    (scene.layout.manifest.parent).mkdir(parents=True)
    scene.layout.manifest.write_text(text)
    return scene


def drafted(scene: Scene, request: RestoreRequest) -> tuple[Draft, str]:
    """The draft that the course would flip to, made."""
    change = prepare_restore(scene, request, Silent())
    deployments = Deployments(scene.layout, scene.host.clock)
    before = deployments.active()
    assert before is not None
    assert change.make is not None
    data = scene.layout.generations / "2.part"
    paths = {**scene.values.paths, "data": str(data)}
    candidate = replace(scene, values=replace(scene.values, paths=paths))
    draft = Draft(candidate, 2, before, scene.layout.generations / "1", data, Silent())
    change.make(draft)
    return draft, change.target.database_url


def rows(port: int, password: str) -> int:
    place = f"host=127.0.0.1 port={port} user=shop dbname=shop password={password}"
    with psycopg.connect(place) as session:
        found = session.execute("SELECT count(*), max(text) FROM entry").fetchone()
    assert found is not None
    return int(found[0])


def test_a_bundled_one_is_dumped_and_put_back() -> None:
    """With the backup's password, which is by then not this machine's."""
    with open_folder() as root:
        port = _free_port()
        scene = begun(root, port, "movetest")
        runner_of(scene)
        cluster.create(scene, data_folder(scene))
        (scene.layout.data / "note").write_text("beside it")
        made: BackupRecord
        with serving(data_folder(scene).resolve(), port):
            place = f"host=127.0.0.1 port={port} user=shop dbname=shop password=geheimes-wort"
            with psycopg.connect(place, autocommit=True) as session:
                for text in ROWS:
                    session.execute(text.encode())
            made = create(scene, Silent(), by="a test").record
        assert (made.dump, made.how) == ("bundled", "live")
        (scene.layout.secrets / "db").write_text("another-word\n")
        draft, url = drafted(scene, RestoreRequest(backup="latest"))
        assert url == ""
        assert (draft.data / "note").read_text() == "beside it"
        with serving(draft.data / "postgres", port):
            assert rows(port, "geheimes-wort") == 500
            with pytest.raises(psycopg.OperationalError):
                rows(port, "another-word")
        assert secrets_back.settle(scene.layout, scene.manifest, 2) == ["db"]
        assert (scene.layout.secrets / "db").read_text() == "geheimes-wort\n"


def test_one_elsewhere_is_restored_beside_the_one_in_use(server: Elsewhere) -> None:
    with open_folder() as root:
        locale = "TEMPLATE template0 LC_COLLATE 'C' LC_CTYPE 'C'"
        server.sql(f"CREATE DATABASE shop OWNER owner {locale}")
        with psycopg.connect(server.url(), autocommit=True) as session:
            for text in ROWS:
                session.execute(text.encode())
        scene = begun(root, 5432, "movetest")
        note = scene.layout.deployments / "1/database.json"
        StateFile(note, Place, mode=0o600).save(Place(server.url()))
        made = create(scene, Silent(), by="a test").record
        assert made.dump == "external"
        server.sql("DELETE FROM entry WHERE id > 10", name="shop")
        _, url = drafted(scene, RestoreRequest(backup="latest"))
        with psycopg.connect(url) as session:
            assert session.execute("SELECT count(*) FROM entry").fetchone() == (500,)
        assert server.sql("SELECT count(*) FROM entry", name="shop") == [(10,)]
        assert server.databases() == ["shop", "shop_g2"]
        sorts = "SELECT datcollate, datctype FROM pg_database WHERE datname = 'shop_g2'"
        assert server.sql(sorts) == [("C", "C")]
        assert recorded(scene.layout.deployments / "1") == server.url()


def test_a_dump_that_does_not_go_in_leaves_no_database(
    server: Elsewhere, monkeypatch: pytest.MonkeyPatch
) -> None:
    with open_folder() as root:
        server.sql("CREATE DATABASE shop OWNER owner")
        scene = begun(root, 5432, "movetest")
        note = scene.layout.deployments / "1/database.json"
        StateFile(note, Place, mode=0o600).save(Place(server.url()))
        create(scene, Silent(), by="a test")
        from agent.backup import database_back

        monkeypatch.setattr(database_back, "pg_program", lambda scene, name: "/bin/false")
        with pytest.raises(CaretakerError, match="could not be restored"):
            prepare_restore(scene, RestoreRequest(backup="latest"), Silent())
        assert server.databases() == ["shop"]
        assert list(scene.layout.generations.glob("*.part")) == []


def test_without_a_place_beside_it_the_one_in_use_is_left_alone(server: Elsewhere) -> None:
    with open_folder() as root:
        server.sql("CREATE DATABASE shop OWNER guest")
        with psycopg.connect(server.url("guest"), autocommit=True) as session:
            for text in ROWS:
                session.execute(text.encode())
        scene = begun(root, 5432, "movetest")
        note = scene.layout.deployments / "1/database.json"
        StateFile(note, Place, mode=0o600).save(Place(server.url("guest")))
        create(scene, Silent(), by="a test")
        with pytest.raises(MachineError, match="may make no database"):
            prepare_restore(scene, RestoreRequest(backup="latest"), Silent())
        assert server.sql("SELECT count(*) FROM entry", name="shop") == [(500,)]
        assert list(scene.layout.generations.glob("*.part")) == []


def test_one_that_moved_since_is_refused(server: Elsewhere) -> None:
    with open_folder() as root:
        server.sql("CREATE DATABASE shop OWNER owner")
        scene = begun(root, 5432, "movetest")
        note = scene.layout.deployments / "1/database.json"
        StateFile(note, Place, mode=0o600).save(Place(server.url()))
        create(scene, Silent(), by="a test")
        note.unlink()
        with pytest.raises(RefusedError, match="was elsewhere") as caught:
            prepare_restore(scene, RestoreRequest(backup="latest"), Silent())
        assert "database move" in caught.value.hint
        assert users.find("postgres") is not None
