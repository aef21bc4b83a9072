"""The first milliseconds: where the probe port is."""

import os
from pathlib import Path

import pytest

from agent.daemon import early
from agent.daemon.appliance import read_appliance
from agent.errors import ManifestError
from agent.layout import Layout
from agent.probe.settings import ProbeSettings

MANIFEST = """
[appliance]
name = "shop"
version = "1.0"
[probe]
address = "127.0.0.1"
port = 9000
agent_port = 9001
"""


@pytest.fixture
def place(root: Path) -> Path:
    layout = Layout(root)
    layout.etc.mkdir(parents=True)
    layout.agent_state.mkdir(parents=True)
    layout.manifest.write_text(MANIFEST)
    return root


def facts(settings: ProbeSettings | None) -> tuple[object, ...] | None:
    if settings is None:
        return None
    return (settings.address, settings.port, settings.agent_port, settings.certificate,
            settings.key)  # fmt: skip


def note(place: Path, settings: ProbeSettings) -> Path:
    path = place / early.NOTE
    path.write_text(early.note_of(str(place), settings))
    return path


def test_its_paths_are_those_of_the_layout(root: Path) -> None:
    layout = Layout(root)
    assert root / early.MANIFEST == layout.manifest
    assert root / early.SETTINGS == layout.settings
    assert (root / early.NOTE).parent == layout.agent_state


def test_the_manifest_says_it_where_nothing_was_noted(place: Path) -> None:
    assert early.remembered(str(place)) is None
    assert facts(early.declared(str(place))) == ("127.0.0.1", 9000, 9001, "", "")


def test_defaults_are_those_of_the_manifest(place: Path) -> None:
    Layout(place).manifest.write_text('[appliance]\nname = "shop"\nversion = "1"\n')
    found = early.declared(str(place))
    assert found is not None
    assert early.same(found, read_appliance(place).probe_settings())


@pytest.mark.parametrize(
    "odd",
    [
        'certificate = "tls"',
        'address = "{setting:listen}"',
        "address = 7",
        "port = 0",
        "port = true",
        'port = "8086"',
        "port = 70000",
        "agent_port = -1",
        "port = ",
    ],
)
def test_what_needs_more_than_a_glance_is_left_to_the_reader(place: Path, odd: str) -> None:
    Layout(place).manifest.write_text(f"[probe]\n{odd}\n")
    assert early.declared(str(place)) is None


def test_no_manifest_is_no_answer(root: Path) -> None:
    assert early.declared(str(root)) is None
    assert early.remembered(str(root)) is None


@pytest.mark.real
@pytest.mark.parametrize("odd", ["", 'certificate = "tls"', "port = "])
def test_what_is_read_aside_is_what_would_be_read_here(place: Path, odd: str) -> None:
    Layout(place).manifest.write_text(f"{MANIFEST}{odd}\n")
    assert facts(early.read_aside(str(place))) == facts(early.declared(str(place)))


@pytest.mark.real
def test_where_nothing_is_clear_nothing_is_started(root: Path) -> None:
    assert early.open_probe(str(root)) == (None, None)


def test_what_was_noted_comes_back_whole(place: Path) -> None:
    settings = ProbeSettings(address="::1", port=9, agent_port=None, certificate="/c", key="/k")
    note(place, settings)
    found = early.remembered(str(place))
    assert found is not None
    assert early.same(found, settings)


def test_a_note_does_not_outlive_a_change_of_manifest_or_settings(place: Path) -> None:
    layout = Layout(place)
    settings = ProbeSettings(port=9)
    note(place, settings)
    layout.settings.write_text("x = 1\n")
    assert early.remembered(str(place)) is None
    note(place, settings)
    assert early.remembered(str(place)) is not None
    facts = layout.manifest.stat()
    layout.manifest.write_text(MANIFEST.replace("9000", "9002"))
    os.utime(layout.manifest, ns=(facts.st_atime_ns, facts.st_mtime_ns))
    assert early.remembered(str(place)) is None


@pytest.mark.parametrize(
    "damage", [b"", b"\xff\xfe", b"caretaker probe start, format 1\n", b"x" * 9999]
)
def test_a_damaged_note_is_no_note(place: Path, damage: bytes) -> None:
    path = note(place, ProbeSettings(port=9))
    path.write_bytes(damage)
    assert early.remembered(str(place)) is None
    path.write_text(early.note_of(str(place), ProbeSettings(port=9)).replace("\n9\n", "\nport\n"))
    assert early.remembered(str(place)) is None


def test_the_appliance_is_read_whole_or_not_at_all(place: Path) -> None:
    appliance = read_appliance(place)
    assert appliance.layout.app == "shop"
    assert facts(appliance.probe_settings()) == ("127.0.0.1", 9000, 9001, "", "")
    Layout(place).settings.write_text("unknown = 1\n")
    with pytest.raises(ManifestError, match="unknown"):
        read_appliance(place)
    Layout(place).manifest.unlink()
    with pytest.raises(ManifestError, match="there is no") as caught:
        read_appliance(place)
    assert caught.value.code == "not-set-up"


def test_a_tls_pair_is_the_one_systemd_hands_over_or_else_the_layouts(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    layout = Layout(place, "shop")
    layout.manifest.write_text(f'{MANIFEST}certificate = "tls"\n[certificates.tls]\n')
    folder = layout.certificate("tls")
    assert facts(read_appliance(place).probe_settings())[3:] == (  # type: ignore[index]
        f"{folder}/chain.pem", f"{folder}/key.pem",
    )  # fmt: skip
    handed = place / "credentials"
    handed.mkdir()
    (handed / "probe.key.pem").write_text("key")
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(handed))
    assert facts(read_appliance(place).probe_settings())[3:] == (  # type: ignore[index]
        f"{handed}/probe.chain.pem", f"{handed}/probe.key.pem",
    )  # fmt: skip
