"""Programs of a build: how each end is told, and a next command that works as printed."""

import shlex
from pathlib import Path

import pytest

from agent.errors import MachineError
from agent.host.spawn import Completed
from packer.golden import beginning, foundation
from packer.program import failed, program
from tests.scripted_host import scripted_host
from tests.unit.image_course import a_build


def ended(*argv: str, status: int = 1, timed_out: bool = False) -> Completed:
    return Completed(argv, status, "", "no room", 0.0, timed_out=timed_out)


def test_the_hint_of_a_failure_is_the_command_itself() -> None:
    argv = ("mke2fs", "-d", "/var/tmp/a folder", "root.img")
    error = failed(ended(*argv))
    assert (error.code, "no room" in error.message) == ("build-failed", True)
    assert tuple(shlex.split(error.hint)) == argv


def test_a_command_of_a_thousand_names_is_not_printed() -> None:
    assert failed(ended("tar", *(f"agent/{number}.py" for number in range(1000)))).hint == "df -h"


def test_a_program_that_took_too_long_is_told_as_such(tmp_path: Path) -> None:
    host = scripted_host(tmp_path)
    host.programs["qemu-img"] = ended("qemu-img", timed_out=True)
    with pytest.raises(MachineError) as caught:
        program(host, ["qemu-img"], timeout=1.0)
    assert caught.value.code == "command-timeout"


def test_only_what_a_dead_build_left_is_swept(tmp_path: Path) -> None:
    for name in (".build-4194305", ".build-1", ".build-notes"):  # the first is beyond pid_max
        (tmp_path / name).mkdir()
    beginning._sweep(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == [".build-1", ".build-notes"]


@pytest.mark.parametrize("content", [b"{", b'{"system": "\xff"}', b"[" * 100_000])
def test_a_base_whose_record_is_damaged_says_what_to_do(tmp_path: Path, content: bytes) -> None:
    build, _, _ = a_build(tmp_path)
    base = tmp_path / "base"
    base.mkdir()
    (base / "base.json").write_bytes(content)
    build.wanted = type(build.wanted)("", "", base=str(base))
    with pytest.raises(MachineError) as caught:
        foundation.bring(build)
    assert caught.value.code == "image-invalid"
    assert caught.value.hint.startswith(f"caretaker image base --output {base}-new")
