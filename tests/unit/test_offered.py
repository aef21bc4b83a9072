"""A file handed in is read only if its owner alone could have written it."""

import os
from pathlib import Path

import pytest

from agent.errors import ManifestError
from agent.host.failures import FileFailure
from agent.host.offered import read_offered
from setup.sheet import read_sheet


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "answers.toml"
    path.write_text("[settings]\nx = 1\n")
    path.chmod(0o644)
    return path


def test_a_plain_file_is_read(file: Path) -> None:
    assert read_offered(file, cap=1000) == b"[settings]\nx = 1\n"
    assert read_sheet(file).settings == {"x": 1}
    assert read_sheet(file).place("x") == f"{file}:2"


def test_a_file_anybody_may_write_is_refused(file: Path) -> None:
    file.chmod(0o666)
    with pytest.raises(FileFailure, match="anybody may write it"):
        read_offered(file, cap=1000)
    with pytest.raises(ManifestError) as error:
        read_sheet(file)
    assert error.value.code == "file-unsafe"
    assert error.value.hint == f"ls -l {file}"


def test_a_link_is_refused(file: Path) -> None:
    link = file.with_name("link")
    link.symlink_to(file)
    with pytest.raises(FileFailure, match="symbolic link"):
        read_offered(link, cap=1000)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_a_file_of_a_third_user_is_refused(file: Path) -> None:
    os.chown(file, 12345, 12345)
    with pytest.raises(FileFailure, match="belongs to user 12345"):
        read_offered(file, cap=1000)


def test_size_and_kind_are_held(file: Path, tmp_path: Path) -> None:
    with pytest.raises(FileFailure, match="17 bytes; 16 are allowed"):
        read_offered(file, cap=16)
    with pytest.raises(FileFailure, match="not a regular file"):
        read_offered(tmp_path, cap=16)
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(FileFailure, match="not a regular file"):
        read_offered(tmp_path / "pipe", cap=16)


def test_a_missing_file_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        read_offered(tmp_path / "none", cap=16)
    with pytest.raises(ManifestError, match="there is no such file"):
        read_sheet(tmp_path / "none")
