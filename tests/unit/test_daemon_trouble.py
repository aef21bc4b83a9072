"""A real daemon in trouble: stopped, robbed of its child, its disk or its clock."""

import contextlib
import os
import shutil
import signal
import struct
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.daemon_process import DaemonProcess, file_check

pytestmark = pytest.mark.real

# What is known only after a report was written stands in the next one, a beat of 10 s later.
A_BEAT_LATER = 25.0
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="mounts a small disk")
# A flag that is gone is one of the findings that call a remedy; here nobody is to mend.
ALONE = '\n[remediation]\noff = ["paths"]\n'


@pytest.fixture
def flag(root: Path) -> Path:
    path = root / "flag"
    path.touch()
    return path


@pytest.fixture
def daemon(root: Path, flag: Path) -> Iterator[DaemonProcess]:
    made = DaemonProcess(root, file_check("flag", flag) + ALONE)
    yield made
    made.kill()


def test_a_stopped_daemon_is_red_within_its_bound_and_recovers(daemon: DaemonProcess) -> None:
    with daemon.running():
        daemon.says(200)
        daemon.signal(signal.SIGSTOP)
        begun = time.monotonic()
        daemon.says(503, "stale", within=2)
        # Two looks of 200 ms missed.
        assert time.monotonic() - begun < 2 * 0.2 + 0.2
        daemon.signal(signal.SIGCONT)
        daemon.says(200)


def test_a_killed_probe_child_is_replaced_and_the_ledger_says_so(daemon: DaemonProcess) -> None:
    with daemon.running():
        daemon.says(200)
        first = daemon.child()
        os.kill(first, signal.SIGKILL)
        daemon.says(200, within=3)
        assert daemon.child() != first
        daemon.until(lambda: daemon.lines("probe-restart: done"))
        assert daemon.report()["probe"]["alive"]


@contextlib.contextmanager
def small_disk(place: Path) -> Iterator[Path]:
    place.mkdir(parents=True, exist_ok=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(place)], check=True)
    try:
        yield place
    finally:
        subprocess.run(["umount", "--lazy", str(place)], check=True)


def settled(state: Path) -> bool:
    """Whether all that is written once, at the start, was written."""
    once = ("history.db", "ledger.db", "probe.start")
    return all((state / "agent" / name).exists() for name in once)


def fill(disk: Path) -> None:
    """Twice: what was being written at the first time gives room back when it ends."""
    for _ in range(2):
        with contextlib.suppress(OSError), (disk / "filler").open("ab", buffering=0) as filler:
            while True:
                filler.write(b"\0" * 4096)
        time.sleep(0.3)


@needs_root
def test_a_full_disk_takes_the_records_not_the_answers(
    daemon: DaemonProcess, root: Path, flag: Path
) -> None:
    with small_disk(root / "var/lib/caretaker") as disk, daemon.running():
        daemon.says(200)
        daemon.until(lambda: settled(disk))

        def told() -> bool:
            """Of a change while it is full: a record that still found room is tried again."""
            fill(disk)
            flag.unlink()
            daemon.says(503)
            flag.touch()
            daemon.says(200)
            return "could not write" in " ".join(daemon.report()["notes"])

        daemon.until(told, within=2 * A_BEAT_LATER)
        (disk / "filler").unlink()
        flag.unlink()
        daemon.says(503)
        daemon.until(lambda: daemon.report()["notes"] == [], within=A_BEAT_LATER)


@needs_root
def test_a_full_disk_for_everything_takes_no_answer_either(
    daemon: DaemonProcess, root: Path, flag: Path
) -> None:
    """The log, the state and the reports on one disk, as below a root of one's own."""
    home = root / "disk"
    with small_disk(home):
        cramped = DaemonProcess(home / "root", file_check("flag", flag) + ALONE)
        with cramped.running():
            cramped.says(200)
            cramped.until(lambda: settled(home / "root/var/lib/caretaker"))
            fill(home)
            for _ in range(3):
                flag.unlink()
                cramped.says(503)
                flag.touch()
                cramped.says(200)
            (home / "filler").unlink()
            flag.unlink()
            cramped.says(503)
            cramped.until(lambda: cramped.report().get("ready") == "fail")
            cramped.until(lambda: cramped.report()["notes"] == [], within=15)
            cramped.signal(signal.SIGTERM)
            assert cramped.ended() == 0


@needs_root
def test_a_read_only_disk_takes_the_records_not_the_answers(
    daemon: DaemonProcess, root: Path, flag: Path
) -> None:
    with small_disk(root / "var/lib/caretaker") as disk, daemon.running():
        daemon.says(200)
        daemon.until(lambda: (disk / "agent/history.db").exists())
        # Busy while an entry is just being written.
        remount = ["mount", "-o", "remount,ro", str(disk)]
        daemon.until(lambda: subprocess.run(remount, capture_output=True).returncode == 0)
        flag.unlink()
        daemon.says(503)
        daemon.until(lambda: daemon.report()["notes"] != [], within=A_BEAT_LATER)
        flag.touch()
        daemon.says(200)


@pytest.fixture(scope="session")
def jumping_clock(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The library that makes one process's wall clock jump."""
    library = tmp_path_factory.mktemp("clock") / "jumping_clock.so"
    source = Path(__file__).with_name("jumping_clock.c")
    subprocess.run(["cc", "-shared", "-fPIC", "-O1", "-o", str(library), str(source)], check=True)
    return library


@pytest.mark.skipif(shutil.which("cc") is None, reason="no C compiler: apt-get install gcc")
@pytest.mark.parametrize("years", [-30, 30])
def test_a_clock_that_jumps_years_changes_nothing(
    daemon: DaemonProcess, root: Path, flag: Path, jumping_clock: Path, years: int
) -> None:
    jump = root / "jump"
    jump.write_bytes(struct.pack("l", 0))
    with daemon.running({"LD_PRELOAD": str(jumping_clock), "JUMP_FILE": str(jump)}):
        daemon.says(200)
        before = daemon.until(daemon.report)["at"]
        with jump.open("r+b") as seconds:
            seconds.write(struct.pack("l", years * 365 * 86400))
        end = time.monotonic() + 3
        while time.monotonic() < end:
            assert daemon.ask() == (200, "pass")
            time.sleep(0.02)
        flag.unlink()
        begun = time.monotonic()
        daemon.says(503)
        assert time.monotonic() - begun < 2 * 0.2 + 0.2
        # It did see the jump: its report is dated by the wall clock.
        daemon.until(lambda: abs(daemon.report()["at"] - before) > 1e8)
        flag.touch()
        daemon.says(200)
