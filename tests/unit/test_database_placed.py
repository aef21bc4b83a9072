"""What is left of a manifest while the database stands on another server."""

from pathlib import Path

from agent.cli.appliance import manifest_of
from agent.database.placed import placed, without_server
from agent.layout import Layout
from agent.manifest.reader import parse

TEXT = """
[appliance]
name = "shop"
version = "1"
[secrets.db]
[services.db]
command = ["/usr/lib/postgresql/15/bin/postgres", "-D", "{data}/postgres"]
[services.web]
command = ["{release}/web"]
environment = { DATABASE_URL = "{database}" }
requires = ["db"]
[database]
engine = "postgres"
service = "db"
name = "shop"
user = "shop"
[checks.server]
type = "unit"
service = "db"
[checks.rows]
type = "postgres"
user = "shop"
[checks.others]
type = "postgres"
address = "10.0.0.9"
user = "other"
[checks.web]
type = "http"
url = "http://127.0.0.1:8000/"
requires = ["server"]
restart = "web"
[groups]
data = ["server", "web"]
[locks.pid]
kind = "pidfile"
path = "{data}/postgres/postmaster.pid"
service = "db"
"""


def test_the_server_goes_with_all_that_looks_at_it() -> None:
    found = without_server(parse(TEXT))
    assert list(found.services) == ["web"]
    assert found.services["web"].requires == []
    assert list(found.checks) == ["others", "web"]
    assert found.checks["web"].requires == []
    assert found.checks["web"].restart == "web"
    assert found.groups == {"data": ["web"]}
    assert found.locks == {}
    assert without_server(found) == found


def test_the_record_of_the_active_deployment_decides(root: Path) -> None:
    layout = Layout(root, "shop")
    manifest = parse(TEXT)
    assert placed(manifest, layout) is manifest
    folder = layout.deployments / "2"
    folder.mkdir(parents=True)
    layout.active.symlink_to("deployments/2")
    (folder / "database.json").write_text("{}")
    assert list(placed(manifest, layout).services) == ["web"]
    layout.manifest.parent.mkdir(parents=True)
    layout.manifest.write_text(TEXT)
    assert list(manifest_of(layout)[0].services) == ["web"]


def test_others_are_left_as_they_are() -> None:
    text = TEXT.split("[database]")[0].replace("{database}", "x")
    manifest = parse(text)
    assert without_server(manifest) is manifest
