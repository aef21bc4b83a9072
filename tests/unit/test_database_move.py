"""The move of a database, on real servers: there, on to the next copy, back, and killed."""

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from agent.change.change import Draft
from agent.database import hashes, ours
from agent.database.generation import clone_external, collect, next_url
from agent.database.reach import place_of, session
from agent.database.status import status_of
from agent.deployment import Deployments
from agent.errors import MachineError, RolledBackError, UsageError
from agent.host import files
from agent.progress import Silent
from tests.unit.odd_database import STATEMENTS
from tests.unit.postgres_elsewhere import PASSWORD, Elsewhere, elsewhere
from tests.unit.postgres_move import NothingRuns, appliance, bundled, cluster_of, moved, swept
from tests.unit.postgres_place import PROGRAMS, open_folder

pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif(not PROGRAMS.is_dir(), reason="PostgreSQL 15 is not installed here"),
]
PLAIN = (
    "CREATE TABLE goods (id int PRIMARY KEY, name text)",
    "INSERT INTO goods SELECT g, 'good ' || g FROM generate_series(1, 500) g",
)


@pytest.fixture(scope="module")
def server() -> Iterator[Elsewhere]:
    with elsewhere() as found:
        yield found


@pytest.fixture(scope="module")
def plain() -> Iterator[Path]:
    with open_folder() as folder:
        yield cluster_of(folder, *PLAIN)


@pytest.fixture(autouse=True)
def clean(request: pytest.FixtureRequest) -> Iterator[None]:
    yield
    if "server" in request.fixturenames:
        server: Elsewhere = request.getfixturevalue("server")
        for name in server.databases():
            server.sql(f"DROP DATABASE {name} WITH (FORCE)")


class Noted(Silent):
    def __init__(self) -> None:
        self.notes: list[str] = []

    def note(self, text: str) -> None:
        self.notes.append(text)

    def step(self, code: str, title: str) -> None:
        self.notes.append(title)


def test_one_of_everything_goes_there_and_comes_back(server: Elsewhere) -> None:
    with open_folder() as folder, appliance(cluster_of(folder, *STATEMENTS)) as scene:
        server.sql("CREATE DATABASE shop")
        with bundled(scene) as place:
            before = hashes.content_of(place)
        noted = Noted()
        outcome = moved(scene, server.url(), progress=noted)
        assert outcome.changed
        deployments = Deployments(scene.layout, scene.host.clock)
        url = deployments.database_url(outcome.deployment)
        assert place_of(url).name == "shop_g2"
        with pytest.raises(UsageError, match=r"shop_g2 already"):
            moved(scene, server.url())
        assert scene.values.database() == url
        assert not (scene.layout.data / "postgres").exists()
        assert (scene.layout.data / "upload.txt").read_text() == "kept"
        assert (scene.layout.generations / "1/postgres/PG_VERSION").exists()
        assert not any(PASSWORD in line for line in noted.notes)
        assert hashes.differences(before, hashes.content_of(place_of(url))) == []
        back = moved(scene, "bundled")
        assert deployments.database_url(back.deployment) == ""
        with bundled(scene) as place:
            assert hashes.differences(before, hashes.content_of(place)) == []
            with session(place) as opened:
                asked = "SELECT rolsuper FROM pg_roles WHERE rolname = 'shop'"
                assert opened.execute(asked).fetchone() == (False,)
                asked = "SELECT pg_get_userbyid(relowner) FROM pg_class WHERE relname = 'x'"
                assert opened.execute(asked).fetchone() == ("shop",)
        with psycopg.connect(url) as old, pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
            old.execute("DELETE FROM refers")


