"""`lock`: held, free and left over are told apart, and nothing is ever touched."""

import errno
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.errors import ManifestError
from agent.findings import Status
from agent.manifest.checks import LockCheck
from agent.manifest.kinds import Duration
from agent.manifest.reader import parse
from agent.services.protocol import ServiceState
from tests.unit.checks_world import World, process, world

TICKS = os.sysconf("SC_CLK_TCK")
BOOTED = 1795248000.0 - 1000.0  # the scripted clock: up for 1000 s


@pytest.fixture
def stage(root: Path) -> World:
    return world(root)


@pytest.fixture
def file(root: Path) -> Path:
    return root / "app.lock"


def written(file: Path, content: str, *, at: float) -> None:
    file.write_text(content)
    os.utime(file, (at, at))


def alive(stage: World, pid: int, *, started: float, state: str = "S", tgid: int = 0) -> None:
    """`started` seconds after boot."""
    stage.host.facts.table[pid] = process(pid, state=state, started=int(started * TICKS))
    stage.host.kernel.files[f"/proc/{pid}/status"] = f"Name:\tx\nTgid:\t{tgid or pid}\n"


@pytest.mark.parametrize("kind", ["pidfile", "flock", "fcntl", "exists"])
def test_no_file_is_no_lock(stage: World, file: Path, kind: str) -> None:
    finding = stage.look(LockCheck(path=str(file), kind=kind))  # type: ignore[arg-type] # from the list above
    assert (finding.ok, finding.detail["held"]) == (True, False)


def test_a_living_process_holds_its_pid_file(stage: World, file: Path) -> None:
    written(file, "42\n/var/lib/app\n1795247000\n", at=BOOTED + 500)
    alive(stage, 42, started=499.5)
    finding = stage.look(LockCheck(path=str(file)))
    assert finding.summary == f"{file} is held by process 42"
    assert finding.detail == {"held": True, "pid": 42}


@pytest.mark.parametrize(
    ("written_at", "started", "state", "tgid", "words"),
    [
        (500.0, None, "S", 0, "names process 42, which is gone"),
        (500.0, 499.0, "Z", 0, "which is gone"),
        (500.0, 499.0, "S", 40, "which is gone"),  # a thread's number
        (500.0, 506.0, "S", 0, "written 6 seconds earlier"),  # the number was given anew
        (-86400.0, 20.0, "S", 0, "written before this boot"),
    ],
)
def test_a_pid_file_is_stale(
    stage: World,
    file: Path,
    written_at: float,
    started: float | None,
    state: str,
    tgid: int,
    words: str,
) -> None:
    written(file, "42", at=BOOTED + written_at)
    if started is not None:
        alive(stage, 42, started=started, state=state, tgid=tgid)
    finding = stage.look(LockCheck(path=str(file)))
    assert (finding.status, finding.code) == (Status.FAIL, "lock-stale")
    assert words in finding.summary
    assert file.exists()


def test_a_file_written_before_the_clock_was_set_proves_nothing(stage: World, file: Path) -> None:
    written(file, "42", at=3600.0)
    alive(stage, 42, started=10)
    finding = stage.look(LockCheck(path=str(file)))
    assert (finding.status, finding.code) == (Status.WARN, "lock-doubtful")


@pytest.mark.parametrize("content", ["", "\n\n", "not a number", "-5", "0", "9" * 20, "4 2x"])
def test_a_garbled_file_is_given_time_to_be_written(stage: World, file: Path, content: str) -> None:
    written(file, content, at=stage.host.clock.wall() - 3)
    alive(stage, 4, started=0)
    first = stage.look(LockCheck(path=str(file)))
    stage.host.clock.advance(10)
    second = stage.look(LockCheck(path=str(file)))
    if content == "4 2x":
        assert first.ok
        assert second.ok
    else:
        assert "being written" in first.summary
        assert second.code == "lock-garbled"


