"""Locks of real servers, PostgreSQL and SochDB, and a number that was really given anew."""

import contextlib
import ctypes
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from agent.locks import witness
from tests.machine.rootfs import cache_folder
from tests.unit.fuse_folder import fuse_folder
from tests.unit.locks_stage import Crew, Stage, crew, gone_pid, written
from tests.unit.test_checks_real_postgres import free_port
from tests.unit.test_locks_matrix import goes, stays, wait_for

PROGRAMS = Path("/usr/lib/postgresql/15/bin")
SOCHDB = cache_folder() / "sochdb-payload/bin/sochdb-grpc-server"  # as the machine tests keep it

pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif(os.geteuid() != 0, reason="only root may look at every process"),
]
needs_postgres = pytest.mark.skipif(
    not PROGRAMS.is_dir(), reason="PostgreSQL 15 is not installed here"
)
needs_sochdb = pytest.mark.skipif(
    not SOCHDB.is_file(), reason="the example's payload was not fetched"
)


@pytest.fixture
def people() -> Iterator[Crew]:
    with crew() as found:
        yield found


@dataclass
class Cluster:
    """A database folder, and servers on it that end with the test."""

    data: Path
    port: int
    people: Crew

    def start(self) -> int:
        """The postmaster's pid, once it answers."""
        argv = [str(PROGRAMS / "postgres"), "-D", str(self.data)]
        argv += ["-c", f"port={self.port}", "-c", "listen_addresses=", "-c", "fsync=off"]
        argv += ["-c", f"unix_socket_directories={self.data.parent}"]
        pid = self.people.start(argv, user="postgres", stderr=subprocess.DEVNULL)
        wait_for(lambda: self.sql("SELECT 1") == "1")
        return pid

    def sql(self, text: str) -> str:
        argv = ["psql", "-h", str(self.data.parent), "-p", str(self.port), "-U", "postgres"]
        done = subprocess.run([*argv, "-tAc", text], capture_output=True, text=True)
        return str(done.stdout).strip()

    def refuses(self) -> str:
        """What a server says that does not start."""
        argv = [f"{PROGRAMS}/postgres", "-D", str(self.data), "-c", f"port={self.port}"]
        done = subprocess.run(argv, user="postgres", capture_output=True, text=True, timeout=20)
        assert done.returncode != 0
        return done.stderr


@pytest.fixture
def cluster(people: Crew) -> Iterator[Cluster]:
    # Not pytest's folder: another user must be able to search the way to it.
    folder = Path(tempfile.mkdtemp(prefix="caretaker-locks-"))
    try:
        shutil.chown(folder, "postgres", "postgres")
        argv = [f"{PROGRAMS}/initdb", "-D", f"{folder}/data", "-U", "postgres", "--no-sync"]
        subprocess.run([*argv, "-A", "trust"], user="postgres", capture_output=True, check=True)
        yield Cluster(folder / "data", free_port(), people)
    finally:
        for pid in backends(folder):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        people.end()
        shutil.rmtree(folder)


def backends(folder: Path) -> list[int]:
    """Processes that work in the folder."""
    found = []
    for name in os.listdir("/proc"):
        with contextlib.suppress(OSError):
            if name.isdigit() and os.readlink(f"/proc/{name}/cwd").startswith(str(folder)):
                found.append(int(name))
    return found


def staged(cluster: Cluster, root: Path) -> Stage:
    return Stage(root, kind="postgres", path=cluster.data / "postmaster.pid")


@needs_postgres
def test_a_postmaster_and_what_it_leaves_behind(cluster: Cluster, root: Path) -> None:
    stage = staged(cluster, root)
    postmaster = cluster.start()
    assert "postgres" in stays(stage)
    stopped = next(pid for pid in backends(cluster.data) if pid != postmaster)
    os.kill(stopped, signal.SIGSTOP)
    os.kill(postmaster, signal.SIGKILL)
    cluster.people.processes[-1].wait()
    wait_for(lambda: backends(cluster.data) == [stopped])
    # A child of the dead one is there yet: PostgreSQL itself refuses to start, and is right.
    assert "pre-existing shared memory block" in cluster.refuses()
    assert f"process {stopped}" in stays(stage)
    os.kill(stopped, signal.SIGKILL)
    wait_for(lambda: backends(cluster.data) == [])
    assert "which is gone" in goes(stage)
    cluster.start()


@needs_postgres
def test_a_postmaster_s_number_was_given_to_another_process(
    cluster: Cluster, root: Path, people: Crew
) -> None:
    stage = staged(cluster, root)
    other = people.sleeper(user="postgres")
    written(stage.file, f"{other}\n{cluster.data}\n{int(time.time()) - 9000}\n5432\n")
    shutil.chown(stage.file, "postgres", "postgres")
    assert f"Is another postmaster (PID {other}) running" in cluster.refuses()
    assert "is another program, /usr/bin/sleep" in goes(stage)
    cluster.start()


@needs_postgres
def test_a_postmaster_s_file_without_a_byte(cluster: Cluster, root: Path) -> None:
    """PostgreSQL never starts again by itself after such a power cut."""
    stage = staged(cluster, root)
    written(stage.file, "")
    shutil.chown(stage.file, "postgres", "postgres")
    assert 'lock file "postmaster.pid" is empty' in cluster.refuses()
    stays(stage)
    stage.set_clock(61)
    goes(stage)
    cluster.start()


