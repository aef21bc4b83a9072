"""Setup's step for what the vendor put beside the manifest."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from agent.errors import ManifestError
from agent.host import files
from setup.site import Site
from setup.steps.vendor import VENDOR
from tests.unit.setup_site import appliance, make_site


def _root(folder: Path, version: int) -> None:
    (folder / "root.json").write_text(json.dumps({"signed": {"version": version}}))


def _migration(folder: Path, name: str) -> None:
    (folder / "migrations" / name).mkdir(parents=True)
    (folder / "migrations" / name / "up.sql").write_text("SELECT 1;")


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return appliance(tmp_path / "source")


@pytest.fixture
def site(source: Path, root: Path) -> Site:
    site = make_site(source, root)
    files.ensure_folder(site.layout.etc)
    return site


def test_nothing_handed_in_is_nothing_to_do(site: Site) -> None:
    assert VENDOR.look(site).satisfied


def test_root_and_migrations_are_put_in_place_once(site: Site, source: Path) -> None:
    _root(source, 1)
    _migration(source, "0001-first")
    assert len(VENDOR.look(site).needs) == 2
    assert VENDOR.apply(site) == "root of trust and names of migrations"
    assert VENDOR.look(site).satisfied
    assert (site.layout.keys / "root.json").read_text() == (source / "root.json").read_text()
    assert (site.layout.etc / "migrations/0001-first/up.sql").read_text() == "SELECT 1;"


def test_an_older_root_never_replaces_a_newer_one(site: Site, source: Path) -> None:
    _root(source, 3)
    VENDOR.apply(site)
    _root(source, 2)
    assert VENDOR.look(site).satisfied
    _root(source, 4)
    VENDOR.apply(site)
    assert '"version": 4' in (site.layout.keys / "root.json").read_text()


def test_what_is_no_root_of_trust_is_told(site: Site, source: Path) -> None:
    (source / "root.json").write_text("{}")
    with pytest.raises(ManifestError, match="is no root of trust"):
        VENDOR.look(site)


def test_supports_public_key_is_put_in_place_and_renewed(site: Site, source: Path) -> None:
    for key in ("age1first", "age1first\nage1second"):
        (source / "support.age").write_text(f"# the vendor's support\n{key}\n")
        assert not VENDOR.look(site).satisfied
        assert VENDOR.apply(site) == "key of support"
        assert VENDOR.look(site).satisfied
        assert key in site.layout.support_recipient.read_text()


@pytest.mark.parametrize("key", ["", "AGE-SECRET-" + "KEY-1QQ", "hello"])
def test_what_is_no_public_key_never_gets_into_place(site: Site, source: Path, key: str) -> None:
    (source / "support.age").write_text(f"# created today\n{key}\n")
    with pytest.raises(ManifestError, match="no list of public age keys"):
        VENDOR.look(site)
    assert not site.layout.support_recipient.exists()


def test_under_data_that_is_there_no_migration_is_claimed(site: Site, source: Path) -> None:
    _migration(source, "0001-first")
    VENDOR.apply(site)
    files.ensure_folder(site.layout.data_home)
    site.layout.active.symlink_to("deployments/1")
    _migration(source, "0002-second")
    assert VENDOR.look(site).satisfied
    assert not (site.layout.etc / "migrations/0002-second").exists()


def test_migrations_that_are_gone_before_there_is_data_go(site: Site, source: Path) -> None:
    _migration(source, "0001-first")
    VENDOR.apply(site)
    (source / "migrations").rename(source / "away")
    assert VENDOR.apply(site) == "names of migrations"
    assert not (site.layout.etc / "migrations").exists()
