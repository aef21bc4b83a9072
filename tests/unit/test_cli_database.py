"""`caretaker database`, as far as it goes without a server."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from agent.cli.database_url import kept_url
from agent.cli.program import program
from agent.errors import CaretakerError, MachineError, ManifestError, UsageError
from agent.layout import Layout
from tests.unit.postgres_place import scene_at

PLAIN = '[appliance]\nname = "movetest"\nversion = "1"\n'


def ran(root: Path, *words: str, text: str = "") -> tuple[str, BaseException | None]:
    done = CliRunner().invoke(program, ["--root", str(root), "database", *words], input=text)
    return done.output, done.exception


@pytest.fixture
def layout(root: Path) -> Layout:
    scene = scene_at(root)
    scene.layout.manifest.parent.mkdir(parents=True)
    scene.layout.manifest.write_text(PLAIN)
    return scene.layout


@pytest.mark.parametrize("words", [("status",), ("check", "--to", "postgresql://a@127.0.0.1/b")])
def test_without_a_database_it_says_so(layout: Layout, words: tuple[str, ...]) -> None:
    _, error = ran(layout.root, *words)
    assert isinstance(error, ManifestError)
    assert "declares no database" in error.message


def test_an_empty_input_is_no_url(layout: Layout) -> None:
    _, error = ran(layout.root, "move", "--to", "-", text="\n")
    assert isinstance(error, UsageError)
    assert "no URL on the input" in error.message


def test_a_wrong_url_is_not_repeated(layout: Layout) -> None:
    output, error = ran(layout.root, "move", "--to", "-", text="postgresql://a:geheim@b\n")
    assert isinstance(error, CaretakerError)
    assert "geheim" not in f"{output}{error.message}{error.hint}"


def test_the_authority_is_kept_where_the_application_reads_it(layout: Layout, root: Path) -> None:
    ca = root / "ca.pem"
    ca.write_text("an authority")
    url = kept_url(layout, "postgresql://a:b@db.example/c", str(ca), keep=True)
    [kept] = layout.config.glob("database-*.pem")
    assert kept.read_text() == "an authority"
    assert kept.name in url
    assert "sslmode=verify-full" in url
    with pytest.raises(MachineError):
        kept_url(layout, "postgresql://a:b@db.example/c", str(root / "none"), keep=True)


def test_a_plan_writes_nothing(layout: Layout, root: Path) -> None:
    ca = root / "ca.pem"
    ca.write_text("an authority")
    url = kept_url(layout, "postgresql://a:b@db.example/c", str(ca), keep=False)
    assert json.dumps(str(ca))[1:-1].replace("/", "%2F") in url
    assert not layout.config.joinpath("database").exists()
    assert list(layout.config.glob("database-*.pem")) == []
