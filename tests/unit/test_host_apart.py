"""Work in a process apart: its result comes back, and nothing of it stays."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

from agent.host.apart import call

pytestmark = pytest.mark.real


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except FileNotFoundError:
        return False


def test_the_result_comes_back_however_large() -> None:
    big = os.urandom(1 << 20)
    outcome = call(lambda: big, timeout=10, gentle=False)
    assert (outcome.result, outcome.status, outcome.timed_out) == (big, 0, False)


def test_it_gives_way_to_everybody_else() -> None:
    def look() -> bytes:
        io = subprocess.run(["ionice", "-p", str(os.getpid())], capture_output=True).stdout
        return f"{os.getpriority(os.PRIO_PROCESS, 0)} ".encode() + io.strip()

    assert call(look, timeout=10, gentle=True).result == b"19 idle"


def test_what_breaks_or_dies_brings_no_result_and_says_how(
    capfd: pytest.CaptureFixture[str],
) -> None:
    def breaks() -> bytes:
        raise ValueError("no such luck")

    outcome = call(breaks, timeout=10, gentle=False)
    assert (outcome.result, outcome.reason) == (None, "broke off with status 70")
    assert "no such luck" in capfd.readouterr().err
    died = call(lambda: os.kill(os.getpid(), 9) or b"", timeout=10, gentle=False)  # type: ignore[func-returns-value]  # it never returns
    assert (died.result, died.reason) == (None, "ended by SIGKILL")


def test_past_its_time_it_ends_with_all_that_it_started(tmp_path: Path) -> None:
    note = tmp_path / "pid"

    def hangs() -> bytes:
        child = subprocess.Popen(["sleep", "60"], start_new_session=True)
        note.write_text(str(child.pid))
        time.sleep(60)
        return b"late"

    outcome = call(hangs, timeout=0.5, gentle=False)
    assert outcome.timed_out
    assert outcome.seconds < 5
    deadline = time.monotonic() + 5
    while alive(int(note.read_text())) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not alive(int(note.read_text()))


def test_told_to_end_it_takes_its_work_along(tmp_path: Path) -> None:
    note = tmp_path / "pid"

    def hangs() -> bytes:
        note.write_text(str(os.getpid()))
        os.kill(os.getppid(), signal.SIGTERM)
        time.sleep(60)
        return b"late"

    with pytest.raises(SystemExit) as end:
        call(hangs, timeout=30, gentle=False)
    assert end.value.code == 128 + signal.SIGTERM
    assert not Path(f"/proc/{note.read_text()}").exists()
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
