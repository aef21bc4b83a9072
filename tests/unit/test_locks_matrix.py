"""Who may hold a lock: real processes in every guise, against the remedy as it is.

In each case the service manager says that the service is down and its control group empty, as it
would of a process that left it. A live holder's file must stay, byte for byte; a dead one's must
be in quarantine, byte for byte.
"""

import os
import shutil
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.unit.locks_stage import Crew, Stage, backdated, crew, gone_pid, wait_for_exec, written

pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif(os.geteuid() != 0, reason="only root may look at every process"),
]

HOLD = """
import fcntl, os, signal, struct, sys, time
path, how = sys.argv[1:3]
fd = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
if how == "flock":
    fcntl.flock(fd, fcntl.LOCK_EX)
elif how == "fcntl":
    fcntl.lockf(fd, fcntl.LOCK_EX)
elif how == "ofd":
    fcntl.fcntl(fd, fcntl.F_OFD_SETLK, struct.pack("hhqqi4x", fcntl.F_WRLCK, 0, 0, 0, 0))
print("ready", flush=True)
time.sleep(300)
"""
FORK = """
import fcntl, os, sys, time
fd = os.open(sys.argv[1], os.O_RDWR)
if sys.argv[2] == "flock":
    fcntl.flock(fd, fcntl.LOCK_EX)
child = os.fork()
if child:
    print(child, flush=True)
    os._exit(0)
time.sleep(300)
"""
WORK_IN = "import os, sys, time; os.chdir(sys.argv[1]); print(flush=True); time.sleep(300)"
MAP = """
import mmap, os, sys, time
fd = os.open(sys.argv[1], os.O_RDWR)
kept = mmap.mmap(fd, 4096)
os.closerange(3, 99)  # mmap keeps a descriptor of its own
print(flush=True)
time.sleep(300)
"""
THREADS = """
import ctypes, os, sys, threading, time
def stay():
    time.sleep(0.2)
    print(os.getpid(), flush=True)
    time.sleep(300)
threading.Thread(target=stay).start()
ctypes.CDLL(None).syscall(60, 0)  # exit(2): of this thread alone
"""
THREAD = """
import threading, time
thread = threading.Thread(target=time.sleep, args=(300,))
thread.start()
print(thread.native_id, flush=True)
"""
ZOMBIE = """
import os, time
child = os.fork()
if not child:
    os._exit(0)
os.waitid(os.P_PID, child, os.WEXITED | os.WNOWAIT)
print(child, flush=True)
time.sleep(300)
"""
PROGRAM = ["unshare", "--pid", "--fork", "--kill-child", "--mount-proc"]


@pytest.fixture
def people() -> Iterator[Crew]:
    with crew() as found:
        yield found


@pytest.fixture
def stage(root: Path) -> Stage:
    return Stage(root)


@pytest.fixture
def guarding(root: Path) -> Stage:
    """The lock guards the data folder, with a file in it."""
    made = Stage(root, protects=["{data}"])
    written(made.data / "rows", bytes(8192))
    return made


def stays(stage: Stage) -> str:
    """Neither the look nor the act itself touches it; why."""
    before = stage.file.read_bytes()
    fault = stage.find()
    assert fault is None or fault.refusal, fault
    said = stage.mend()
    assert stage.file.read_bytes() == before
    assert stage.kept() == {}
    assert "left alone" in said
    return said


def goes(stage: Stage) -> str:
    before, facts = stage.file.read_bytes(), stage.file.stat()
    fault = stage.find()
    assert fault is not None
    assert not fault.refusal, fault.refusal
    said = stage.mend()
    assert not stage.file.exists()
    assert list(stage.kept().values()) == [before]
    folder = stage.layout.quarantine
    kept = folder / next(iter(stage.kept()))
    assert (kept.stat().st_ino, kept.stat().st_uid) == (facts.st_ino, facts.st_uid)
    assert f"mv -n {kept} {stage.file}" in said
    assert stage.find() is None
    return said


