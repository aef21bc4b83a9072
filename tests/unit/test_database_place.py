"""`{database}`, the manifest's [database] keys, and the record of a deployment."""

import stat
from pathlib import Path
from urllib.parse import quote

import pytest

from agent.credentials.users import services_using
from agent.database.place import address, initial, recorded
from agent.deployment import Deployment, Deployments
from agent.errors import MachineError, ManifestError
from agent.host import files
from agent.host.clock import Clock
from agent.layout import Layout
from agent.manifest.placeholders import expand, holds_secret
from agent.manifest.reader import parse
from agent.services import program
from agent.services.credentials import daemon_drop_in
from agent.values import values_for

BEGIN = """
[appliance]
name = "shop"
version = "1"
[secrets.db]
[services.db]
command = ["/usr/lib/postgresql/15/bin/postgres", "-D", "{data}/postgres"]
user = "postgres"
[services.web]
command = ["{release}/web"]
environment = { DATABASE_URL = "{database}" }
"""
DATABASE = """
[database]
engine = "postgres"
service = "db"
name = "shop"
user = "shop"
password = "{secret:db}"
port = 5433
"""


@pytest.fixture
def layout(root: Path) -> Layout:
    found = Layout(root, "shop")
    (found.deployments / "3").mkdir(parents=True)
    found.active.symlink_to("deployments/3")
    found.secrets.mkdir(parents=True)
    (found.secrets / "db").write_text("p@ss/word\n")
    return found


def test_bundled_it_is_this_machine_and_counts_as_a_secret(layout: Layout) -> None:
    manifest = parse(BEGIN + DATABASE)
    values = values_for(manifest, layout)
    url = "postgresql://shop:p%40ss%2Fword@127.0.0.1:5433/shop"
    assert expand("{database}", values) == url
    assert holds_secret("x={database}")
    assert not holds_secret("{data}")
    web = manifest.services["web"]
    assert program.plain_environment(web, values) == {}
    assert program.secret_environment(web, values) == {"DATABASE_URL": url}
    assert services_using(manifest, "db") == ["web"]


def test_the_deployment_says_where_else_it_is(layout: Layout) -> None:
    manifest = parse(BEGIN + DATABASE)
    values = values_for(manifest, layout)
    url = "postgresql://shop:geheim@db.example/shop_g3?sslmode=verify-full"
    deployment = Deployment(4, "1", "", "", "1-abc", 4, 0.0)
    Deployments(layout, Clock()).write(deployment, manifest=b"", database_url=url)
    layout.active.unlink()
    layout.active.symlink_to("deployments/4")
    path = layout.deployments / "4/database.json"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert expand("{database}", values) == url


def test_without_a_password_it_is_the_socket(layout: Layout) -> None:
    manifest = parse(BEGIN + DATABASE.replace('password = "{secret:db}"', ""))
    url = expand("{database}", values_for(manifest, layout))
    assert url == f"postgresql://shop@/shop?host={quote(str(layout.app_run), safe='')}&port=5433"


def test_an_external_one_at_setup(layout: Layout) -> None:
    text = BEGIN + DATABASE + 'placement = "external"\nurl = "postgresql://a:{secret:db}@h/n"\n'
    manifest = parse(text)
    values = values_for(manifest, layout)
    assert expand("{database}", values).endswith("@127.0.0.1:5433/shop")  # it was moved since
    layout.active.unlink()
    assert expand("{database}", values) == "postgresql://a:p@ss/word@h/n"
    assert initial(manifest, values) == "postgresql://a:p@ss/word@h/n"


def test_a_spoilt_record_is_told_without_what_it_holds(layout: Layout) -> None:
    files.replace(layout.active.resolve() / "database.json", b'{"url": 7, "x": "geheim"}')
    with pytest.raises(MachineError) as caught:
        recorded(layout.active)
    assert "geheim" not in str(caught.value)


def test_the_daemon_is_handed_what_a_check_needs(layout: Layout) -> None:
    check = """
[checks.rows]
type = "command"
command = ["{release}/rows"]
environment = { DATABASE_URL = "{database}" }
"""
    text = daemon_drop_in(parse(BEGIN + DATABASE + check), layout)
    assert f"LoadCredential=database.json:{layout.active}/database.json" in text
    assert f"LoadCredential=db:{layout.secrets}/db" in text


def test_an_empty_credential_is_no_record(
    root: Path, layout: Layout, monkeypatch: pytest.MonkeyPatch
) -> None:
    handed = root / "handed"
    handed.mkdir()
    (handed / "database.json").write_text("\n")
    (handed / "db").write_text("x\n")
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(handed))
    values = values_for(parse(BEGIN + DATABASE), layout)
    assert expand("{database}", values) == "postgresql://shop:x@127.0.0.1:5433/shop"


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        ('engine = "postgres"', "", "{database} is used"),
        ('service = "db"', 'service = "nope"', "no declared service"),
        ('service = "db"', "", "the service that runs the bundled server"),
        ('name = "shop"\n', "", "must be given with engine"),
        ('name = "shop"\n', 'name = "Shop; DROP"\n', "name"),
        (
            'user = "shop"',
            'user = "shop"\nplacement = "external"',
            "must be given with an external",
        ),
        ('user = "shop"', 'user = "shop"\nfolder = "/var/lib/pg"', "below {data}"),
        ('user = "shop"', 'user = "shop"\nfolder = "{data}/../x"', "below {data}"),
        ('"{secret:db}"', '"{database}"', "part of itself"),
    ],
)
def test_wrong_keys_are_told(before: str, after: str, words: str) -> None:
    assert before in DATABASE
    with pytest.raises(ManifestError) as caught:
        parse(BEGIN + DATABASE.replace(before, after))
    assert words in str(caught.value)


def test_an_address_shows_no_password() -> None:
    assert address("postgresql://shop:geheim@db.example:5433/x?password=geheim") == (
        "db.example:5433/x"
    )
    assert address("postgresql://shop:ge[heim@db") == "that URL"