ATTACH = """
import ctypes, sys, time
libc = ctypes.CDLL(None, use_errno=True)
libc.shmat.restype = ctypes.c_void_p
assert libc.shmat(int(sys.argv[1]), None, 0) != ctypes.c_void_p(-1).value
print(flush=True)
time.sleep(300)
"""
IPC_RMID = 0


def test_a_postmaster_s_memory_is_in_use(root: Path, people: Crew) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    memory = libc.shmget(0, 4096, 0o600)
    assert memory >= 0
    try:
        stage = Stage(root, kind="postgres", path=root / "var/lib/shop/data/postmaster.pid")
        lines = [gone_pid(), stage.data, 1795243000, 5432, "", "", f"  5432001 {memory:9d}"]
        written(stage.file, "\n".join(map(str, lines)) + "\n")
        user = people.python(ATTACH, memory)
        assert "1 processes use the shared memory" in stays(stage)
        os.kill(user, signal.SIGKILL)
        people.processes[0].wait()
        goes(stage)
    finally:
        libc.shmctl(memory, IPC_RMID, None)


@needs_sochdb
@pytest.mark.parametrize("kind", ["flock", "pidfile"])
def test_sochdb_holds_its_lock_by_flock(root: Path, people: Crew, kind: str) -> None:
    """Also where the vendor took it for a pid file, since its number stands in it."""
    stage = Stage(root, kind=kind, path=root / "var/lib/shop/data/.lock")
    ports = {name: str(free_port()) for name in ("--port", "--pg-port", "--metrics-port")}
    options = [word for pair in ports.items() for word in pair]
    argv = [str(SOCHDB), "--host", "127.0.0.1", "--ws-port", "0", *options]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    pid = people.start([*argv, "--pg-data-dir", str(stage.data)], **quiet)
    wait_for(lambda: stage.file.exists() and stage.file.read_text().strip() == str(pid))
    assert "has locked it" in stays(stage)
    os.kill(pid, signal.SIGKILL)
    people.processes[0].wait()
    assert stage.file.exists()
    if kind == "flock":
        assert stage.find() is None
        assert "the file itself is in nobody's way" in stays(stage)
    else:
        goes(stage)


@pytest.mark.skipif(not os.path.exists("/dev/fuse"), reason="this machine has no FUSE")
def test_a_real_file_system_of_which_nobody_knows_who_else_has_it(root: Path) -> None:
    (root / "shared").mkdir()
    with fuse_folder(root / "shared", "db.pid", b"%d\n" % gone_pid()) as shared:
        stage = Stage(root, path=shared / "db.pid")
        assert "it stands on fuse.sshfs" in stays(stage)


# --- pid reuse ---
def given_anew(people: Crew, number: int) -> None:
    """A process with this number, which the kernel gives to the next one that asks."""
    for _ in range(50):
        with open("/proc/sys/kernel/ns_last_pid", "w") as last:
            last.write(str(number - 1))
        if people.start(["/bin/sleep", "300"]) == number:
            return
        ended = people.processes.pop()
        ended.kill()
        ended.wait()
        if Path(f"/proc/{number}").exists():
            break
    pytest.skip(f"number {number} was taken by another process of this machine")


@pytest.mark.parametrize("known", ["nothing", "program", "clock"])
def test_a_number_that_was_really_given_anew(
    root: Path, people: Crew, monkeypatch: pytest.MonkeyPatch, known: str
) -> None:
    stage = Stage(root, executable="shop-db" if known == "program" else "")
    code = f"import os; open({str(stage.file)!r}, 'w').write(str(os.getpid())); print()"
    process = people.python(code)
    people.processes[0].wait()
    given_anew(people, process)
    if known == "clock":
        monkeypatch.setattr(witness, "_is_steady", lambda host: True)
    # As if a minute had passed between the two.
    stage.set_clock(60)
    if known == "nothing":
        assert "the clock may have been set" in stays(stage)
    else:
        assert {"program": "another program", "clock": "after the file"}[known] in goes(stage)


def test_a_clock_set_forward_turns_against_no_holder(root: Path, people: Crew) -> None:
    """Its file looks an hour older than the process that wrote it."""
    stage = Stage(root)
    code = f"import os, time; open({str(stage.file)!r}, 'w').write(str(os.getpid()))"
    people.python(f"{code}; print(flush=True); time.sleep(300)")
    stage.set_clock(3600)
    assert "clock may have been set" in stays(stage)
    stage.set_clock(-3600)
    assert "lives" in stays(stage)


def test_a_lock_carried_in_an_image_is_of_another_boot(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A cloned machine: nobody here ever had that number."""
    stage = Stage(root, path=root / "var/lib/shop/data/lock")
    written(stage.file, '{"host": "builder", "pid": 1}')
    stage.set_clock(86400 * 30)
    stays(stage)
    monkeypatch.setattr(witness, "_is_steady", lambda host: True)
    assert "written before this boot" in goes(stage)
