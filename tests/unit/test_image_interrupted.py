"""A build that is ended from outside takes everything with it that it started."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.unit.image_course import MANIFEST

pytestmark = pytest.mark.real

# Stands for Packer: it has a child of its own, as Packer has QEMU.
PROGRAM = """
import sys
from pathlib import Path
from agent.cli.progress import Lines
from agent.host import tether
from agent.host.clock import Clock
from agent.host.machine import Host
from agent.host.streaming import Program, run_long
from packer.golden import course
from packer.golden.beginning import beginning
from packer.golden.record import Wanted
from packer.golden.step import BuildStep

def machine(build):
    shell = "sleep 60 & echo $! >" + sys.argv[1] + "/child; echo on; wait"
    run_long(Program(["sh", "-c", shell], {}), silent=60)
    return "never"

tether.unwind()
wanted = Wanted(sys.argv[1] + "/shop", sys.argv[1] + "/out", cache=sys.argv[1] + "/cache")
with beginning(wanted, Host(), Lines(Clock())) as build:
    course.run(build, [BuildStep("machine", "Machine", machine)])
"""


def gone(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return True


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_nothing_runs_on_and_the_output_says_what_is_whole(tmp_path: Path, number: int) -> None:
    (tmp_path / "shop").mkdir()
    (tmp_path / "shop/appliance.toml").write_text(MANIFEST)
    env = {**os.environ, "CARETAKER_CATALOGUE": str(tmp_path / "catalogue.db")}
    program = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, str(tmp_path)],
        env=env, stderr=subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip
    child = tmp_path / "child"
    try:
        deadline = time.monotonic() + 20
        while not child.exists() or not child.read_text().strip():
            assert time.monotonic() < deadline
            time.sleep(0.05)
        program.send_signal(number)
        program.wait(20)
    finally:
        program.kill()
        program.wait()
    pid = int(child.read_text())
    while not gone(pid):
        assert time.monotonic() < deadline + 20
        time.sleep(0.05)
    assert list((tmp_path / "out").glob(".build-*")) == []
    assert json.loads((tmp_path / "out/build.json").read_text())["result"] == "failed"
    assert "interrupted" in (tmp_path / "out/build.jsonl").read_text()
