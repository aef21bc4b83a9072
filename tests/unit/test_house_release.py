"""The release builder gives the same bytes for the same commit, whoever builds and whenever."""

import importlib.util
import os
import tarfile
import zipfile
from pathlib import Path
from types import ModuleType

import pytest

from tests.unit import house


def builder() -> ModuleType:
    path = house.REPOSITORY / "requirements/release.py"
    spec = importlib.util.spec_from_file_location("release_builder", path)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.real
def test_two_builds_of_a_commit_are_equal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    release = builder()
    commit = release._git("log", "-1", "--format=%H %ct")
    git = release._git
    monkeypatch.setattr(
        release, "_git", lambda *words: commit if words[0] == "log" else git(*words)
    )
    first = release.build(tmp_path / "first")
    before = os.umask(0o077)
    try:
        second = release.build(tmp_path / "second")
    finally:
        os.umask(before)
    assert [path.name for path in first] == [path.name for path in second]
    assert [path.read_bytes() for path in first] == [path.read_bytes() for path in second]

    [wheel] = (tmp_path / "first").glob("*.whl")
    tops = {name.split("/")[0] for name in zipfile.ZipFile(wheel).namelist()}
    assert {top for top in tops if ".dist-info" not in top} == set(house.PRODUCT)
    [source] = (tmp_path / "first").glob("*.tar.gz")
    with tarfile.open(source) as archive:
        assert {(entry.uid, entry.uname, entry.mtime) for entry in archive} == {
            (0, "", int(commit.split()[1]))
        }
