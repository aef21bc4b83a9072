"""What a person names wrongly is told in words, with the next command, never by a traceback."""

import os
from pathlib import Path

import pytest
from click.testing import CliRunner

from agent.cli.program import program
from agent.errors import CaretakerError
from agent.host.failures import FileFailure
from packer.doors import writable

pytestmark = pytest.mark.real  # a build asks for the user's name before it looks at its folder


def refused(*argv: str) -> str:
    done = CliRunner().invoke(program, argv)
    assert isinstance(done.exception, CaretakerError), done.exception
    assert done.exception.hint
    assert done.exception.exit_status not in (0, 70)
    return done.exception.message


@pytest.fixture
def file(tmp_path: Path) -> str:
    path = tmp_path / "file"
    path.write_text("a")
    return str(path)


def test_an_output_folder_that_is_a_file(file: str) -> None:
    appliance = str(Path(__file__).parents[2] / "examples/sochdb")
    assert "Not a directory" in refused("image", "build", appliance, "--output", file)
    assert "Not a directory" in refused("image", "template", "--output", file)


def test_a_build_that_is_none(tmp_path: Path, file: str) -> None:
    assert "there is no build.json" in refused("image", "add", str(tmp_path))
    assert "Not a directory" in refused("image", "add", file)


def test_a_tree_that_is_not_there(tmp_path: Path) -> None:
    words = refused("--root", str(tmp_path / "none"), "harden", "--plan")
    assert "No such file" in words


def test_a_tree_that_would_speak_to_the_terminal(tmp_path: Path) -> None:
    (tmp_path / "etc").mkdir()
    line = "ev\x1b[31mil:x:12:12::/:/bin/sh\x1b]0;title\x07\n"
    (tmp_path / "etc/passwd").write_text(f"root:x:0:0::/root:/bin/sh\n{line}")
    done = CliRunner().invoke(program, ["--root", str(tmp_path), "harden", "--plan"], color=True)
    assert "il has the shell" in done.output
    assert "\x1b]" not in done.output
    assert "\x1b[31m" not in done.output
    assert os.listdir(tmp_path) == ["etc"]


def test_a_full_disk_is_not_sought_in_its_rights(tmp_path: Path) -> None:
    for why, look in (("No space left on device", "df -h"), ("Permission denied", "ls -ld")):
        with pytest.raises(CaretakerError) as caught, writable(tmp_path / "a"):
            raise FileFailure(tmp_path / "a", "write", why)
        assert caught.value.hint.startswith(look)


def test_which_of_two_images_can_t_be_read_is_told(tmp_path: Path, file: str) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to(file)
    for name in ("pipe", "link"):
        words = refused("image", "difference", str(tmp_path), str(tmp_path / name))
        assert words.startswith(f"{tmp_path / name} can't be read: it is ")
    words = refused("image", "difference", file, str(tmp_path))
    assert words == f"{file} can't be read: a file of 1 bytes holds no system"
