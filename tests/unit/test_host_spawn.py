"""The one spawner ends what it starts, whatever that tries."""

import grp
import os
import sys
import time
from pathlib import Path

import pytest

from agent.host import spawn
from agent.host.spawn import run

pytestmark = pytest.mark.real


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except FileNotFoundError:
        return False


def test_it_tells_how_a_program_ended() -> None:
    assert run(["true"], timeout=5).ok
    done = run(["sh", "-c", "echo out; echo why >&2; exit 3"], timeout=5)
    assert (done.status, done.stdout, done.reason) == (3, "out\n", "why")
    assert run(["sh", "-c", "kill -9 $$"], timeout=5).reason == "ended by SIGKILL"
    advice = run(["printf", "no server\\n\\tIs it running?\\n"], timeout=5)
    assert advice.reason == "no server"
    missing = run(["/nonexistent/program"], timeout=5)
    assert missing.missing
    assert missing.status == 127


def test_input_goes_in_and_a_reader_that_stops_early_is_no_error() -> None:
    assert run(["cat"], timeout=5, stdin=b"x" * 300_000).stdout == "x" * 300_000
    assert run(["true"], timeout=5, stdin=b"x" * 3_000_000).ok


def test_without_input_a_program_that_asks_gets_none() -> None:
    assert run(["cat"], timeout=5).stdout == ""


def test_output_is_capped_and_the_program_goes_on() -> None:
    code = "import sys\nfor _ in range(400): sys.stdout.write('y' * 10000)"
    done = run([sys.executable, "-I", "-c", code], timeout=20, output_cap=1000)
    assert done.ok
    assert done.truncated
    assert len(done.stdout) == 1000


@pytest.mark.parametrize(
    "body",
    [
        "sleep 300 & echo $! > PID; wait",
        "trap '' TERM INT HUP; sleep 300 & echo $! > PID; wait",
        # Out of the group, and out of the session: only the family tree leads there.
        "setsid sleep 300 & sleep 0.1; pgrep -s 0 -n >/dev/null; echo $! > PID; wait",
    ],
)
def test_a_program_past_its_time_is_ended_with_its_children(tmp_path: Path, body: str) -> None:
    pid_file = tmp_path / "pid"
    begun = time.monotonic()
    done = run(["sh", "-c", body.replace("PID", str(pid_file))], timeout=0.6)
    assert done.timed_out
    assert time.monotonic() - begun < 3
    child = int(pid_file.read_text())
    deadline = time.monotonic() + 2
    while alive(child) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not alive(child)


def test_a_grandchild_that_keeps_the_output_open_does_not_hold_us() -> None:
    begun = time.monotonic()
    assert run(["sh", "-c", "sleep 20 & echo hi"], timeout=0.5).timed_out
    assert time.monotonic() - begun < 3


def test_a_child_sees_a_small_environment_and_none_of_our_files(tmp_path: Path) -> None:
    os.environ["CARETAKER_TEST_SECRET"] = "hunter2"
    held = os.open(tmp_path, os.O_RDONLY)
    os.set_inheritable(held, False)
    try:
        done = run(["sh", "-c", "env; ls /proc/self/fd"], timeout=5, env={"EXTRA": "1"})
    finally:
        os.close(held)
        del os.environ["CARETAKER_TEST_SECRET"]
    assert "hunter2" not in done.stdout
    assert "EXTRA=1" in done.stdout
    assert str(held) not in done.stdout.split("fd")[-1].split()[4:]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may become somebody else")
def test_root_runs_a_program_as_the_user_it_names() -> None:
    done = run(["sh", "-c", "id -un; id -Gn"], timeout=5, user="nobody")
    assert done.stdout.split() == ["nobody", "nogroup"]
    unknown = run(["true"], timeout=5, user="no-such-user")
    assert (unknown.ok, unknown.reason) == (False, "there is no user no-such-user")


def test_a_group_may_stand_beside_the_users_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    alone = spawn.identity_of("nobody")
    beside = spawn.identity_of("nobody:daemon")
    assert beside == (alone[0], alone[1], [*(alone[2] or []), grp.getgrnam("daemon").gr_gid])
    with pytest.raises(KeyError):
        spawn.identity_of("nobody:no-such-group")
