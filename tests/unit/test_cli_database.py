"""`caretaker database`, as far as it goes without a server."""

import json
from pathlib import Path
from types import SimpleNamespace

import pytest
from click.testing import CliRunner

from agent.change.change import Change, Target
from agent.change.request import MoveRequest
from agent.cli.database_url import kept_url
from agent.cli.program import program
from agent.database import move, status
from agent.errors import CaretakerError, MachineError, ManifestError, UsageError
from agent.layout import Layout
from agent.progress import Progress
from agent.remedies.remedy import Scene
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


def test_a_plan_tells_how_large_it_is_and_what_is_to_be_known(
    layout: Layout, monkeypatch: pytest.MonkeyPatch
) -> None:
    def prepared(_scene: Scene, _request: MoveRequest, progress: Progress) -> Change:
        progress.note("warn: owner may not create databases")
        target = Target(version="1", digest="", release="r", manifest=b"")
        return Change("move", "move the database", target, None)

    monkeypatch.setattr(move, "prepare_move", prepared)
    monkeypatch.setattr(status, "status_of", lambda _scene: SimpleNamespace(size=5 << 20))
    words = ("move", "--to", "-", "--plan")
    output, error = ran(layout.root, *words, text="postgresql://a:b@db.example/c")
    assert error is None
    assert "copy the database, 5.0 MiB, into a new one" in output
    assert output.endswith("  warn: owner may not create databases\n")
    output, _ = ran(layout.root, *words, "--json", text="postgresql://a:b@db.example/c")
    told = json.loads(output)
    assert (told["size"], told["notes"]) == (5 << 20, ["warn: owner may not create databases"])
