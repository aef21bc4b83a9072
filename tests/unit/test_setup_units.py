"""The step "units": what it asks of systemd, and how often."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from agent.change import derived
from agent.change.derived import Wanted
from agent.host.unit_facts import UnitFacts
from setup import restarts
from setup.place import Mode
from setup.site import Site
from setup.steps import units
from tests.unit.setup_site import make_site

Asked = list[tuple[str, ...]]


@pytest.fixture
def site(tmp_path: Path) -> Site:
    (tmp_path / "root").mkdir()
    made = make_site(tmp_path / "source", tmp_path / "root")
    made.layout.state.mkdir(parents=True, exist_ok=True)
    return replace(made, place=replace(made.place, mode=Mode.SYSTEMD))


@pytest.fixture
def told(site: Site, monkeypatch: pytest.MonkeyPatch) -> Asked:
    """What systemctl was told; files are written as whoever runs the test."""
    asked: Asked = []

    def control(_: Site, *words: str) -> None:
        asked.append(words)

    monkeypatch.setattr(units, "_control", control)
    monkeypatch.setattr(derived, "stands", _stands)
    monkeypatch.setattr(derived, "write", _write)
    return asked


def _stands(wanted: Wanted) -> bool:
    return wanted.path.is_file() and wanted.path.read_bytes() == wanted.content


def _write(wanted: Wanted) -> None:
    wanted.path.parent.mkdir(parents=True, exist_ok=True)
    wanted.path.write_bytes(wanted.content)


def _answering(asked: Asked, **known: str) -> Callable[[Sequence[str]], dict[str, UnitFacts]]:
    """Units by name without suffix, and the run they are in ("": none)."""

    def read(names: Sequence[str]) -> dict[str, UnitFacts]:
        asked.extend([("show",)] if names else [])
        return {name: _facts(name, known.get(name.partition(".")[0])) for name in names}

    return read


def _facts(name: str, run: str | None) -> UnitFacts:
    if run is None:
        return UnitFacts(name, "not-found", "inactive", "dead", "", False, "")
    state = ("active", "running") if run else ("inactive", "dead")
    return UnitFacts(name, "loaded", *state, "enabled", False, run)


def test_on_a_bare_machine_systemd_is_asked_once_and_reads_its_files_once(
    site: Site, told: Asked, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(units, "read_units", _answering(told))
    monkeypatch.setattr(restarts, "read_units", _answering(told))
    words = units.apply(site)
    assert [each[0] for each in told] == ["show", "enable"]
    assert set(told[1][1:]) == set(units.enabled_units(site))
    assert f"enabled {len(units.enabled_units(site))} units" in words


def test_a_changed_file_of_a_running_unit_is_noted_for_the_run_that_read_the_old_one(
    site: Site, told: Asked, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(units, "read_units", _answering(told))
    units.apply(site)
    told.clear()
    path = site.layout.units / "shop-web.service"
    path.write_bytes(b"[Service]\n")
    every = {name.partition(".")[0]: "" for name in units.enabled_units(site)}
    runs = iter(["first", "second"])

    def read(names: Sequence[str]) -> dict[str, UnitFacts]:
        known = {**every, "shop-web": next(runs)} if "shop-web.service" in names else every
        return _answering(told, **known)(names)

    monkeypatch.setattr(units, "read_units", read)
    assert units.apply(site) == "wrote 1 files"
    assert told == [("show",), ("show",), ("daemon-reload",)]
    # It crashed and came back while files were written: that run may have read the old one too.
    assert restarts.pending(site.layout, "shop-web.service", "second") == "restart"


def test_a_new_file_of_an_enabled_unit_is_enabled_again(
    site: Site, told: Asked, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(units, "read_units", _answering(told))
    units.apply(site)
    told.clear()
    (site.layout.units / "shop.target").write_bytes(b"[Unit]\n")
    every = {name.partition(".")[0]: "" for name in units.enabled_units(site)}
    monkeypatch.setattr(units, "read_units", _answering(told, **every))
    assert units.apply(site) == "wrote 1 files"
    assert ("enable", "shop.target") in told
    assert ("daemon-reload",) not in told
