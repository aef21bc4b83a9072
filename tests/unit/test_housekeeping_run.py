"""The runner: state before and after, ledger, lock; what fails stays alone."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from agent.errors import BusyError, MachineError, UsageError
from agent.host import lock
from agent.host.spawn import Completed
from agent.housekeeping.declared import declared_task
from agent.housekeeping.open import open_chores
from agent.housekeeping.roll import find_task, tasks_of
from agent.housekeeping.run import Ran, Runner
from agent.housekeeping.states import read_states
from agent.housekeeping.task import Chores, Done, Task
from agent.layout import Layout
from agent.ledger import read_ledgers
from agent.manifest import upkeep
from agent.manifest.reader import parse
from tests.scripted_host import ScriptedHost, scripted_host, timed_out

MANIFEST = """\
[appliance]
name = "shop"
version = "2.1"
[tasks.sweep]
calendar = "daily"
command = ["{release}/sweep", "--all"]
title = "Sweep the shop"
[tasks.count]
calendar = "hourly"
command = ["count"]
user = "clerk"
timeout = "5s"
frees = true
"""
NIGHTLY = upkeep.Schedule(calendar="daily")


def chores_below(root: Path) -> Chores:
    layout = Layout(root, "shop")
    layout.state.mkdir(parents=True)
    return open_chores(parse(MANIFEST), layout, scripted_host(root))


def host_of(chores: Chores) -> ScriptedHost:
    assert isinstance(chores.host, ScriptedHost)
    return chores.host


def task(name: str, run: object) -> Task:
    def work(chores: Chores) -> Done:
        host_of(chores).clock.advance(2)
        if isinstance(run, Exception):
            raise run
        assert isinstance(run, Done)
        return run

    return Task(name, name, NIGHTLY, work)


def test_a_run_is_noted_before_and_after_and_stands_in_the_ledger(root: Path) -> None:
    chores = chores_below(root)
    began = chores.host.clock.wall()
    seen: list[str] = []

    def look(_chores: Chores) -> Done:
        seen.append(read_states(chores.layout).tasks["purge"].outcome)
        return Done(summary="3 files gone", freed=300, items=3)

    (ran,) = Runner(chores, actor="schedule").run([Task("purge", "Purge", NIGHTLY, look)])
    assert (seen, ran.outcome, ran.why) == (["running"], "done", "")
    state = read_states(chores.layout).tasks["purge"]
    assert (state.anchor, state.began, state.outcome) == (began, began, "done")
    assert (state.freed, state.items, state.summary) == (300, 3, "3 files gone")
    (entry,) = read_ledgers(chores.layout.ledgers)
    assert (entry.act, entry.target, entry.outcome, entry.actor) == (
        "task", "purge", "done", "schedule",
    )  # fmt: skip
    assert entry.detail == {"freed": 300, "items": 3}


@pytest.mark.parametrize(
    ("trouble", "why"),
    [
        (MachineError("command-failed", "the disk said no"), "the disk said no"),
        (OSError(28, "No space left"), "[Errno 28] No space left"),
        (ZeroDivisionError("by zero"), "a defect of Caretaker: ZeroDivisionError: by zero"),
        (Done(summary="half", problems=("one", "two")), "one; two"),
    ],
)
def test_a_task_that_fails_does_not_stop_the_next(root: Path, trouble: object, why: str) -> None:
    chores = chores_below(root)
    told: list[Ran] = []
    runner = Runner(chores, ended=told.append)
    runner.run([task("bad", trouble), task("good", Done(summary="fine"))])
    assert [(ran.name, ran.outcome, ran.why) for ran in told] == [
        ("bad", "failed", why),
        ("good", "done", ""),
    ]
    assert {n: s.outcome for n, s in read_states(chores.layout).tasks.items()} == {
        "bad": "failed",
        "good": "done",
    }


def test_a_run_that_was_killed_counts_and_is_told_by_the_next(root: Path) -> None:
    chores = chores_below(root)

    def killed(_chores: Chores) -> Done:
        raise KeyboardInterrupt  # past everything that would note an end, as SIGKILL is

    with pytest.raises(KeyboardInterrupt):
        Runner(chores).run([Task("slow", "Slow", NIGHTLY, killed)])
    state = read_states(chores.layout).tasks["slow"]
    assert (state.outcome, state.anchor) == ("running", chores.host.clock.wall())
    Runner(chores).run([task("next", Done(summary="fine"))])
    assert read_states(chores.layout).tasks["slow"].outcome == "broke off"


def test_a_dry_run_changes_nothing_and_needs_no_lock(root: Path) -> None:
    chores = dry(chores_below(root))
    with lock.exclusive(chores.layout.tasks_lock, purpose="test"):
        (ran,) = Runner(chores).run([task("purge", Done(summary="would free 3 files"))])
    assert ran.outcome == "done"
    assert not chores.layout.tasks.exists()
    assert read_ledgers(chores.layout.ledgers) == []


def dry(chores: Chores) -> Chores:
    return Chores(chores.host, chores.manifest, chores.layout, chores.values, dry=True)


def test_a_second_run_is_told_or_waits(root: Path) -> None:
    chores = chores_below(root)
    with lock.exclusive(chores.layout.tasks_lock, purpose="test"):
        with pytest.raises(BusyError) as told:
            Runner(chores).run([task("purge", Done(summary=""))])
        with pytest.raises(BusyError):
            Runner(chores, wait=30).run([task("purge", Done(summary=""))])
    assert told.value.exit_status == 5
    # Only the one that waited is missed; who asked without waiting was told.
    (entry,) = read_ledgers(chores.layout.ledgers)
    assert (entry.target, entry.outcome) == ("purge", "failed")
    assert "under way" in entry.why
    assert sum(host_of(chores).clock.slept) == pytest.approx(30, abs=1)


def test_a_full_disk_does_not_keep_it_from_making_room(root: Path) -> None:
    chores = chores_below(root)
    chores.layout.tasks.mkdir()  # so that no state can be read or written
    (ran,) = Runner(chores).run([task("purge", Done(summary="fine"))])
    assert ran.outcome == "done"


def test_a_vendors_program_runs_as_its_user_with_its_time(root: Path) -> None:
    chores = chores_below(root)
    machine = Chores(chores.host, chores.manifest, Layout(Path("/"), "shop"), chores.values)
    host = host_of(chores)
    host.programs[str(chores.layout.current / "sweep")] = "dust\n12 files swept\n"
    host.programs["count"] = lambda argv: timed_out(argv, 5.0)
    sweep, count = tasks_of(parse(MANIFEST), embedded=False)[-2:]
    assert (sweep.name, sweep.title, sweep.frees, count.frees) == (
        "sweep", "Sweep the shop", False, True,
    )  # fmt: skip
    assert sweep.run(machine).summary == "12 files swept"
    done = count.run(machine)
    assert done.problems == ("no end after 5.0 s",)
    assert host.users == ["shop", "clerk"]
    assert host.asked[0] == (str(chores.layout.current / "sweep"), "--all")
    assert count.timeout == 35.0


def test_a_vendors_program_is_only_told_of_in_a_dry_run(root: Path) -> None:
    chores = dry(chores_below(root))
    declared = upkeep.Task(calendar="daily", command=["sweep"])
    assert declared_task("sweep", declared, "shop").run(chores).summary == "would run sweep"
    assert host_of(chores).asked == []


def test_what_a_vendors_program_said_tells_why_it_failed(root: Path) -> None:
    chores = chores_below(root)
    host = host_of(chores)
    host.programs["sweep"] = Completed(("sweep",), 3, "", "why\nthe broom broke\n", 0.1)
    done = declared_task("sweep", upkeep.Task(calendar="daily", command=["sweep"]), "shop").run(
        chores
    )
    assert (done.summary, done.problems) == ("sweep failed", ("the broom broke",))


def test_the_manifest_may_move_an_own_task_or_turn_it_off(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = (
        task("purge", Done(summary="")),
        task("trim", Done(summary="")),
        Task("vm", "", NIGHTLY, lambda chores: Done(summary=""), modes=("systemd",)),
        Task("no", "", NIGHTLY, lambda chores: Done(summary=""), wanted=lambda manifest: False),
    )
    monkeypatch.setattr("agent.housekeeping.roll.TASKS", own)
    manifest = parse(MANIFEST)
    moved = msgspec.structs.replace(
        manifest,
        housekeeping=upkeep.Housekeeping(
            own={"purge": upkeep.Override(calendar="weekly"), "trim": upkeep.Override(off=True)}
        ),
    )
    found = tasks_of(moved, embedded=True)
    assert [(each.name, each.schedule.calendar) for each in found] == [
        ("purge", "weekly"), ("trim", ""), ("sweep", "daily"), ("count", "hourly"),
    ]  # fmt: skip
    assert "vm" in [each.name for each in tasks_of(manifest, embedded=False)]
    with pytest.raises(UsageError, match='did you mean "purge"'):
        find_task(found, "purgee")
