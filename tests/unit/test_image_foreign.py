"""A tree for another processor: refused before anything is fetched where it can't run."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from agent.errors import MachineError
from agent.host.spawn import Completed
from agent.host.streaming import Program
from packer.disk import archive, foreign, making, system
from tests.scripted_host import ScriptedHost, scripted_host


@pytest.fixture
def host(root: Path) -> ScriptedHost:
    made = scripted_host(root)
    made.programs["dpkg", "--print-architecture"] = "amd64\n"
    return made


def test_our_own_processor_asks_for_nothing_more(host: ScriptedHost) -> None:
    assert foreign.emulated(host, "amd64") is False
    assert host.asked == [("dpkg", "--print-architecture")]


def test_an_emulated_one_is_as_good(host: ScriptedHost) -> None:
    host.programs["arch-test", "arm64"] = "arm64: ok\n"
    assert foreign.emulated(host, "arm64") is True


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


def test_an_emulated_build_may_be_silent_for_longer(
    host: ScriptedHost, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits: list[float] = []

    def run_long(program: Program, *, silent: float, listen: Callable[[str], None]) -> Completed:
        waits.append(silent)
        return Completed(tuple(program.argv), 1, "", "E: no\n", 0.0)

    monkeypatch.setattr(archive, "run_long", run_long)
    monkeypatch.setattr(archive, "is_installed", lambda program: program == "mmdebstrap")
    host.programs["arch-test", "arm64"] = "arm64: ok\n"
    architectures: tuple[system.Architecture, ...] = ("amd64", "arm64")
    for architecture in architectures:
        with pytest.raises(MachineError, match="E: no"):
            making.make(
                host, system.load("debian-12"), root / architecture, epoch=0,
                told=lambda step: None, architecture=architecture,
            )  # fmt: skip
    assert waits[1] >= 3 * waits[0]


@pytest.mark.parametrize("ends", [MachineError("build-failed", "no"), KeyboardInterrupt()])
def test_a_build_that_ends_early_leaves_an_empty_folder_for_the_next(
    root: Path, host: ScriptedHost, monkeypatch: pytest.MonkeyPatch, ends: BaseException
) -> None:
    out = root / "base"

    def fetch(*_: object, **__: object) -> None:
        (out / ".work/packages.tar").write_bytes(b"half")
        (out / "root.tar").write_bytes(b"half")
        raise ends

    monkeypatch.setattr(archive, "fetch", fetch)
    for _ in range(2):
        with pytest.raises(type(ends)) as caught:
            making.make(host, system.load("debian-12"), out, epoch=0, told=lambda step: None)
        assert caught.value is ends
        assert list(out.iterdir()) == []


@pytest.mark.parametrize("root_s", [True, False])
def test_mounts_of_root_s_mmdebstrap_go_with_it(
    monkeypatch: pytest.MonkeyPatch, *, root_s: bool
) -> None:
    started: list[tuple[str, ...]] = []

    def run_long(program: Program, *, silent: float, listen: Callable[[str], None]) -> Completed:
        started.append(tuple(program.argv))
        return Completed(tuple(program.argv), 126, "", "", 0.0)

    monkeypatch.setattr(archive, "run_long", run_long)
    monkeypatch.setattr(archive, "is_installed", lambda program: False)
    monkeypatch.setattr(os, "geteuid", lambda: 0 if root_s else 1000)
    with pytest.raises(MachineError, match="mmdebstrap is not installed") as caught:
        archive.fetch(scripted_host(Path("/")), ["mmdebstrap", "x"], 1, print)
    assert caught.value.code == "command-missing"
    [argv] = started
    assert argv[-2:] == ("mmdebstrap", "x")
    assert (argv[:2] == ("unshare", "--mount")) is root_s
