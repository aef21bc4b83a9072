"""A disk that is nearly full: safe tasks make room, and where they can't, a person is told why."""

import os
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from agent.host.apart import Outcome
from agent.host.facts import FileSystem
from agent.host.machine import Host
from agent.housekeeping import roll
from agent.housekeeping.task import Chores, Done, Task
from agent.manifest.upkeep import Schedule
from agent.remedies import hoards
from agent.remedies.disk import REMEDY, find, mend
from agent.remedies.memory import read_memory
from agent.remedies.mend import plan, run
from agent.remedies.remedy import Fault, Scene
from agent.remedies.round import Asker
from agent.remedies.volumes import volumes
from tests.scripted_host import GIB
from tests.unit.upkeep_world import as_machine, fill, needs_root, scene, scripted, small_disk

MIB = 1 << 20
ROOT_MOUNT = "22 1 254:1 / / rw,relatime - ext4 /dev/vda1 rw\n"


def room(used: float, *, inodes_used: float = 10, read_only: bool = False) -> FileSystem:
    free, inodes = int(100 * GIB * (1 - used / 100)), round(1000 * (1 - inodes_used / 100))
    return FileSystem(100 * GIB, free, 1000, inodes, read_only=read_only)


def frees(name: str, folder: Path) -> Task:
    """A task that removes the files of a folder."""

    def work(chores: Chores) -> Done:
        there = list(folder.iterdir()) if folder.is_dir() else []
        size = sum(each.stat().st_size for each in there)
        if not chores.dry:
            for each in there:
                each.unlink()
        return Done(summary="tidied", freed=size, items=len(there))

    return Task(name=name, title=name, schedule=Schedule(calendar="daily"), run=work, frees=True)


Tasks = Callable[..., None]


@pytest.fixture
def tasks(monkeypatch: pytest.MonkeyPatch) -> Tasks:
    return lambda *those: monkeypatch.setattr(roll, "TASKS", those)


@pytest.fixture
def stage(root: Path, tasks: Tasks) -> Scene:
    tasks()
    made = scene(root)
    scripted(made).kernel.files["/proc/self/mountinfo"] = ROOT_MOUNT
    return made


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hoards, "_SECONDS", 0.05)


@pytest.mark.parametrize(
    ("facts", "code"),
    [
        (room(84.9), ""),
        (room(85.0), "disk-low"),
        (room(100), "disk-full"),
        (room(10, inodes_used=84), ""),
        (room(10, inodes_used=85), "inodes-low"),
        (room(99, read_only=True), "disk-low"),  # read-only in our own sandbox alone
        (FileSystem(0, 0, 0, 0, read_only=False), ""),
        (FileSystem(GIB, GIB, 0, 0, read_only=False), ""),
    ],
)
def test_only_what_is_above_the_line_and_writable_counts(
    stage: Scene, facts: FileSystem, code: str
) -> None:
    scripted(stage).facts.disk = facts
    assert [fault.code for fault in find(stage)] == ([code] if code else [])


def test_the_line_is_the_manifests(stage: Scene) -> None:
    lower = replace(stage, manifest=scene(stage.layout.root, "[remediation]\ndisk_warn = 40.0")
                    .manifest)  # fmt: skip
    scripted(stage).facts.disk = room(50)
    assert find(stage) == []
    assert [fault.target for fault in find(lower)] == ["/"]


def test_one_file_system_is_looked_at_once(stage: Scene) -> None:
    assert [each.point for each in volumes(stage)] == ["/"]


def test_a_read_only_mount_is_no_full_disk(stage: Scene) -> None:
    scripted(stage).facts.disk = room(100)
    table = ROOT_MOUNT.replace(" rw,relatime", " ro,relatime")
    scripted(stage).kernel.files["/proc/self/mountinfo"] = table
    assert find(stage) == []


