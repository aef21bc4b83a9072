"""What becomes of the services when their daemon is killed, and what the next one finds."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.host import children
from tests.unit.services_fixtures import layout_at
from tests.unit.supervisor_stage import Stage, alive, sh, wait_for

pytestmark = pytest.mark.real

REPOSITORY = Path(__file__).parents[2]


@pytest.fixture
def stage(root: Path) -> Iterator[Stage]:
    stage = Stage(root, [], [])
    yield stage
    for each in stage.opened:
        each.close()


DAEMON = textwrap.dedent("""
    import sys, time
    from pathlib import Path
    from agent.host.machine import Host
    from agent.services.embedded import Supervisor
    from tests.unit.services_fixtures import layout_at, manifest_of, values_of
    layout = layout_at(Path(sys.argv[1]))
    supervisor = Supervisor(manifest_of(sys.argv[2]), layout, Host(layout.root), values_of(layout))
    supervisor.open()
    while not all(state.running for state in supervisor.states().values()):
        time.sleep(0.02)
    print("up", flush=True)
    time.sleep(600)
""")

# One that heeds SIGTERM, and one that neither heeds it nor keeps its children in its session.
TWO = (
    "[services.good]\n" + sh("exec sleep 600")
    + "\n[services.bad]\n"
    + sh("trap '' TERM; setsid sleep 600 & echo ready; while :; do sleep 0.1; done",
         stop_timeout='"300ms"')
)  # fmt: skip


@pytest.fixture
def killed(stage: Stage) -> Iterator[dict[str, list[int]]]:
    """The families of both services, after their daemon was killed."""
    stage.data.mkdir(parents=True)
    argv = [sys.executable, "-c", DAEMON, str(stage.root), TWO]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, cwd=REPOSITORY) as daemon:
        assert daemon.stdout is not None
        assert daemon.stdout.readline() == b"up\n"
        wait_for(lambda: "ready" in stage.said("bad") and len(stage.family("bad")) >= 2)
        families = {name: stage.family(name) for name in ("good", "bad")}
        daemon.kill()
    yield families
    for pid in [*families["good"], *families["bad"]]:
        if alive(pid) and pid in [*stage.family("good"), *stage.family("bad")]:
            os.kill(pid, signal.SIGKILL)


def test_a_killed_daemon_takes_along_who_heeds_its_leash(
    stage: Stage, killed: dict[str, list[int]]
) -> None:
    wait_for(lambda: not stage.family("good"))
    assert stage.family("bad"), "it ignores the signal: the next daemon's work"


def test_the_next_daemon_ends_what_was_left_before_it_starts_anew(
    stage: Stage, killed: dict[str, list[int]]
) -> None:
    left = stage.family("bad")
    assert left
    supervisor = stage.up(TWO)
    assert not [pid for pid in left if alive(pid)]
    assert supervisor.state("bad").pid not in left
    assert supervisor.state("bad").restarts == 0


def test_a_main_process_without_its_mark_is_found_by_the_roll(
    stage: Stage, killed: dict[str, list[int]]
) -> None:
    """Programs that set their title overwrite their environment, and the mark with it."""
    roll = json.loads((layout_at(stage.root).run / "children.json").read_text())
    pid, started = roll["children"]["bad"]
    assert pid in killed["bad"]
    assert children.is_running(children.Identity(pid, started))
    assert not children.is_running(children.Identity(pid, started + 1))


def test_a_roll_of_another_boot_means_nothing(
    stage: Stage, killed: dict[str, list[int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = layout_at(stage.root).run / "children.json"
    roll = json.loads(path.read_text())
    # Our own pid stands for a stranger who has the number now.
    started = int(Path("/proc/self/stat").read_text().rpartition(")")[2].split()[19])
    roll |= {"boot": "another", "children": {"good": [os.getpid(), started]}}
    path.write_text(json.dumps(roll))
    assert stage.up(TWO).state("good").running


def test_two_roots_do_not_meet(stage: Stage, tmp_path: Path) -> None:
    first = stage.up("[services.web]\n" + sh("exec sleep 600"))
    other = Stage(tmp_path / "other", stage.opened, [])
    second = other.up("[services.web]\n" + sh("exec sleep 600"))
    pid = first.state("web").pid
    second.restart("web")
    second.close()
    assert first.state("web").pid == pid
    assert alive(pid)
