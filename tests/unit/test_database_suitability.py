"""Servers elsewhere that can't take a database, and the cure each finding names."""

from collections.abc import Iterator

import pytest

from agent.database.needs import Needs
from agent.database.reach import place_of
from agent.database.suitability import Suitable, judge
from agent.errors import MachineError, UsageError
from agent.manifest.reader import parse
from tests.unit.postgres_elsewhere import PASSWORD, Elsewhere, elsewhere
from tests.unit.postgres_place import MANIFEST, PROGRAMS

pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif(not PROGRAMS.is_dir(), reason="PostgreSQL 15 is not installed here"),
]
NEEDS = Needs(
    name="shop", user="shop", version=150010, encoding="UTF8", collate="C.UTF-8", ctype="C.UTF-8",
    size=50 << 20, connections=3,
)  # fmt: skip


@pytest.fixture(scope="module")
def server() -> Iterator[Elsewhere]:
    with elsewhere("max_connections=30") as found:
        found.sql("CREATE DATABASE shop")
        found.sql("CREATE DATABASE full_one OWNER guest")
        found.sql("CREATE TABLE theirs (a int)", name="full_one")
        found.sql("CREATE DATABASE latin OWNER guest TEMPLATE template0 ENCODING 'LATIN1' "
                  "LC_COLLATE 'C' LC_CTYPE 'C'")  # fmt: skip
        found.sql("CREATE DATABASE others")
        found.sql("CREATE DATABASE closed OWNER owner; ")
        found.sql("ALTER DATABASE closed SET default_transaction_read_only = on")
        found.sql("REVOKE CONNECT ON DATABASE others FROM PUBLIC; ")
        found.sql(f"CREATE ROLE few LOGIN CREATEDB PASSWORD '{PASSWORD}' CONNECTION LIMIT 4")
        yield found


def judged(url: str, needs: Needs = NEEDS, extensions: str = "") -> Suitable:
    text = MANIFEST.replace("[database]", f"[database]\nextensions = [{extensions}]")
    return judge(place_of(url), needs, parse(text))


def failing(found: Suitable) -> dict[str, str]:
    return {each.name: each.cure for each in found.findings if each.status == "fail"}


def test_a_good_one_is_good(server: Elsewhere) -> None:
    found = judged(server.url(), extensions='"pg_trgm"')
    assert failing(found) == {}
    assert found.may_create
    assert {each.name for each in found.findings} >= {"tls", "version", "create", "extension"}


@pytest.mark.parametrize(
    ("user", "name", "finding", "cure"),
    [
        ("guest", "nowhere", "create", "CREATEDB"),
        ("guest", "full_one", "empty", "name an empty database"),
        ("guest", "latin", "encoding", "ENCODING 'UTF8'"),
        ("guest", "shop", "owner", "OWNER TO guest"),
        ("few", "shop", "connections", "CONNECTION LIMIT"),
        ("owner", "closed", "writable", "RESET default_transaction_read_only"),
        ("nobody", "shop", "login", "password for nobody"),
    ],
)
def test_each_reason_has_its_cure(
    server: Elsewhere, user: str, name: str, finding: str, cure: str
) -> None:
    found = failing(judged(server.url(user, name)))
    assert cure in found[finding]
    assert PASSWORD not in str(found)


def test_extensions_are_tried_and_leave_nothing(server: Elsewhere) -> None:
    found = judged(server.url(), extensions='"file_fdw", "timescaledb", "citext"')
    told = {each.summary: each.status for each in found.findings if each.name == "extension"}
    assert [status for text, status in told.items() if "citext" in text] == ["pass"]
    assert [status for text, status in told.items() if "file_fdw" in text] == ["fail"]
    assert [status for text, status in told.items() if "timescaledb" in text] == ["fail"]
    assert server.sql("SELECT extname FROM pg_extension", name="shop") == [("plpgsql",)]


def test_versions_and_what_only_a_superuser_makes(server: Elsewhere) -> None:
    newer = Needs(**{**{f: getattr(NEEDS, f) for f in NEEDS.__struct_fields__},
                     "version": 160002, "foreign": ("foreign server far",),
                     "collate": "xx_YY.UTF-8", "owners": ("other",)})  # fmt: skip
    found = judged(server.url(), newer)
    assert set(failing(found)) == {"version", "content", "collation"}
    assert [each.name for each in found.findings if each.status == "warn"] == ["owners"]
    with pytest.raises(MachineError) as caught:
        found.refuse_unsuitable(place_of(server.url()))
    assert caught.value.code == "database-unsuitable"
    assert caught.value.exit_status == 4


def test_only_verified_tls_will_do(server: Elsewhere) -> None:
    wrong_name = server.url().replace("127.0.0.1", "127.0.0.2")
    assert set(failing(judged(wrong_name))) <= {"tls", "reachable"}
    assert "tls" in failing(judged(server.url(sslrootcert="")))  # the system's authorities
    missing = failing(judged(server.url(sslrootcert="/nowhere.pem")))
    assert "--ca FILE" in missing["tls"]
    gone = failing(judged(server.url().replace(f":{server.port}/", ":1/")))
    assert "open the way" in gone["reachable"]


def test_a_server_without_tls_is_told() -> None:
    with elsewhere(tls=False) as server:
        found = failing(judged(server.url()))
        assert "ssl = on" in found["tls"]


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("mysql://a:geheim@h/d", "must begin with"),
        ("postgresql://a:geheim@db.example/d?sslmode=require", "anybody for the server"),
        ("postgresql://a:geheim@db.example/d?sslmode=disable", "anybody for the server"),
        ("postgresql://a:geheim@one,two/d", "several hosts"),
        ("postgresql://a:geheim@h", "names no database"),
        ("postgresql://:geheim@h/d", "names no user"),
        ("postgresql://a:gehe%im@h/d", "can't read it"),
        ("postgresql://a:geheim@h/d?nonsense=1", "can't read it"),
    ],
)
def test_a_url_is_refused_without_being_repeated(url: str, why: str) -> None:
    with pytest.raises(UsageError) as caught:
        place_of(url)
    assert why in caught.value.message
    assert "gehe" not in f"{caught.value.message}{caught.value.hint}"


def test_a_url_is_the_same_after_reading() -> None:
    url = "postgresql://a%40b:x%2Fy%3A@db.example:6432/d%20e?application_name=shop"
    place = place_of(url, ca="/etc/shop/ca.pem")
    assert place.password == "x/y:"
    assert "x/y" not in repr(place)
    again = place_of(place.url)
    assert again == place
    assert again.facts["sslmode"] == "verify-full"
    assert again.facts["sslrootcert"] == "/etc/shop/ca.pem"
    assert place.passfile_line() == "db.example:6432:*:a@b:x/y\\:\n"