def test_a_disk_that_does_not_answer_is_no_fault_of_this_remedy(stage: Scene) -> None:
    scripted(stage).facts.disk = OSError(116, "Stale file handle")
    assert find(stage) == []


def test_the_plan_names_the_tasks_and_what_they_expect(stage: Scene, tasks: Tasks) -> None:
    old, empty = stage.layout.root / "old", stage.layout.root / "empty"
    old.mkdir()
    (old / "a").write_bytes(b"x" * 3 * MIB)
    tasks(frees("empty", empty), frees("journal", old))
    scripted(stage).facts.disk = room(90)
    (fault,) = find(stage)
    assert fault.plan == "run journal (3.0 MiB), until it is below the line"
    assert fault.refusal == ""
    assert (old / "a").exists()


def test_it_stops_as_soon_as_the_disk_is_below_the_line(stage: Scene, tasks: Tasks) -> None:
    folders = [stage.layout.root / name for name in ("one", "two")]
    for folder in folders:
        folder.mkdir()
        (folder / "file").write_bytes(b"x" * MIB)
    facts = scripted(stage).facts

    def enough(chores: Chores) -> Done:
        if not chores.dry:
            (folders[0] / "file").unlink()
            facts.disk = room(60)
        return Done(summary="tidied", freed=MIB, items=1)

    tasks(replace(frees("one", folders[0]), run=enough), frees("two", folders[1]))
    facts.disk = room(90)
    (fault,) = find(stage)
    said = mend(stage, fault)
    assert said == "one: freed 30.0 GiB; 60.0 percent in use now"
    assert (folders[1] / "file").exists()
    assert find(stage) == []


def test_a_task_that_is_not_safe_is_never_run(stage: Scene, tasks: Tasks) -> None:
    old = stage.layout.root / "old"
    old.mkdir()
    (old / "a").write_bytes(b"x")
    tasks(replace(frees("backup", old), frees=False))
    scripted(stage).facts.disk = room(90)
    (fault,) = find(stage)
    assert "only a person" in fault.refusal


def test_one_task_that_breaks_does_not_stop_the_next(stage: Scene, tasks: Tasks) -> None:
    old = stage.layout.root / "old"
    old.mkdir()
    (old / "a").write_bytes(b"x" * MIB)

    def broken(chores: Chores) -> Done:
        if chores.dry:
            return Done(summary="would", items=1)
        raise OSError(5, "Input/output error")

    tasks(replace(frees("broken", old), run=broken), frees("good", old))
    scripted(stage).facts.disk = room(90)
    (fault,) = find(stage)
    said = mend(stage, fault)
    assert "broken: freed 0 bytes, [Errno 5] Input/output error; good: freed" in said


def test_a_vendors_program_is_not_run_again_within_the_hour(root: Path, tasks: Tasks) -> None:
    tasks()
    text = '[tasks.slim]\ncalendar = "daily"\ncommand = ["/bin/trim"]\nfrees = true\n'
    stage = scene(root, text)
    host = scripted(stage)
    host.kernel.files["/proc/self/mountinfo"] = ROOT_MOUNT
    host.programs["/bin/trim"] = "slimmed"
    host.facts.disk = room(90)
    (fault,) = find(stage)
    assert fault.plan == "run slim, until it is below the line"
    mend(stage, fault)
    (fault,) = find(stage)
    assert fault.refusal
    host.clock.advance(3601)
    (fault,) = find(stage)
    assert not fault.refusal


def test_on_systemd_a_task_runs_in_its_own_unit(root: Path, tasks: Tasks) -> None:
    old = root / "old"
    old.mkdir()
    (old / "a").write_bytes(b"x" * MIB)
    tasks(frees("tidy", old))
    stage = as_machine(scene(root))
    host = scripted(stage)
    host.kernel.files["/proc/1/mountinfo"] = ROOT_MOUNT
    host.facts.disk = room(90)
    (fault,) = find(stage)
    assert mend(stage, fault) == "tidy: freed 0 bytes; 90.0 percent in use now"
    assert host.systemd.controlled == [("start", "caretaker-task@tidy.service")]
    assert (old / "a").exists()


