"""The wheels of an image: a folder that was named, or fetched by hash for its own Python."""

import io
import sys
import tarfile
from pathlib import Path

import pytest

from agent.errors import MachineError, UsageError
from agent.host.spawn import Completed
from packer.golden import wheels
from packer.golden.build import Build
from tests.scripted_host import ScriptedHost
from tests.unit.image_course import a_build


@pytest.fixture
def scene(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Build, ScriptedHost]:
    made, host, _ = a_build(tmp_path)
    made.inputs["base"] = "3" * 64
    made.base_tree = tmp_path / "root.tar"
    a_tree(made.base_tree, "python3.11")
    monkeypatch.setattr(wheels, "SOURCE", tmp_path / "source")
    return made, host


@pytest.fixture
def build(scene: tuple[Build, ScriptedHost]) -> Build:
    return scene[0]


def a_tree(path: Path, python: str) -> None:
    with tarfile.open(path, "w") as out:
        for name, target in (("./usr/bin/python3-config", "x3.9"), ("./usr/bin/python3", python)):
            entry = tarfile.TarInfo(name)
            entry.type, entry.linkname = tarfile.SYMTYPE, target
            out.addfile(entry, io.BytesIO())


def answering(host: ScriptedHost, status: int = 0) -> None:
    """A pip that puts one wheel where it is told to."""

    def run(argv: tuple[str, ...]) -> Completed:
        (Path(argv[-1]) / "one-1.0-py3-none-any.whl").write_bytes(b"")
        said = "noise\nERROR: no matching version\n" if status else ""
        return Completed(argv, status, "", said, 0.1)

    host.programs[sys.executable] = run


def test_a_folder_that_was_named_is_taken(build: Build, tmp_path: Path) -> None:
    folder = tmp_path / "named"
    folder.mkdir()
    (folder / "one-1.0-py3-none-any.whl").write_bytes(b"")
    build.wanted = type(build.wanted)("x", "y", wheelhouse=str(folder))
    assert wheels.bring(build) == folder


def test_a_named_folder_without_wheels_is_an_error_with_the_command(
    build: Build, tmp_path: Path
) -> None:
    build.wanted = type(build.wanted)("x", "y", wheelhouse=str(tmp_path / "none"))
    with pytest.raises(UsageError) as error:
        wheels.bring(build)
    assert "pip download" in error.value.hint
    assert "--require-hashes" in error.value.hint


def test_they_are_fetched_once_for_the_image_s_python_and_processor(
    scene: tuple[Build, ScriptedHost],
) -> None:
    build, host = scene
    answering(host)
    first = wheels.bring(build)
    assert wheels.bring(build) == first
    assert [path.name for path in first.iterdir()] == ["one-1.0-py3-none-any.whl"]
    assert len(host.asked) == 1
    assert {"--require-hashes", "--only-binary=:all:", "--python-version=3.11"} < set(host.asked[0])
    assert "--platform=manylinux_2_28_x86_64" in host.asked[0]
    build.wanted = type(build.wanted)("x", "y", architecture="arm64")
    assert wheels.bring(build) != first
    assert "--platform=manylinux_2_28_aarch64" in host.asked[1]


def test_where_fetching_fails_nothing_half_is_kept(scene: tuple[Build, ScriptedHost]) -> None:
    build, host = scene
    answering(host, status=1)
    with pytest.raises(MachineError, match="no matching version"):
        wheels.bring(build)
    assert not list(build.places.cache.glob("wheels-*"))


def test_without_a_pip_its_package_is_named(build: Build, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wheels, "pip_wheel", lambda: None)
    with pytest.raises(MachineError) as error:
        wheels.bring(build)
    assert "python3-venv" in error.value.hint


def test_a_base_without_python_is_an_error(build: Build) -> None:
    a_tree(build.base_tree, "nothing")
    with pytest.raises(MachineError, match="no /usr/bin/python3"):
        wheels.python_of(build.base_tree)