def test_what_may_not_be_read_is_no_verdict_of_staleness(
    stage: World, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file.symlink_to("/etc/passwd")
    assert stage.look(LockCheck(path=str(file))).code == "lock-unreadable"
    file.unlink()
    file.mkdir()
    assert stage.look(LockCheck(path=str(file))).code == "lock-unreadable"

    def refuse(path: Path) -> os.stat_result:
        raise PermissionError(errno.EACCES, "Permission denied", str(path))

    monkeypatch.setattr(Path, "lstat", refuse)
    assert stage.look(LockCheck(path=str(file))).code == "lock-unreadable"


@pytest.mark.parametrize(("age", "code"), [(3599.0, "ok"), (3601.0, "lock-stale")])
def test_a_file_that_only_exists_is_judged_by_its_age(
    stage: World, file: Path, age: float, code: str
) -> None:
    written(file, "", at=stage.host.clock.wall() - age)
    check = LockCheck(path=str(file), kind="exists", older_than=Duration(3600))
    assert stage.look(check).code == code


def locks(stage: World, file: Path, *lines: str, device: str = "") -> None:
    facts = file.stat()
    ours = device or f"{os.major(facts.st_dev):02x}:{os.minor(facts.st_dev):02x}"
    text = "".join(line.replace("FILE", f"{ours}:{facts.st_ino}") + "\n" for line in lines)
    stage.host.kernel.files["/proc/locks"] = text
    stage.host.kernel.files["/proc/self/mountinfo"] = "22 1 0:77 / / rw - btrfs /dev/vda rw\n"


FLOCK = "1: FLOCK  ADVISORY  WRITE 42 FILE 0 EOF"
POSIX = "2: POSIX  ADVISORY  WRITE 43 FILE 0 EOF"
OFD = "3: OFDLCK ADVISORY  WRITE -1 FILE 0 EOF"
WAITING = "1: -> FLOCK  ADVISORY  WRITE 44 FILE 0 EOF"
OTHER = "4: FLOCK  ADVISORY  WRITE 45 00:01:5 0 EOF"


@pytest.mark.parametrize(
    ("kind", "lines", "words"),
    [
        ("flock", [OTHER, FLOCK], "is held by process 42 (db)"),
        ("flock", [POSIX, OTHER], "is free"),
        ("flock", [WAITING], "is free"),
        ("fcntl", [FLOCK, POSIX], "is held by a child of process 43, which has ended"),
        ("fcntl", [OFD], "is held by an open file of some process"),
        ("fcntl", [FLOCK], "is free"),
    ],
)
def test_a_lock_of_the_kernel_is_held_or_free_and_never_stale(
    stage: World, file: Path, kind: str, lines: list[str], words: str
) -> None:
    file.touch()
    alive(stage, 42, started=1)
    stage.host.kernel.files["/proc/42/comm"] = "db\n"
    locks(stage, file, *lines)
    finding = stage.look(LockCheck(path=str(file), kind=kind))  # type: ignore[arg-type] # from the list above
    assert finding.ok
    assert finding.summary == f"{file} {words}"


def test_a_file_system_that_gives_stat_another_device_is_seen_through(
    stage: World, file: Path
) -> None:
    file.touch()
    locks(stage, file, FLOCK, device="00:4d")
    assert "is held" in stage.look(LockCheck(path=str(file), kind="flock")).summary


def test_a_clock_set_forward_turns_against_no_service(stage: World, file: Path) -> None:
    written(file, "42", at=BOOTED + 500 - 3600)
    alive(stage, 42, started=499)
    assert stage.look(LockCheck(path=str(file))).code == "lock-stale"
    stage.services.standing["db"] = ServiceState("db", "db.service", True, "active", pid=42)
    assert stage.look(LockCheck(path=str(file))).summary == f"{file} is held by process 42"


def test_a_postmaster_s_file_is_read_by_its_own_rules(stage: World, file: Path) -> None:
    written(file, "-42\n/var/lib/db\n", at=BOOTED + 500)
    alive(stage, 42, started=499)
    stage.host.clock.advance(3600)
    assert stage.look(LockCheck(path=str(file))).code == "lock-garbled"
    assert "held by process 42" in stage.look(LockCheck(path=str(file), kind="postgres")).summary


def test_a_check_may_name_a_lock_of_the_manifest() -> None:
    text = """
[appliance]
name = "shop"
version = "1"
[services.db]
unit = "db.service"
[locks.pid]
path = "{data}/db.pid"
kind = "postgres"
service = "db"
[checks.pid]
type = "lock"
"""
    found = parse(f'{text}lock = "pid"\n').checks["pid"]
    assert isinstance(found, LockCheck)
    assert (found.path, found.kind) == ("{data}/db.pid", "postgres")
    for key, words in (
        ('lock = "pod"', 'checks.pid.lock: "pod" is no declared lock'),
        ('lock = "pid"\npath = "/x"', "give either lock or path"),
        ("", "give either lock or path"),
    ):
        with pytest.raises(ManifestError, match=words):
            parse(f"{text}{key}\n")


@given(st.lists(st.text(max_size=60) | st.sampled_from([FLOCK, POSIX, OFD, WAITING]), max_size=9))
def test_no_table_of_locks_breaks_the_reader(
    tmp_path_factory: pytest.TempPathFactory, lines: list[str]
) -> None:
    folder = tmp_path_factory.mktemp("locks", numbered=True)
    stage, file = world(folder), folder / "x"
    file.touch()
    locks(stage, file, *lines)
    assert stage.look(LockCheck(path=str(file), kind="flock")).ok
