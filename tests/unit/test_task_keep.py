"""Tasks that take away what is kept: releases, generations, leftovers, the journal."""

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.change.pending import Pending, pending_file
from agent.deployment import Deployment, Deployments
from agent.errors import MachineError
from agent.host import discard, lock
from agent.host.failures import FileFailure
from agent.host.mounts import Mount
from agent.host.spawn import Completed
from agent.housekeeping.retention import (
    Stock,
    spare_deployments,
    spare_generations,
    spare_releases,
)
from agent.housekeeping.task import Chores, Done
from agent.housekeeping.tasks import journal, leftovers, releases
from agent.layout import Layout
from agent.manifest.kinds import Duration, Size
from agent.manifest.model import Appliance, Manifest
from agent.manifest.upkeep import Housekeeping, Lock
from agent.values import values_for
from tests.scripted_host import ScriptedHost, scripted_host

DAY = 86400.0


@pytest.fixture
def host(root: Path) -> ScriptedHost:
    found = scripted_host(root)
    found.clock.now = time.time()
    Layout(root, "shop").state.mkdir(parents=True)
    return found


def chores(host: ScriptedHost, *, dry: bool = False, **keep: Any) -> Chores:
    manifest = Manifest(
        appliance=Appliance(name="shop", version="1"),
        housekeeping=Housekeeping(**keep),
        locks={"db": Lock(path="{run}/db.pid", kind="pidfile", service="db")},
    )
    layout = Layout(host.root, "shop")
    layout.state.mkdir(parents=True, exist_ok=True)
    return Chores(host, manifest, layout, values_for(manifest, layout), dry)


def deploy(host: ScriptedHost, *versions: str) -> Layout:
    layout = Layout(host.root, "shop")
    there = Deployments(layout, host.clock)
    payload = host.root / "payload"
    payload.mkdir(exist_ok=True)
    for version in versions:
        (payload / "app").write_text(version)
        there.deploy(there.stage(payload, version), payload, version)
    return layout


def listed(folder: Path) -> list[str]:
    return sorted(os.listdir(folder))


def both(run: Callable[[Chores], Done], host: ScriptedHost, **keep: Any) -> Done:
    """A dry run, which must change nothing and say the same as the real one."""
    before = [str(path) for path in host.root.rglob("*")]
    dry = run(chores(host, dry=True, **keep))
    assert [str(path) for path in host.root.rglob("*")] == before
    done = run(chores(host, **keep))
    assert (dry.items, dry.freed) == (done.items, done.freed)
    assert [line.replace("would remove", "removed") for line in dry.lines] == list(done.lines)
    assert done.problems == ()
    return done


def first_deployed(layout: Layout) -> list[str]:
    return [name.split("-")[0] for name in listed(layout.releases)]


@pytest.mark.real
def test_old_deployments_and_their_data_go_but_never_the_active_or_the_one_before(
    host: ScriptedHost,
) -> None:
    layout = deploy(host, "1", "2", "3", "4")
    assert both(releases.run_generations, host).items == 0
    host.clock.advance(15 * DAY)
    done = both(releases.run_generations, host)
    assert listed(layout.deployments) == listed(layout.generations) == ["3", "4"]
    assert done.items == 4
    assert (layout.data / ".").is_dir()
    assert both(releases.run_generations, host).items == 0


def test_what_was_gone_back_from_waits_for_its_owner_and_then_goes(host: ScriptedHost) -> None:
    layout = deploy(host, "1")
    there = Deployments(layout, host.clock)
    for number in (2, 3):
        (layout.generations / str(number)).mkdir()
        record = Deployment(number, "2", "", "", "2-x", number, host.clock.wall(), committed=None)
        there.write(record, manifest=b"")
    there.abandon(2)
    assert both(releases.run_generations, host).items == 0
    host.clock.advance(8 * DAY)
    assert both(releases.run_generations, host).items == 2
    assert listed(layout.deployments) == listed(layout.generations) == ["1", "3"]


def test_while_a_change_is_under_way_nothing_goes(host: ScriptedHost) -> None:
    layout = deploy(host, "1")
    (layout.generations / "2").mkdir()
    host.clock.advance(99 * DAY)
    pending = Pending(
        kind="upgrade", title="x", phase="preparing", number=2, before=1, version="2",
        before_version="1", fresh=True, begun=1.0,
    )  # fmt: skip
    pending_file(layout).save(pending)
    assert "interrupted" in releases.run_generations(chores(host)).summary
    assert listed(layout.generations) == ["1", "2"]


