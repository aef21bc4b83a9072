"""`disk`, `inodes`, `memory`, `load`, `clock` and `file`: what the machine says of itself."""

import errno
import os
from pathlib import Path

import pytest

from agent.findings import Status
from agent.host.facts import FileSystem, Memory
from agent.host.memory import available_memory
from agent.host.time_sync import TimeSync
from agent.manifest.checks import (
    ClockCheck,
    DiskCheck,
    FileCheck,
    InodesCheck,
    LoadCheck,
    MemoryCheck,
)
from agent.manifest.kinds import Duration, Size
from tests.scripted_host import GIB, ScriptedKernel
from tests.unit.checks_world import World, world

MIB = 1 << 20
MOUNTS = "22 1 254:1 / / rw,relatime - ext4 /dev/vda1 rw\n"


@pytest.fixture
def stage(root: Path) -> World:
    return world(root)


def disk(free: float, *, size: float = 100, read_only: bool = False) -> FileSystem:
    return FileSystem(int(size * GIB), int(free * GIB), 1000, 900, read_only)


@pytest.mark.parametrize(
    ("free", "status", "code"),
    [
        (50.0, Status.PASS, "ok"),
        (15.1, Status.PASS, "ok"),
        (15.0, Status.WARN, "disk-low"),
        (5.0, Status.FAIL, "disk-low"),
        (0.0, Status.FAIL, "disk-full"),
    ],
)
def test_a_disk_fills_up(stage: World, free: float, status: Status, code: str) -> None:
    stage.host.facts.disk = disk(free)
    finding = stage.look(DiskCheck(path="/data"))
    assert (finding.status, finding.code, finding.unit) == (status, code, "percent")
    assert finding.observed == pytest.approx(100 - free)
    assert finding.detail["free"] == int(free * GIB)


def test_a_small_disk_fails_by_bytes_before_percent(stage: World) -> None:
    stage.host.facts.disk = disk(0.05, size=0.2)
    finding = stage.look(DiskCheck(path="/data"))
    assert finding.code == "disk-low"
    assert finding.summary == "only 51.2 MiB of 204.8 MiB free at /data"


def test_a_disk_without_size_passes(stage: World) -> None:
    stage.host.facts.disk = FileSystem(0, 0, 0, 0, read_only=False)
    assert stage.look(DiskCheck(path="/proc")).ok
    assert stage.look(InodesCheck(path="/proc")).ok


@pytest.mark.parametrize(
    ("table", "code", "words"),
    [
        (MOUNTS.replace(" rw\n", " ro\n"), "disk-read-only", "the kernel made it so"),
        (MOUNTS.replace(" rw,", " ro,"), "disk-read-only", "mounted so"),
        (MOUNTS, "ok", "free"),
    ],
)
def test_read_only_for_the_machine_is_told_from_our_own_sandbox(
    stage: World, table: str, code: str, words: str
) -> None:
    stage.host.facts.disk = disk(50, read_only=True)
    stage.host.kernel.files["/proc/1/mountinfo"] = table
    finding = stage.look(DiskCheck(path="/data"))
    assert finding.code == code
    assert words in finding.summary


def test_where_pid_1_is_hidden_only_the_file_system_itself_is_believed(stage: World) -> None:
    stage.host.facts.disk = disk(50, read_only=True)
    stage.host.kernel.files["/proc/1/mountinfo"] = PermissionError(errno.EACCES, "denied")
    stage.host.kernel.files["/proc/self/mountinfo"] = MOUNTS.replace(" rw,", " ro,")
    assert stage.look(DiskCheck(path="/data")).ok
    stage.host.kernel.files["/proc/self/mountinfo"] = MOUNTS.replace(" rw\n", " ro\n")
    assert stage.look(DiskCheck(path="/data")).code == "disk-read-only"


@pytest.mark.parametrize(
    ("error", "word"),
    [
        (FileNotFoundError(errno.ENOENT, "No such file"), "missing"),
        (NotADirectoryError(errno.ENOTDIR, "Not a directory"), "missing"),
        (PermissionError(errno.EACCES, "Permission denied"), "unreadable"),
        (OSError(errno.ESTALE, "Stale file handle"), "unreadable"),
    ],
)
def test_a_path_that_leads_nowhere_fails(stage: World, error: OSError, word: str) -> None:
    stage.host.facts.disk = error
    assert stage.look(DiskCheck(path="/data")).code == f"disk-{word}"
    assert stage.look(InodesCheck(path="/data")).code == f"inodes-{word}"


