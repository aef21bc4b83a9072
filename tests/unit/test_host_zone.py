"""The zone of the clock face, and the machine's id."""

from __future__ import annotations

from datetime import UTC
from pathlib import Path

import pytest

from agent.host import zone


@pytest.fixture
def etc(root: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(zone, "_LOCALTIME", root / "localtime")
    monkeypatch.setattr(zone, "_MACHINE_ID", root / "machine-id")
    monkeypatch.delenv("TZ", raising=False)
    return root


def test_the_file_tells_the_zone_and_the_environment_where_it_may(
    etc: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert zone.local_zone(environment=True) is UTC
    (etc / "localtime").write_bytes(b"no zone")
    assert zone.local_zone(environment=False) is UTC
    monkeypatch.setenv("TZ", ":Europe/Berlin")
    assert str(zone.local_zone(environment=True)) == "Europe/Berlin"
    assert zone.local_zone(environment=False) is UTC
    monkeypatch.setenv("TZ", "Mars/Olympus")
    assert zone.local_zone(environment=True) is UTC


def test_a_machine_without_an_id_has_zeros_as_systemd_has_it(etc: Path) -> None:
    assert zone.machine_id() == bytes(16)
    (etc / "machine-id").write_text("uninitialized\n")
    assert zone.machine_id() == bytes(16)
    (etc / "machine-id").write_text("000102030405060708090a0b0c0d0e0f\n")
    assert zone.machine_id() == bytes(range(16))