@pytest.mark.real
def test_releases_that_a_deployment_names_stay_and_so_do_the_newest(host: ScriptedHost) -> None:
    layout = deploy(host, "1", "2", "3", "4", "5", "6")
    assert both(releases.run_releases, host).items == 0
    host.clock.advance(15 * DAY)
    releases.run_generations(chores(host))
    done = both(releases.run_releases, host, releases=2)
    assert first_deployed(layout) == ["3", "4", "5", "6"]
    assert done.items == 2


@pytest.mark.real
def test_an_interrupted_copy_goes_after_a_day(host: ScriptedHost) -> None:
    layout = deploy(host, "1")
    (layout.releases / "2-abc.part/deep").mkdir(parents=True)
    (layout.generations / "2.part").mkdir()
    assert both(releases.run_releases, host).items == 0
    host.clock.advance(DAY + 60)
    assert both(releases.run_releases, host).items == 1
    assert both(releases.run_generations, host).items == 1
    assert first_deployed(layout) == listed(layout.generations) == ["1"]


@pytest.mark.real
def test_without_a_readable_active_deployment_nothing_goes(host: ScriptedHost) -> None:
    assert releases.run_releases(chores(host)).summary == "nothing is deployed yet"
    layout = deploy(host, "1", "2", "3")
    host.clock.advance(99 * DAY)
    (layout.active / "deployment.json").write_text("{")
    with pytest.raises(MachineError, match="nothing is known to be spare"):
        releases.run_generations(chores(host))
    assert listed(layout.generations) == ["1", "2", "3"]


@pytest.mark.real
def test_a_record_that_was_rebuilt_costs_nobody_the_way_back(host: ScriptedHost) -> None:
    """The links, which the remedy `state` rebuilds it from, don't say what was before."""
    layout = deploy(host, "1", "2", "3")
    record = Deployments(layout, host.clock).record()
    (layout.active / "deployment.json").write_text("{")
    record.set_aside()
    record.save(Deployments(layout, host.clock).by_links())
    host.clock.advance(99 * DAY)
    releases.run_generations(chores(host))
    assert listed(layout.deployments) == listed(layout.generations) == ["2", "3"]


@pytest.mark.real
@pytest.mark.parametrize("run", [releases.run_releases, releases.run_generations, leftovers.run])
def test_a_dry_run_leaves_broken_records_where_they_are(
    host: ScriptedHost, run: Callable[[Chores], Done]
) -> None:
    layout = deploy(host, "1", "2")
    for path in (layout.deployments / "1/deployment.json", layout.ages):
        path.write_text("{")
    before = sorted(host.root.rglob("*"))
    run(chores(host, dry=True))
    assert sorted(host.root.rglob("*")) == before


@pytest.mark.real
def test_nothing_goes_while_setup_is_under_way(host: ScriptedHost) -> None:
    layout = deploy(host, "1", "2", "3")
    host.clock.advance(99 * DAY)
    with lock.exclusive(layout.setup_lock, purpose="setup"):
        assert "setup is under way" in releases.run_generations(chores(host)).summary
    assert listed(layout.generations) == ["1", "2", "3"]


def test_a_folder_goes_whole_or_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "one"
    (folder / "a").mkdir(parents=True)
    (folder / "a/b").write_bytes(b"x" * 10)
    point = Mount(str(folder / "a"), "tmpfs", "x", frozenset())
    monkeypatch.setattr(discard, "read_mounts", lambda: [point])
    with pytest.raises(FileFailure, match="is mounted there"):
        discard.discard(folder)
    monkeypatch.setattr(discard, "read_mounts", list)
    assert (discard.discard(folder), discard.discard(folder)) == (10, 0)
    (tmp_path / ".gone-two/c").mkdir(parents=True)
    assert discard.finish(tmp_path) == 1
    assert listed(tmp_path) == []