def test_the_refusal_says_what_is_large_in_words_that_stay(stage: Scene) -> None:
    scripted(stage).facts.disk = room(90)
    big = stage.layout.data_home / "big"
    big.write_bytes(b"x" * MIB)
    table = f"30 22 0:44 / {stage.layout.root} rw - ext4 /dev/vdb1 rw\n"
    scripted(stage).kernel.files["/proc/self/mountinfo"] = table
    (fault,) = find(stage)
    assert str(big) in str(fault.detail["largest"])
    assert str(big) in fault.summary
    first = fault.refusal
    big.write_bytes(b"x" * 2 * MIB)
    assert find(stage)[0].refusal == first


@pytest.mark.parametrize(
    ("facts", "urgent"),
    [
        (room(99), False),
        (room(100), True),
        (room(10, inodes_used=99), True),
        (FileSystem(GIB, GIB, 10**6, 2000, read_only=False), False),
    ],
)
def test_at_boot_only_what_is_urgent_keeps_the_application_waiting(
    stage: Scene, facts: FileSystem, *, urgent: bool
) -> None:
    scripted(stage).facts.disk = facts
    assert len(find(stage)) == 1
    assert bool(find(replace(stage, booting=True))) is urgent


@pytest.mark.parametrize(("booting", "most"), [(False, 20.0), (True, 5.0)])
def test_a_look_that_takes_long_is_cut_short(
    stage: Scene, tasks: Tasks, monkeypatch: pytest.MonkeyPatch, *, booting: bool, most: float
) -> None:
    """An application that makes a million files must not keep other remedies waiting."""
    host = scripted(stage)
    given: list[float] = []

    def apart(work: Callable[[], bytes], *, timeout: float, gentle: bool = True) -> Outcome:
        given.append(timeout)
        host.clock.advance(timeout)
        return Outcome(None, -9, timeout, timed_out=True)

    monkeypatch.setattr(type(host), "apart", lambda self, work, **how: apart(work, **how))
    tasks(frees("purge", stage.layout.root / "old"))
    host.facts.disk = room(100)
    (fault,) = find(replace(stage, booting=booting))
    assert given == [most]
    assert fault.plan == "run purge, until it is below the line"


def test_at_boot_the_application_waits_for_so_long(stage: Scene, tasks: Tasks) -> None:
    host, ran = scripted(stage), []

    def slow(chores: Chores) -> Done:
        if not chores.dry:
            ran.append(1)
            host.clock.advance(20)
        return Done(summary="tidied", freed=1, items=1)

    here = stage.layout.root
    tasks(*(replace(frees(name, here), run=slow) for name in ("one", "two", "three")))
    host.facts.disk = room(100)
    booting = replace(stage, booting=True)
    said = mend(booting, find(booting)[0])
    assert "the rest once the application runs" in said
    assert len(ran) == 2
    mend(stage, find(stage)[0])
    assert len(ran) == 5


def test_a_task_that_holds_back_says_why(stage: Scene, tasks: Tasks) -> None:
    def doubts(chores: Chores) -> Done:
        return Done(summary="failed", problems=("the clock is not to be believed",))

    tasks(replace(frees("purge", stage.layout.root), run=doubts))
    scripted(stage).facts.disk = room(90)
    (fault,) = find(stage)
    assert fault.refusal
    assert "purge: the clock is not to be believed" in fault.summary
    assert fault.detail["held_back"] == "purge: the clock is not to be believed"