@pytest.mark.parametrize(
    ("free", "status"), [(500, Status.PASS), (150, Status.WARN), (50, Status.FAIL)]
)
def test_inodes_run_out(stage: World, free: int, status: Status) -> None:
    stage.host.facts.disk = FileSystem(GIB, GIB, 1000, free, read_only=False)
    finding = stage.look(InodesCheck(path="/data"))
    assert finding.status is status
    assert f"{free} of 1000 inodes free" in finding.summary


@pytest.mark.parametrize(
    ("available", "status"), [(2000, Status.PASS), (300, Status.WARN), (60, Status.FAIL)]
)
def test_memory_runs_out(stage: World, available: int, status: Status) -> None:
    stage.host.facts.ram = Memory(4000 * MIB, available * MIB)
    finding = stage.look(MemoryCheck())
    assert finding.status is status
    assert finding.observed == pytest.approx(100 - available / 40)


def test_a_machine_that_tells_no_memory_fails(stage: World) -> None:
    stage.host.facts.ram = Memory(0, 0)
    assert stage.look(MemoryCheck()).code == "memory-unknown"


MEMINFO = "MemTotal: 4000 kB\nMemFree: 10 kB\nMemAvailable: 3000 kB\nBuffers: x\n"


def kernel(**groups: str) -> ScriptedKernel:
    found = ScriptedKernel()
    found.files["/proc/meminfo"] = MEMINFO
    for name, text in groups.items():
        found.files[f"/sys/fs/cgroup/memory.{name}"] = text
    return found


def test_memory_is_the_smaller_of_machine_and_container() -> None:
    assert available_memory(kernel()) == (4000 << 10, 3000 << 10)
    assert available_memory(kernel(max="max\n")) == (4000 << 10, 3000 << 10)
    small = kernel(max="1000000\n", current="900000\n", stat="anon 1\ninactive_file 400000\n")
    assert available_memory(small) == (1000000, 500000)
    without = kernel(max="1000000\n", current="900000\n", stat="anon 1\n")
    assert available_memory(without) == (1000000, 100000)
    over = kernel(max="1000000\n", current="1900000\n", stat="")
    assert available_memory(over) == (1000000, 0)
    large = kernel(max="99000000000\n", current="1\n", stat="")
    assert available_memory(large) == (4000 << 10, 3000 << 10)


def test_a_kernel_without_an_estimate_is_an_error() -> None:
    old = ScriptedKernel()
    old.files["/proc/meminfo"] = "MemTotal: 4000 kB\n"
    with pytest.raises(OSError, match="MemAvailable"):
        available_memory(old)


@pytest.mark.parametrize(
    ("five_minutes", "fail", "status"),
    [
        (3.9, 0.0, Status.PASS),
        (4.0, 0.0, Status.WARN),
        (400.0, 0.0, Status.WARN),
        (8.0, 4.0, Status.FAIL),
    ],
)
def test_load_is_counted_a_processor(
    stage: World, five_minutes: float, fail: float, status: Status
) -> None:
    stage.host.facts.averages = (0.0, five_minutes, 0.0)
    finding = stage.look(LoadCheck(fail_per_cpu=fail))
    assert finding.status is status
    assert finding.observed == pytest.approx(five_minutes / 2)


def test_a_synchronised_clock_passes_and_is_asked_seldom(stage: World) -> None:
    assert stage.look(ClockCheck()).summary == "the clock is synchronised and runs evenly"
    stage.host.kernel.sync = TimeSync(synchronised=False, offset=0.0, most=16.0)
    stage.host.clock.advance(300)
    assert stage.look(ClockCheck()).ok
    stage.host.clock.advance(301)
    assert stage.look(ClockCheck()).code == "clock-unsynchronised"
    assert stage.look(ClockCheck(require_sync=False)).status is Status.PASS
    stage.host.kernel.sync = TimeSync(synchronised=True, offset=0.0, most=0.1)
    stage.host.clock.advance(61)
    assert stage.look(ClockCheck()).status is Status.PASS


@pytest.mark.parametrize(
    ("answer", "code"), [("yes\n", "ok"), ("no\n", "clock-unsynchronised"), ("", "ok"), (1, "ok")]
)
def test_in_our_sandbox_timedated_is_asked(stage: World, answer: str | int, code: str) -> None:
    stage.host.kernel.sync = PermissionError(errno.EPERM, "adjtimex refused")
    stage.host.programs["timedatectl"] = answer
    finding = stage.look(ClockCheck())
    assert finding.code == code
    if answer in ("", 1):
        assert "nobody here can tell" in finding.summary