@pytest.mark.real
def test_a_tree_deeper_than_a_path_is_long_goes_too(tmp_path: Path) -> None:
    (tmp_path / "one").mkdir()
    here = os.open(tmp_path / "one", os.O_RDONLY)
    for _ in range(1200):
        os.mkdir("nested", dir_fd=here)
        below = os.open("nested", os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = below
    os.close(here)
    assert discard.discard(tmp_path / "one") == 0
    assert listed(tmp_path) == []


def test_what_was_kept_for_a_person_goes_after_its_time(host: ScriptedHost) -> None:
    there = chores(host)
    layout = there.layout
    beside = layout.app_run / "caretaker-quarantine"
    for folder in (layout.quarantine, layout.bundles, beside):
        folder.mkdir(parents=True)
        (folder / "one").write_bytes(b"x" * 5000)
    for name in ("tasks.json.corrupt", "ledger.db.corrupt-20260101T000000Z", "tasks.json"):
        (layout.state / name).write_text("x")
    host.clock.advance(8 * DAY)
    assert both(leftovers.run, host, bundles=Duration(7 * DAY)).items == 1
    assert listed(layout.bundles) == []
    host.clock.advance(30 * DAY)
    done = both(leftovers.run, host)
    assert done.items == 4
    assert listed(layout.quarantine) == listed(beside) == []
    assert "tasks.json" in listed(layout.state)


USED = "Archived and active journals take up {} in the file system.\n"
FREED = (
    "Deleted archived journal /var/log/journal/a/system@1.journal (8.0M).\n"
    "Vacuuming done, freed 8.0M of archived journals from /var/log/journal/a.\n"
    "Vacuuming done, freed 0B of archived journals from /run/log/journal.\n"
)


def test_the_journal_is_vacuumed(host: ScriptedHost) -> None:
    host.programs["journalctl", "--disk-usage"] = USED.format("1.5G")
    host.programs["journalctl"] = lambda argv: Completed(argv, 0, "", FREED, 0.1)
    allowed: dict[str, Any] = {"journal": Size(1 << 30), "journal_age": Duration(10 * DAY)}
    dry = journal.run(chores(host, dry=True, **allowed))
    assert (dry.freed, dry.items) == (1 << 29, 1)
    assert len(host.asked) == 1
    done = journal.run(chores(host, **allowed))
    assert host.asked[-1] == (
        *("journalctl", "--rotate", "--vacuum-size=1073741824", "--vacuum-time=864000s"),
    )
    assert (done.freed, done.items) == (8 << 20, 1)
    host.programs["journalctl", "--disk-usage"] = USED.format("96.0M")
    assert journal.run(chores(host, dry=True, **allowed)).items == 0
    journal.run(chores(host, **allowed))
    assert "--rotate" not in host.asked[-1]
    host.programs["journalctl", "--disk-usage"] = 1
    with pytest.raises(MachineError, match="journalctl"):
        journal.run(chores(host, **allowed))


# --- the policy, over all that may stand on a disk ---


def made(number: int, *, created: float, previous: int | None) -> Deployment:
    release = f"{number}-x"
    return Deployment(number, str(number), "d", "s", release, number, created, previous)


@given(
    ages=st.lists(st.floats(min_value=-DAY, max_value=100 * DAY), min_size=1, max_size=8),
    broken=st.sets(st.integers(1, 8)),
    going_back=st.booleans(),
    keep=st.integers(1, 3),
)
def test_what_is_active_or_was_before_is_never_spare(
    ages: list[float], broken: set[int], going_back: bool, keep: int
) -> None:
    now, keep_for = 1000 * DAY, 14 * DAY
    every = {
        number: made(number, created=now - age, previous=number - 1 or None)
        for number, age in enumerate(ages, 1)
    }
    active = every[max(1, len(every) - 1) if going_back else len(every)]
    stock = Stock(
        active=active,
        deployments={n: None if n in broken else each for n, each in every.items()},
        generations={str(n): now - age for n, age in enumerate(ages, 1)} | {"home": 0.0},
        releases={f"{n}-x": now - age for n, age in enumerate(ages, 1)} | {"old": 0.0},
    )
    deployments = spare_deployments(stock, now=now, keep_for=keep_for, abandoned_for=7 * DAY)
    generations = spare_generations(stock, now=now, keep_for=keep_for, abandoned_for=7 * DAY)
    spare = spare_releases(stock, now=now, keep=keep)
    for number in (active.number, active.previous):
        assert number not in deployments
        assert str(number) not in generations
    assert not {f"{active.number}-x", f"{active.previous}-x", "home"} & {*spare, *generations}
    assert not broken & set(deployments)
    assert not {str(number) for number in broken} & set(generations)
    for number in deployments:
        assert now - every[number].created >= keep_for
    assert not broken & every.keys() or spare == []