def test_its_process_lives(stage: Stage, people: Crew) -> None:
    written(stage.file, f"{people.sleeper()}\n")
    assert "lives" in stays(stage)


@pytest.mark.parametrize("how", ["flock", "fcntl", "ofd"])
def test_the_kernel_says_held_whatever_number_stands_there(
    stage: Stage, people: Crew, how: str
) -> None:
    written(stage.file, f"{gone_pid()}\n")
    people.python(HOLD, stage.file, how)
    assert "has locked it" in stays(stage)


@pytest.mark.parametrize("how", ["flock", "fcntl"])
@pytest.mark.parametrize("holding", [True, False])
def test_locks_of_the_kernel_are_never_put_aside(
    root: Path, people: Crew, how: str, holding: bool
) -> None:
    stage = Stage(root, kind=how)
    written(stage.file, f"{gone_pid()}\n")
    if holding:
        people.python(HOLD, stage.file, how)
        stage.services.standing = "failed"
        fault = stage.find()
        assert fault is not None
        assert (fault.code, "has locked it" in fault.refusal) == ("lock-held", True)
        stage.services.standing = "stopped"
    stays(stage)


@pytest.mark.parametrize("how", ["flock", "open"])
def test_a_child_has_what_its_dead_parent_opened(stage: Stage, people: Crew, how: str) -> None:
    written(stage.file, "")
    parent, child = people.program([sys.executable, "-c", FORK, str(stage.file), how])
    people.others.append(int(child))
    people.processes[0].wait()
    written(stage.file, f"{parent}\n")
    stays(stage)


def test_another_program_in_the_same_process(stage: Stage, people: Crew) -> None:
    code = "import os, time; print(flush=True); time.sleep(.3); os.execv('/bin/sleep', ['db', '9'])"
    pid = people.python(code)
    written(stage.file, f"{pid}\n")
    stays(stage)
    wait_for_exec(pid, "/bin/sleep")
    stays(stage)


def test_a_stopped_process_holds_on(stage: Stage, people: Crew) -> None:
    pid = people.sleeper()
    os.kill(pid, signal.SIGSTOP)
    written(stage.file, f"{pid}\n")
    stays(stage)


@pytest.fixture
def server(tmp_path: Path) -> str:
    """A program that nobody else on the machine runs."""
    return str(shutil.copy("/bin/sleep", tmp_path / "shop-db-server"))


def test_a_program_replaced_on_disk_while_it_runs(root: Path, people: Crew, server: str) -> None:
    stage = Stage(root, executable="/opt/shop/next/bin/shop-db-server")
    pid = people.sleeper(server)
    Path(server).unlink()
    written(stage.file, f"{pid}\n")
    assert "lives" in stays(stage)


def test_a_main_thread_may_end_before_the_others(stage: Stage, people: Crew) -> None:
    pid, said = people.program([sys.executable, "-c", THREADS])
    assert said == str(pid)
    assert Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    written(stage.file, f"{pid}\n")
    assert "lives" in stays(stage)


def test_a_main_thread_that_ended_leaves_its_files_to_the_others(
    guarding: Stage, people: Crew
) -> None:
    code = f"import sys; kept = open(sys.argv[1])\n{THREADS}"
    people.python(code, guarding.data / "rows")
    written(guarding.file, f"{gone_pid()}\n")
    assert "rows open" in stays(guarding)


def test_it_has_the_file_open_and_another_number(stage: Stage, people: Crew) -> None:
    written(stage.file, f"{gone_pid()}\n")
    people.python(HOLD, stage.file, "open")
    assert f"has {stage.file} open" in stays(stage)


def test_it_works_in_the_folder_that_is_guarded(guarding: Stage, people: Crew) -> None:
    written(guarding.file, f"{gone_pid()}\n")
    people.python(WORK_IN, guarding.data)
    assert "works in" in stays(guarding)


def test_it_has_a_file_mapped_that_it_closed(guarding: Stage, people: Crew) -> None:
    written(guarding.file, f"{gone_pid()}\n")
    people.python(MAP, guarding.data / "rows")
    assert "rows mapped" in stays(guarding)