def test_timesyncds_mark_saves_the_question_while_it_is_fresh(stage: World, root: Path) -> None:
    stage.host.kernel.sync = PermissionError(errno.EPERM, "adjtimex refused")
    mark = root / "run/systemd/timesync/synchronized"
    mark.parent.mkdir(parents=True)
    mark.touch()
    now = stage.host.clock.wall()
    os.utime(mark, (now - 2000, now - 2000))
    assert stage.look(ClockCheck()).status is Status.PASS
    assert stage.host.asked == []
    stage.host.programs["timedatectl"] = "no"
    stage.host.clock.advance(3600)
    assert stage.look(ClockCheck()).code == "clock-unsynchronised"


@pytest.mark.parametrize(("step", "where"), [(61.0, "forward"), (-3600.0, "back")])
def test_a_jump_of_the_clock_is_told_for_some_minutes(
    stage: World, step: float, where: str
) -> None:
    assert stage.look(ClockCheck()).ok
    stage.host.clock.advance(10)
    stage.host.clock.step(step)
    finding = stage.look(ClockCheck())
    assert (finding.status, finding.code) == (Status.WARN, "clock-jumped")
    assert f"set {where}" in finding.summary
    assert finding.observed == pytest.approx(step)
    stage.host.clock.advance(200)
    assert stage.look(ClockCheck()).code == "clock-jumped"
    stage.host.clock.advance(150)
    assert stage.look(ClockCheck()).ok


def test_slewing_and_suspension_are_no_jumps(stage: World) -> None:
    stage.look(ClockCheck())
    stage.host.clock.advance(86400)
    stage.host.clock.step(0.05)
    assert stage.look(ClockCheck()).ok


def test_a_clock_of_another_age_fails(stage: World) -> None:
    stage.host.clock.now = 3600.0
    assert stage.look(ClockCheck()).code == "clock-wrong"


def made(stage: World, root: Path, *, size: int = 10, age: float = 60.0) -> str:
    path = root / "backup.tar"
    path.write_bytes(b"x" * size)
    when = stage.host.clock.wall() - age
    os.utime(path, (when, when))
    return str(path)


@pytest.mark.parametrize(
    ("check", "code"),
    [
        (FileCheck(path="", newer_than=Duration(61)), "ok"),
        (FileCheck(path="", newer_than=Duration(59)), "file-old"),
        (FileCheck(path="", at_least=Size(10), at_most=Size(10)), "ok"),
        (FileCheck(path="", at_least=Size(11)), "file-small"),
        (FileCheck(path="", at_most=Size(9)), "file-large"),
        (FileCheck(path="", absent=True), "file-present"),
    ],
)
def test_a_file_is_judged(stage: World, root: Path, check: FileCheck, code: str) -> None:
    path = made(stage, root)
    options = {name: getattr(check, name) for name in ("newer_than", "at_least", "at_most")}
    finding = stage.look(FileCheck(path=path, absent=check.absent, **options))
    assert finding.code == code
    assert path in finding.summary


def test_a_missing_file_fails_unless_it_should_be_missing(stage: World, root: Path) -> None:
    path = str(root / "none")
    assert stage.look(FileCheck(path=path)).code == "file-missing"
    assert stage.look(FileCheck(path=path, absent=True)).ok
    beneath = str(made(stage, root)) + "/below"
    assert stage.look(FileCheck(path=beneath)).code == "file-missing"


def test_what_may_not_be_seen_is_neither_there_nor_absent(
    stage: World, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(path: Path) -> os.stat_result:
        raise PermissionError(errno.EACCES, "Permission denied", str(path))

    monkeypatch.setattr(Path, "lstat", refuse)
    for absent in (True, False):
        finding = stage.look(FileCheck(path=str(root / "x"), absent=absent))
        assert finding.code == "file-unreadable"


def test_a_link_is_not_followed(stage: World, root: Path) -> None:
    link = root / "latest"
    link.symlink_to(made(stage, root))
    assert stage.look(FileCheck(path=str(link))).code == "file-link"
    link.unlink()
    link.symlink_to(root / "gone")
    assert stage.look(FileCheck(path=str(link))).code == "file-link"
    assert stage.look(FileCheck(path=str(link), absent=True)).code == "file-present"


def test_only_a_regular_file_has_a_size(stage: World, root: Path) -> None:
    assert stage.look(FileCheck(path=str(root))).ok
    assert stage.look(FileCheck(path=str(root), at_least=Size(1))).code == "file-kind"


def test_a_file_from_the_future_is_not_called_fresh(stage: World, root: Path) -> None:
    path = made(stage, root, age=-3600)
    finding = stage.look(FileCheck(path=path, newer_than=Duration(60)))
    assert (finding.status, finding.code) == (Status.WARN, "file-future")
    assert stage.look(FileCheck(path=path)).ok
