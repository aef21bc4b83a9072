"""Answers and secrets: held to their questions, written and read back the same."""

import tempfile
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.errors import MachineError, ManifestError
from agent.host.aside import set_aside_before
from agent.layout import Layout
from agent.manifest.model import Secret
from agent.manifest.placeholders import Values, expand, holds_secret
from agent.manifest.reader import parse
from agent.secrets import Secrets, make
from agent.settings import read_settings, write_settings
from agent.state import StateFile
from agent.values import values_for

MANIFEST = parse("""
[appliance]
name = "shop"
version = "1"
[settings]
region = { title = "Region", default = "eu", choices = ["eu", "us"] }
workers = { title = "Workers", type = "number", default = 4 }
mail = { title = "Mail", type = "switch", default = false }
name = { title = "Name", pattern = '[a-z ]*' }
[secrets]
key = {}
""")


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    layout = Layout(tmp_path, "shop")
    layout.etc.mkdir(parents=True)
    layout.config.mkdir(parents=True)
    return layout


def test_defaults_stand_where_nothing_was_answered(layout: Layout) -> None:
    expected = {"region": "eu", "workers": 4, "mail": False, "name": ""}
    assert read_settings(MANIFEST, layout) == expected


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("region = 'mars'", "'mars' is none of eu, us"),
        ("workers = '4'", "must be a whole number"),
        ("workers = true", "must be a whole number"),
        ("mail = 1", "must be true or false"),
        ("name = 'A'", "does not match"),
        ("regoin = 'eu'", 'did you mean "region"?'),
        ("region = ", "settings.toml"),
    ],
)
def test_a_wrong_answer_is_told(layout: Layout, text: str, told: str) -> None:
    layout.settings.write_text(text)
    with pytest.raises(ManifestError, match=r"settings\.toml|region|workers|mail|name") as caught:
        read_settings(MANIFEST, layout)
    assert told in caught.value.message


@given(st.text())
def test_any_text_survives_being_written(text: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        layout = Layout(Path(folder), "shop")
        layout.etc.mkdir(parents=True)
        free = parse('[appliance]\nname="a"\nversion="1"\n[settings.t]\ntitle="T"\n')
        try:
            text.encode()
        except UnicodeEncodeError:
            return  # A lone surrogate is no text that TOML, or any file, can hold.
        write_settings(layout, {"t": text})
        assert read_settings(free, layout) == {"t": text}


def test_placeholders_are_filled_from_their_sources(layout: Layout) -> None:
    secrets = Secrets(layout)
    assert secrets.ensure("key", MANIFEST.secrets["key"])
    assert not secrets.ensure("key", MANIFEST.secrets["key"])
    values = values_for(MANIFEST, layout)
    value = expand("{data}|{secret:key}|{setting:mail}|{x}y|{ }".replace("{x}", ""), values)
    data, key, mail, rest, braces = value.split("|")
    assert data == str(layout.data)
    assert len(key) == 32
    assert key == secrets.read("key")
    assert (mail, rest, braces) == ("false", "y", "{ }")
    assert holds_secret("a{secret:key}")
    assert not holds_secret("{data}")
    with pytest.raises(ManifestError, match="no placeholder"):
        expand("{nope}", Values({}, {}))


def test_a_secret_is_private_and_its_absence_is_an_error(
    layout: Layout, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    secrets = Secrets(layout)
    with pytest.raises(MachineError) as caught:
        secrets.read("key")
    assert caught.value.hint == "/opt/shop/setup.sh"
    secrets.ensure("key", Secret())
    assert (layout.secrets / "key").stat().st_mode & 0o777 == 0o600
    assert layout.secrets.stat().st_mode & 0o777 == 0o700
    handed = tmp_path / "credentials"
    handed.mkdir()
    (handed / "key").write_text("from systemd\n")
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(handed))
    assert secrets.read("key") == "from systemd"


def test_secrets_are_never_alike_and_keep_to_their_alphabet() -> None:
    made = {make(Secret(length=64, alphabet="hex")) for _ in range(50)}
    assert len(made) == 50
    assert all(set(value) <= set("0123456789abcdef") and len(value) == 64 for value in made)


class Count(msgspec.Struct):
    number: int


def test_a_state_file_that_makes_no_sense_is_set_aside(tmp_path: Path) -> None:
    file = StateFile(tmp_path / "count.json", Count)
    assert file.load() is None
    file.save(Count(3))
    assert file.load() == Count(3)
    for number, wrong in enumerate((b"", b'{"number": "x"}', b"\x00\xff", b"[" * 9999), start=1):
        file.path.write_bytes(wrong)
        assert file.broken()
        assert file.load(aside=False) is None
        assert file.path.read_bytes() == wrong
        assert file.load() is None
        assert not file.broken()
        kept = set_aside_before(file.path)
        assert len(kept) == min(number, 3)
        assert wrong in [each.read_bytes() for each in kept]
