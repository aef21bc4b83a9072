"""The version in records, also where nobody installed anything."""

import tomllib
from importlib import metadata
from pathlib import Path

import pytest

from agent import version as versions
from tests.unit import house


def test_a_checkout_knows_its_version(monkeypatch: pytest.MonkeyPatch) -> None:
    def absent(name: str) -> str:
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(metadata, "version", absent)
    project = tomllib.loads(house.text(Path("pyproject.toml")))["project"]
    assert versions.version() == project["version"]
    monkeypatch.setattr(versions, "SOURCE", Path("/nowhere"))
    assert versions.version() == "unknown"
