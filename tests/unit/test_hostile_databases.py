"""Databases and their URLs as somebody would have them who means ill."""

import shutil
import socket
import struct
import threading
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from agent.backup import database_back
from agent.change.change import Draft
from agent.database import cluster, copying
from agent.database.copying import Way
from agent.database.needs import needs_of
from agent.database.programs import Runner, data_folder
from agent.database.reach import Place, place_of, session
from agent.database.temporary import running
from agent.deployment import Deployment
from agent.errors import UsageError
from agent.host.spawn import Completed
from agent.progress import Silent
from agent.remedies.remedy import Scene
from tests.unit.postgres_place import MANIFEST, OWNER, PROGRAMS, initdb, open_folder, scene_at

postgres = pytest.mark.skipif(not PROGRAMS.is_dir(), reason="PostgreSQL 15 is not installed here")


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
def test_a_loopback_name_with_another_address_takes_verified_tls(host: str) -> None:
    url = f"postgresql://shop:x@{host}/shop?hostaddr=10.0.0.5"
    assert place_of(url).facts["sslmode"] == "verify-full"
    with pytest.raises(UsageError):
        place_of(f"{url}&sslmode=disable")
    assert "sslmode" not in place_of(f"postgresql://shop@{host}/shop?hostaddr=127.0.0.1").facts


def test_the_password_of_a_clients_key_is_in_no_argument() -> None:
    with pytest.raises(UsageError) as caught:
        place_of("postgresql://shop@db.example/shop?sslkey=/k&sslpassword=s3cr3t")
    assert "s3cr3t" not in f"{caught.value.message} {caught.value.hint}"


def test_root_writes_nothing_into_the_programs_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere, work, own = tmp_path / "elsewhere", tmp_path / "work", tmp_path / "own"
    elsewhere.mkdir()
    own.mkdir()
    work.symlink_to(elsewhere)  # As whoever owns the folder above may have it by now.
    ran: list[list[str]] = []

    def run(way: Way, argv: list[str], *more: object, **words: object) -> Completed:
        ran.append(argv)
        return Completed(tuple(argv), 0, "", "", 0.0)

    monkeypatch.setattr(copying, "_run", run)
    monkeypatch.setattr(copying, "_analyse", lambda way, done: done)
    place = Place({"host": "/run/x", "user": "shop", "dbname": "shop"})
    way = Way(place, place, PROGRAMS, Runner("", "root", None, ""), work, "mark")
    assert copying._by_dump(way, own / "pgpass").ok
    assert list(elsewhere.iterdir()) == []
    assert (own / "list").stat().st_mode & 0o077 == 0
    assert f"--use-list={own / 'list'}" in [word for argv in ran for word in argv]


@pytest.mark.real
def test_who_listens_in_the_servers_place_is_not_told_the_password() -> None:
    heard = bytearray()
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def impostor() -> None:
            wire, _ = listening.accept()
            with wire:
                wire.settimeout(10)
                while chunk := wire.recv(4096):
                    heard.extend(chunk)
                    # SSLRequest and GSSENCRequest are 8 bytes; AuthenticationCleartextPassword.
                    wire.sendall(b"N" if len(chunk) == 8 else b"R" + struct.pack("!ii", 8, 3))

        thread = threading.Thread(target=impostor, daemon=True)
        thread.start()
        port = listening.getsockname()[1]
        place = place_of(f"postgresql://shop:s3cr3t@127.0.0.1:{port}/shop")
        with pytest.raises(psycopg.OperationalError), session(place):
            pass
        thread.join(10)
    assert b"shop" in heard
    assert b"s3cr3t" not in heard


@postgres
@pytest.mark.real
def test_a_copys_settings_lead_to_no_other_data() -> None:
    with open_folder() as folder:
        scene = scene_at(folder)
        live = data_folder(scene).resolve()
        initdb(live)
        copy = live.with_name("copy")
        shutil.copytree(live, copy)
        with (copy / "postgresql.conf").open("a") as settings:
            settings.write(f"\ndata_directory = '{live}'\nrestore_command = 'touch {live}/x'\n")
        if OWNER:
            for path in (copy, *copy.rglob("*")):
                shutil.chown(path, "postgres", "postgres")
        with running(scene, copy, copied=True, durable=False) as server:
            with psycopg.connect(server.conninfo(name="postgres", superuser=True)) as session:
                assert session.execute("SHOW data_directory").fetchone() == (str(copy),)
                assert session.execute("SHOW restore_command").fetchone() == ("",)
                shown = session.execute("SHOW max_logical_replication_workers").fetchone()
                assert shown == ("0",)
            assert not (live / "postmaster.pid").exists()
            # Its arguments tell every user where it is, and statements that fail stand in it.
            assert (server.socket.parent / "log").stat().st_mode & 0o077 == 0


@postgres
@pytest.mark.real
def test_what_comes_from_elsewhere_is_loaded_by_an_ordinary_role(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A function in a dump would run programs as the server's user, if a superuser loaded it."""
    seen: list[object] = []
    asked = """SELECT session_user::text, current_user::text, bool_or(rolsuper) FROM pg_roles
        WHERE rolname IN (session_user, current_user)"""

    def restore(scene: Scene, source: Path, env: dict[str, str], who: Runner) -> None:
        assert not OWNER or who.account.startswith("postgres")
        place = {"host": env["PGHOST"], "port": env["PGPORT"], "user": env["PGUSER"]}
        with psycopg.connect(make_conninfo(dbname=env["PGDATABASE"], **place)) as session:
            seen.append(session.execute(asked).fetchone())
            session.execute("SELECT similarity('a', 'b')")

    monkeypatch.setattr(database_back, "_restore", restore)
    with open_folder() as folder:
        scene = scene_at(folder, MANIFEST + 'extensions = ["pg_trgm", "pg_stat_statements"]\n')
        before = Deployment(1, "1", "", "", "1-abc", 1, 0.0)
        live = scene.layout.generations / "1"
        database_back.bundled(Draft(scene, 2, before, live, live, Silent()), folder, {})
        with running(scene, copied=False, durable=False) as server:
            with psycopg.connect(server.conninfo(superuser=True)) as session:
                needs = needs_of(session, "shop")
            cluster.begin_anew(scene, server, needs)
            with psycopg.connect(server.conninfo()) as session:
                seen.append(session.execute(asked).fetchone())
    assert seen == [("shop", "shop", False)] * 2
