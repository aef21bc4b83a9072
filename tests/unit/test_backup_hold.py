"""Holding an application still: it is always let go, whoever dies meanwhile."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from agent.backup import hold
from agent.backup.frozen import frozen_file
from agent.errors import CaretakerError, MachineError, UsageError
from agent.host.machine import Host
from agent.ledger import read_ledgers
from tests.unit.backup_stage import Shop, shop
from tests.unit.test_backup_create import hooks

pytestmark = pytest.mark.real


def until(true: Callable[[], bool], *, within: float = 20.0) -> None:
    deadline = time.monotonic() + within
    while not true():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)


def stage(tmp_path: Path, **more: str) -> tuple[Shop, Path]:
    return shop(tmp_path / "root", hooks(tmp_path / "said", **more), fill=False), tmp_path / "said"


def is_held(here: Shop) -> bool:
    return frozen_file(here.scene.layout).load(aside=False) is not None


def test_freeze_and_thaw_are_each_done_once(tmp_path: Path) -> None:
    here, said = stage(tmp_path)
    first = hold.freeze(here.scene, 30, by="a test")
    assert hold.freeze(here.scene, 60, by="another") == first
    assert said.read_text() == "freeze\n"
    assert hold.still(here.scene, first)
    assert hold.thaw(here.scene)
    assert not hold.thaw(here.scene)
    assert said.read_text() == "freeze\nthaw\n"
    assert not hold.still(here.scene, first)
    acts = [(each.act, each.outcome) for each in read_ledgers([here.scene.layout.ledger])]
    assert acts == [("freeze", "done"), ("thaw", "done")]


def test_it_goes_on_by_itself_when_the_time_is_up(tmp_path: Path) -> None:
    here, said = stage(tmp_path)
    hold.freeze(here.scene, 0.8, by="a test")
    until(lambda: not is_held(here))
    assert said.read_text() == "freeze\nthaw\n"
    until(lambda: read_ledgers([here.scene.layout.ledger])[-1].act == "thaw")
    assert read_ledgers([here.scene.layout.ledger])[-1].why == "its time was up"


@pytest.mark.parametrize("when", ["during", "after"])
def test_it_goes_on_when_whoever_asked_is_killed(tmp_path: Path, when: str) -> None:
    said = tmp_path / "said"
    slow = f"echo freeze >> {said}; sleep 30" if when == "during" else ""
    here, _ = stage(tmp_path, freeze=slow)
    code = (
        "import sys, time; from pathlib import Path\n"
        "from agent.backup import hold; from agent.cli.appliance import manifest_of\n"
        "from agent.layout import Layout; from agent.remedies.scene import open_scene\n"
        "manifest, layout = manifest_of(Layout(Path(sys.argv[1])))\n"
        "hold.freeze(open_scene(manifest, layout), 60, by='a test', owned=True)\n"
        "time.sleep(60)\n"
    )
    argv = [sys.executable, "-c", code, str(here.scene.layout.root)]
    child = subprocess.Popen(argv, cwd=Path(__file__).parents[2], start_new_session=True)
    try:
        until(said.exists)
        if when == "after":
            until(lambda: is_held(here))
            time.sleep(0.3)
    finally:
        os.kill(child.pid, signal.SIGKILL)
        child.wait()
    until(lambda: not is_held(here))
    assert said.read_text() == "freeze\nthaw\n"


def test_after_a_boot_it_goes_on(tmp_path: Path) -> None:
    here, said = stage(tmp_path)
    frozen = hold.freeze(here.scene, 60, by="a test")
    file = frozen_file(here.scene.layout)
    file.save(msgspec.structs.replace(frozen, boot="another boot"))
    until(lambda: not is_held(here))
    assert said.read_text() == "freeze\nthaw\n"


def test_a_program_that_takes_too_long_is_ended_and_taken_back(tmp_path: Path) -> None:
    here, said = stage(tmp_path, freeze="sleep 60")
    with pytest.raises(MachineError) as caught:
        hold.freeze(here.scene, 0.5, by="a test")
    assert caught.value.code == "command-timeout"
    assert said.read_text() == "thaw\n"
    assert not is_held(here)


def test_a_thaw_that_fails_is_tried_again(tmp_path: Path) -> None:
    here, said = stage(tmp_path)
    broken = tmp_path / "broken"
    words = f"test ! -e {broken} && echo thaw >> {said}"
    here = here.with_manifest(
        f'[backup]\nfreeze = ["/bin/true"]\nthaw = ["/bin/sh", "-c", "{words}"]\n'
    )
    hold.freeze(here.scene, 30, by="a test")
    broken.touch()
    with pytest.raises(MachineError):
        hold.thaw(here.scene)
    assert is_held(here)
    broken.unlink()
    assert hold.thaw(here.scene)
    assert said.read_text() == "thaw\n"


def test_not_for_ever(tmp_path: Path) -> None:
    here, _ = stage(tmp_path)
    for seconds in (0, -1, 3601):
        with pytest.raises(UsageError):
            hold.freeze(here.scene, seconds, by="a test")
    assert not is_held(here)


def test_nobody_to_watch_no_freeze(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    here, said = stage(tmp_path)

    def refuse(scene: object) -> None:
        raise MachineError("service-failed", "no guard")

    monkeypatch.setattr(hold, "_watch", refuse)
    with pytest.raises(CaretakerError, match="no guard"):
        hold.freeze(here.scene, 10, by="a test")
    assert said.read_text() == "thaw\n"
    assert not is_held(here)
    assert isinstance(here.scene.host, Host)
