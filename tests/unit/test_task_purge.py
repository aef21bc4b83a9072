"""The task `purge`: which folders, and from when on ages are counted where a clock may be wrong."""

import os
import time
from pathlib import Path

import pytest

from agent.errors import RefusedError
from agent.host.time_sync import TimeSync
from agent.housekeeping import ages
from agent.housekeeping.task import Chores
from agent.housekeeping.tasks import purge as task
from agent.layout import Layout
from agent.manifest.kinds import Duration
from agent.manifest.model import Appliance, Manifest
from agent.manifest.upkeep import Purge
from agent.values import values_for
from tests.scripted_host import ScriptedHost, scripted_host

DAY = 86400.0


@pytest.fixture
def host(root: Path) -> ScriptedHost:
    found = scripted_host(root, booted=False)
    found.clock.now = time.time() + 2 * DAY
    return found


def chores(host: ScriptedHost, *, dry: bool = False, **purge: Purge) -> Chores:
    manifest = Manifest(appliance=Appliance(name="shop", version="1"), purge=purge)
    layout = Layout(host.root, "shop")
    layout.state.mkdir(parents=True, exist_ok=True)
    layout.app_run.mkdir(parents=True, exist_ok=True)
    return Chores(host, manifest, layout, values_for(manifest, layout), dry)


def fill(host: ScriptedHost) -> Path:
    folder = host.root / "run/shop/tmp"
    folder.mkdir(parents=True)
    for name in ("a.tmp", "b.log"):
        (folder / name).write_bytes(b"x" * 5000)
    return folder


TMP = Purge(path="{run}/tmp", older_than=Duration(DAY), names=["*.tmp"])


def test_declared_folders_are_emptied_of_what_was_asked(host: ScriptedHost) -> None:
    folder = fill(host)
    dry = task.run(chores(host, dry=True, tmp=TMP))
    assert sorted(os.listdir(folder)) == ["a.tmp", "b.log"]
    assert dry.lines == (f"would remove {folder}/a.tmp",)
    done = task.run(chores(host, tmp=TMP))
    assert os.listdir(folder) == ["b.log"]
    assert (done.items, done.freed) == (dry.items, dry.freed) == (1, 8192)
    assert done.lines == (f"removed {folder}/a.tmp",)
    assert done.problems == ()


def test_a_folder_that_is_not_there_is_no_problem(host: ScriptedHost) -> None:
    done = task.run(chores(host, tmp=TMP))
    assert (done.items, done.problems, done.summary) == (0, (), "nothing is old")


def test_a_link_of_the_applications_own_leads_nowhere(
    host: ScriptedHost, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    precious = tmp_path / "precious"
    precious.mkdir()
    (precious / "a.tmp").write_text("x")
    (host.root / "run/shop").mkdir(parents=True)
    (host.root / "run/shop/tmp").symlink_to(precious)
    (host.root / "run/shop").chmod(0o777)  # Others may write there, so they may have made it.
    done = task.run(chores(host, tmp=TMP))
    assert os.listdir(precious) == ["a.tmp"]
    assert "link" in done.problems[0]


def test_one_folder_that_fails_does_not_stop_the_next(host: ScriptedHost) -> None:
    folder = fill(host)
    bad = Purge(path="relative", older_than=Duration(DAY))
    done = task.run(chores(host, bad=bad, tmp=TMP))
    assert os.listdir(folder) == ["b.log"]
    assert done.problems[0].startswith("bad: ")


def test_a_clock_set_ahead_makes_nothing_old(host: ScriptedHost) -> None:
    folder = fill(host)
    host.clock.now = time.time() + 60
    task.run(chores(host, tmp=TMP))
    host.clock.step(300 * DAY)
    host.clock.advance(3600)
    task.run(chores(host, tmp=TMP))
    assert len(os.listdir(folder)) == 2
    host.clock.advance(DAY + 1)  # Now they are a day old, whatever the clock says.
    task.run(chores(host, tmp=TMP))
    assert os.listdir(folder) == ["b.log"]


def test_a_clock_set_ahead_and_back_again_never_was(host: ScriptedHost) -> None:
    there = chores(host, tmp=TMP)
    ages.look(there)
    host.clock.step(40 * DAY)
    assert ages.look(there).ahead == pytest.approx(40 * DAY)
    host.clock.step(-40 * DAY)
    note = ages.look(there)
    assert note.ahead == 0
    assert ages.now_for(there, note, DAY) == host.clock.now


def test_a_clock_years_ahead_is_not_believed_until_a_time_service_says_so(
    host: ScriptedHost,
) -> None:
    folder = fill(host)
    there = chores(host, tmp=TMP)
    ages.look(there)
    host.clock.now += 3 * 365 * DAY
    host.clock.boot = "another"
    host.kernel.sync = TimeSync(synchronised=False, offset=0.0, most=16.0)
    with pytest.raises(RefusedError, match="ahead"):
        task.run(there)
    host.kernel.sync = OSError(1, "Operation not permitted")
    with pytest.raises(RefusedError, match="ahead"):
        task.run(there)
    assert len(os.listdir(folder)) == 2
    host.kernel.sync = TimeSync(synchronised=True, offset=0.0, most=0.02)
    task.run(there)
    assert os.listdir(folder) == ["b.log"]


def test_a_clock_in_1970_is_not_believed(host: ScriptedHost) -> None:
    fill(host)
    host.clock.now = 1000.0
    with pytest.raises(RefusedError, match="behind"):
        task.run(chores(host, tmp=TMP))


def test_a_dry_run_notes_nothing(host: ScriptedHost) -> None:
    there = chores(host, dry=True, tmp=TMP)
    task.run(there)
    assert not there.layout.ages.exists()
    assert not task.TASK.wanted(chores(host).manifest)
    assert task.TASK.wanted(there.manifest)