def test_an_unhealthy_one_goes_back_and_the_next_try_drops_what_it_left(
    server: Elsewhere, plain: Path
) -> None:
    with appliance(plain) as scene:
        server.sql("CREATE DATABASE shop")
        with pytest.raises(RolledBackError):
            moved(scene, server.url(), means=NothingRuns(good=False))
        assert scene.values.database().endswith("@127.0.0.1:5432/shop")
        assert server.databases() == ["shop", "shop_g2"]  # kept: the deployment is `abandoned`
        outcome = moved(scene, server.url())
        assert server.databases() == ["shop", "shop_g2", "shop_g3"]
        deployments = Deployments(scene.layout, scene.host.clock)
        folder = deployments.folder(2)
        files.remove(folder / "database.json")
        assert collect(scene) == ([f"127.0.0.1:{server.port}/shop_g2"], [])
        assert server.databases() == ["shop", "shop_g3"]
        assert outcome.deployment == 3


def test_an_upgrade_has_a_copy_of_its_own(server: Elsewhere, plain: Path) -> None:
    with appliance(plain) as scene:
        server.sql("CREATE DATABASE shop")
        moved(scene, server.url())
        deployments = Deployments(scene.layout, scene.host.clock)
        active = deployments.active()
        assert active is not None
        told = status_of(scene)
        assert (told.placement, told.name, told.encrypted) == ("external", "shop_g2", True)
        assert not told.fenced
        assert told.size > 1 << 20
        url = next_url(scene)
        assert place_of(url).name == "shop_g3"
        with psycopg.connect(deployments.database_url(2), autocommit=True) as forgotten:
            data = scene.layout.generations / "3.part"
            data.mkdir()
            draft = Draft(scene, 3, active, scene.layout.generations / "2", data, Silent())
            clone_external(draft, url)
            clone_external(draft, url)  # killed, and run again
            with pytest.raises(psycopg.OperationalError):
                forgotten.execute("SELECT 1")
        one, other = (hashes.content_of(place_of(deployments.database_url(2))),
                      hashes.content_of(place_of(url)))  # fmt: skip
        assert hashes.differences(one, other) == []
        assert collect(scene)[0] == [f"127.0.0.1:{server.port}/shop_g3"]


def test_a_role_without_createdb_fills_the_empty_one_that_is_named(
    server: Elsewhere, plain: Path
) -> None:
    with appliance(plain) as scene:
        make = "CREATE DATABASE given OWNER guest TEMPLATE template0 LC_COLLATE 'C.UTF-8'"
        server.sql(make)
        url = server.url("guest", "given")
        assert moved(scene, url).changed
        assert next_url(scene) == Deployments(scene.layout, scene.host.clock).database_url(2)
        with pytest.raises(UsageError):
            moved(scene, url)
        place = place_of(url)
        ours.make_empty(place, ours.mark_of(scene))  # as after a kill: emptied again
        assert ours.is_empty(place)


def test_what_is_not_ours_is_never_dropped(server: Elsewhere, plain: Path) -> None:
    with appliance(plain) as scene:
        server.sql("CREATE DATABASE shop")
        server.sql("CREATE DATABASE shop_g2 OWNER owner")
        server.sql("CREATE TABLE theirs (a int)", name="shop_g2")
        moved(scene, server.url())
        names = server.databases()
        assert names == ["shop", "shop_g2", "shop_g2_2"]
        place = place_of(server.url())
        with session(place) as opened, pytest.raises(MachineError) as caught:
            ours.drop(opened, "shop_g2", ours.mark_of(scene))
        assert caught.value.code == "refused"


@pytest.mark.parametrize(
    "where",
    [
        "agent.database.ours.set_mark",
        "agent.deployment.Deployments.flip",
    ],
)
def test_killed_anywhere_a_second_run_converges(
    server: Elsewhere, plain: Path, where: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a kill: whatever is called next does not happen, and nothing is tidied up."""
    with appliance(plain) as scene:
        server.sql("CREATE DATABASE shop")
        monkeypatch.setattr(where, stop)
        with pytest.raises(KeyboardInterrupt):
            moved(scene, server.url())
        monkeypatch.undo()
        swept(scene)
        outcome = moved(scene, server.url())
        assert server.databases() == ["shop", "shop_g2"]
        found = hashes.content_of(
            place_of(Deployments(scene.layout, scene.host.clock).database_url(outcome.deployment))
        )
        assert found.rows == 500


def stop(*_: object, **__: object) -> None:
    raise KeyboardInterrupt