def test_in_a_plan_nothing_changes(stage: Scene, tasks: Tasks) -> None:
    old = stage.layout.root / "old"
    old.mkdir()
    (old / "a").write_bytes(b"x")
    tasks(frees("tidy", old))
    scripted(stage).facts.disk = room(90)
    before = sorted(stage.layout.root.rglob("*"))
    (deed,) = plan([REMEDY], stage, Asker(actor="test"))
    assert deed.outcome == "would"
    assert sorted(stage.layout.root.rglob("*")) == before


# --- on real, small disks ---


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    if needs_root:
        pytest.skip("mounting needs root")
    with small_disk(tmp_path / "disk", "size=32m,nr_inodes=200") as point:
        yield point


def real_scene(point: Path) -> Scene:
    return scene(point, host=Host(root=point))


def of_disk(faults: list[Fault], point: Path) -> list[Fault]:
    """Without what may be wrong with the disks of the machine that runs the test."""
    return [fault for fault in faults if fault.target == str(point)]


@pytest.mark.real
def test_a_disk_that_is_full_to_the_last_byte_is_mended(disk: Path, tasks: Tasks) -> None:
    stage = real_scene(disk)
    old = disk / "old"
    old.mkdir()
    for number in range(4):
        (old / str(number)).write_bytes(b"x" * 4 * MIB)
    tasks(frees("tidy", old))
    fill(disk)
    assert os.statvfs(disk).f_bavail == 0
    (deed,) = [d for d in run([REMEDY], stage, Asker(actor="test")) if d.target == str(disk)]
    assert (deed.outcome, deed.code) == ("done", "disk-full")
    assert "tidy: freed 16.0 MiB" in deed.said
    assert of_disk(find(stage), disk) == []
    memory = read_memory(stage.layout.remedies)
    assert memory is not None
    assert memory.counts["disk"]["done"] == 1


@pytest.mark.real
def test_the_houses_own_tasks_need_no_room_to_make_some(disk: Path) -> None:
    text = '[purge.old]\npath = "{data}/tmp"\nolder_than = "100ms"\n'
    stage = scene(disk, text, host=Host(root=disk))
    layout = stage.layout
    (layout.generations / "1/tmp").mkdir(parents=True)
    (layout.deployments / "1").mkdir(parents=True)
    (layout.deployments / "1/state").symlink_to("../../generations/1")
    layout.active.symlink_to("deployments/1")
    old = layout.data / "tmp/old"
    old.write_bytes(b"x" * 8 * MIB)
    fill(disk)
    time.sleep(0.2)
    (deed,) = [d for d in run([REMEDY], stage, Asker(actor="test")) if d.target == str(disk)]
    assert (deed.outcome, old.exists()) == ("done", False), deed
    assert "purge: freed 8.0 MiB" in deed.said


@pytest.mark.real
def test_a_disk_without_inodes_is_mended(disk: Path, tasks: Tasks) -> None:
    stage = real_scene(disk)
    # As on a machine that ran before: both locks are there.
    for path in (stage.layout.remedies_lock, stage.layout.tasks_lock):
        path.touch()
    old = disk / "old"
    old.mkdir()
    tasks(frees("tidy", old))
    for number in range(os.statvfs(disk).f_favail):
        (old / str(number)).touch()
    assert os.statvfs(disk).f_favail == 0
    (deed,) = [d for d in run([REMEDY], stage, Asker(actor="test")) if d.target == str(disk)]
    assert (deed.outcome, deed.code) == ("done", "inodes-low")
    assert of_disk(find(stage), disk) == []


@pytest.mark.real
def test_data_is_never_touched_and_the_deleted_file_is_named(disk: Path, tasks: Tasks) -> None:
    tasks()
    stage = real_scene(disk)
    ballast = fill(disk, leave=MIB)
    with ballast.open("rb"):
        ballast.unlink()
        (fault,) = of_disk(find(stage), disk)
        assert fault.refusal
        assert str(ballast) in str(fault.detail["deleted_but_open"])
        assert "still open in" in fault.summary
        assert fault.hint
    assert of_disk(find(stage), disk) == []
