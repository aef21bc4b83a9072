"""A tree for another processor: refused before anything is fetched where it can't run."""

from pathlib import Path

import pytest

from agent.errors import MachineError
from agent.host.spawn import Completed
from packer.disk import foreign, making, system
from tests.scripted_host import ScriptedHost, scripted_host


@pytest.fixture
def host(root: Path) -> ScriptedHost:
    made = scripted_host(root)
    made.programs["dpkg", "--print-architecture"] = "amd64\n"
    return made


def test_our_own_processor_asks_for_nothing_more(host: ScriptedHost) -> None:
    foreign.must_run(host, "amd64")
    assert host.asked == [("dpkg", "--print-architecture")]


def test_an_emulated_one_is_as_good(host: ScriptedHost) -> None:
    host.programs["arch-test", "arm64"] = "arm64: ok\n"
    foreign.must_run(host, "arm64")


@pytest.mark.parametrize(
    ("missing", "why"), [(False, "arm64: not supported"), (True, "arch-test is not installed")]
)
def test_one_that_does_not_run_is_refused_before_anything_is_fetched(
    host: ScriptedHost, root: Path, *, missing: bool, why: str
) -> None:
    argv = ("arch-test", "arm64")
    said = "" if missing else "arm64: not supported on this machine/kernel\n"
    host.programs[argv] = Completed(argv, 1, said, "", 0.0, missing=missing)
    with pytest.raises(MachineError, match=why) as caught:
        making.make(
            host, system.load("debian-12"), root / "out", epoch=0, told=print, architecture="arm64"
        )
    assert caught.value.code == "system-unsupported"
    assert "qemu-user-static" in caught.value.hint
    assert list((root / "out").iterdir()) == []
    assert host.asked[-1] == argv