def test_a_lock_in_the_data_guards_its_folder(root: Path, people: Crew) -> None:
    stage = Stage(root, path=root / "var/lib/shop/data/db/lock.pid")
    (stage.data / "db").mkdir()
    written(stage.data / "db/rows", "rows")
    written(stage.file, f"{gone_pid()}\n")
    people.python(HOLD, stage.data / "db/rows", "open")
    assert "rows open" in stays(stage)


# --- other namespaces ---
def inside(people: Crew, code: str, *arguments: object) -> None:
    """Run a program as process 1 of a pid namespace of its own."""
    words = [sys.executable, "-c", code, *map(str, arguments)]
    people.program([*PROGRAM, *words])


def test_another_pid_namespace_has_it_open(stage: Stage, people: Crew) -> None:
    written(stage.file, f"{gone_pid()}\n")
    inside(people, HOLD, stage.file, "open")
    assert "open" in stays(stage)


def test_another_pid_namespace_runs_the_program(root: Path, people: Crew, server: str) -> None:
    stage = Stage(root, executable=server)
    written(stage.file, f"{gone_pid()}\n")
    people.program([*PROGRAM, "sh", "-c", f"echo ready; exec {server} 300"])
    time.sleep(0.1)
    assert "runs the same program, in another pid namespace" in stays(stage)


def test_a_number_of_another_pid_namespace(stage: Stage, people: Crew) -> None:
    # 7 is nobody's here, or a kernel thread's, and somebody's there.
    code = "import os, time\nwhile (pid := os.fork()) and pid < 400: os.waitpid(pid, 0)\n"
    code += "if pid: print(pid, flush=True); time.sleep(300)\n"
    code += "elif os.getpid() == 400: time.sleep(300)"
    inside(people, code)
    written(stage.file, "400\n")
    if Path("/proc/400").exists():
        pytest.skip("number 400 is taken on this machine")
    assert "is process 400 there" in stays(stage)


def test_another_mount_namespace_calls_the_folder_by_another_name(
    guarding: Stage, people: Crew, tmp_path: Path
) -> None:
    (tmp_path / "elsewhere").mkdir()
    written(guarding.file, f"{gone_pid()}\n")
    script = f"mount --bind {guarding.data} {tmp_path}/elsewhere && exec tail -f elsewhere/rows"
    people.start(["unshare", "--mount", "sh", "-c", f"{script} >/dev/null"], cwd=tmp_path)
    wait_for(lambda: "rows open" in stays(guarding))


def wait_for(question: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while True:
        try:
            assert question()
            return
        except AssertionError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)


# --- not the holder ---
def test_its_process_is_gone(stage: Stage) -> None:
    written(stage.file, f"{gone_pid()}\nand more\n")
    assert "which is gone" in goes(stage)


def test_a_zombie_is_gone(stage: Stage, people: Crew) -> None:
    written(stage.file, people.program([sys.executable, "-c", ZOMBIE])[1])
    assert "which is gone" in goes(stage)


def test_the_number_of_a_thread(stage: Stage, people: Crew) -> None:
    _, number = people.program([sys.executable, "-c", THREAD])
    written(stage.file, number)
    assert "the number of a thread" in goes(stage)


def test_another_program_has_the_number(root: Path, people: Crew) -> None:
    stage = Stage(root, executable="/opt/shop/bin/shop-db-server")
    written(stage.file, f"{people.sleeper()}\n")
    assert "is another program, /usr/bin/sleep" in goes(stage)


def test_another_user_has_the_number(root: Path, people: Crew) -> None:
    stage = Stage(root)
    written(stage.file, f"{people.sleeper(user='nobody')}\n")
    os.chown(stage.file, 12345, 12345)
    assert "belongs to another user (65534)" in goes(stage)


def test_a_very_old_file_of_a_dead_process(stage: Stage) -> None:
    backdated(written(stage.file, f"{gone_pid()}\n"), 1e9)
    goes(stage)
