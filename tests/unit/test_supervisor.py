"""The supervisor with real processes: order, restarts, whole families, and its own sudden death."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.errors import MachineError, UsageError
from tests.unit.services_fixtures import SECRETS, layout_at
from tests.unit.supervisor_stage import Stage, alive, sh, wait_for

pytestmark = pytest.mark.real


@pytest.fixture
def stage(root: Path) -> Iterator[Stage]:
    stage = Stage(root, [], [])
    yield stage
    for each in stage.opened:
        each.close()


def test_a_service_runs_as_declared(stage: Stage) -> None:
    supervisor = stage.up(
        "[services.web]\n"
        + sh("pwd; umask; ulimit -c; echo mode=$MODE key=$KEY home=$HOME; exec sleep 600")
        + '\nenvironment = { MODE = "a b", KEY = "k-{secret:key}" }\n[secrets.key]\n'
    )
    wait_for(lambda: "home=" in stage.said("web"))
    data = str(stage.data)
    assert stage.said("web").splitlines() == [
        data, "0077", "0", f"mode=a b key=k-{SECRETS['key']} home={data}",
    ]  # fmt: skip
    state = supervisor.state("web")
    assert (state.state, state.restarts, state.unit) == ("active", 0, "")
    assert supervisor.pids("web") == [state.pid]
    assert SECRETS["key"] not in Path(f"/proc/{state.pid}/cmdline").read_text()
    assert os.getsid(state.pid) == state.pid
    log = layout_at(stage.root).logs / "web.log"
    assert log.stat().st_mode & 0o777 == 0o640


def test_signals_reach_the_program_as_if_nobody_stood_between(stage: Stage) -> None:
    supervisor = stage.up("[services.web]\n" + sh("exec sleep 600"))
    status = Path(f"/proc/{supervisor.state('web').pid}/status").read_text().splitlines()
    masks = dict(line.split(":\t") for line in status if line.startswith("Sig"))
    assert int(masks["SigBlk"], 16) == 0
    assert int(masks["SigIgn"], 16) == 0


def test_services_start_in_order_and_end_in_reverse(stage: Stage) -> None:
    script = (
        "trap 'echo end {0} >>order; exit' TERM; echo begin {0} >>order; "
        "while :; do sleep 0.05; done"
    )
    supervisor = stage.up(
        f'[services.web]\n{sh(script.format("web"), requires=json.dumps(["app"]))}\n'
        f'[services.app]\n{sh(script.format("app"), requires=json.dumps(["db"]))}\n'
        f'[services.db]\n{sh(script.format("db"))}\n'
    )  # fmt: skip
    assert supervisor.names() == ("db", "app", "web")
    order = stage.data / "order"
    wait_for(lambda: order.exists() and order.read_text().count("begin") == 3)
    supervisor.close()
    ends = [line for line in order.read_text().splitlines() if line.startswith("end")]
    assert ends == ["end web", "end app", "end db"]
    assert {state.state for state in supervisor.states().values()} == {"stopped"}


def test_a_crash_is_told_with_its_last_words_and_mended(stage: Stage) -> None:
    script = 'if test -e second; then exec sleep 600; fi; touch second; echo "lost $KEY"; exit 3'
    supervisor = stage.supervise(
        f"[services.web]\n{sh(script)}\n"
        'environment = { KEY = "{secret:key}" }\n[secrets.key]\n'
    )  # fmt: skip
    wait_for(lambda: supervisor.state("web").restarts == 1 and supervisor.state("web").running)
    [paused] = [state for state in stage.noted if state.state == "backoff"]
    assert paused.summary.startswith("exited with status 3 after ")
    assert paused.summary.endswith(": lost (secret); waits to be restarted")
    assert "restarted once; last it exited with status 3" in supervisor.state("web").summary


def test_what_a_crashed_program_left_ends_before_the_next_begins(stage: Stage) -> None:
    script = "test -e left && exec sleep 600; sleep 600 & echo $! >left; kill -9 $$"
    supervisor = stage.supervise(f"[services.web]\n{sh(script)}\n")
    wait_for(lambda: supervisor.state("web").restarts == 1 and supervisor.state("web").running)
    assert not alive(int((stage.data / "left").read_text()))


def test_a_stop_ends_even_those_who_left_the_session(stage: Stage) -> None:
    supervisor = stage.up(
        "[services.web]\n" + sh("setsid sleep 600 & sleep 600 & wait", stop_timeout='"2s"')
    )
    wait_for(lambda: len(stage.family("web")) == 3)
    family = stage.family("web")
    assert set(supervisor.pids("web")) <= set(family)
    supervisor.stop("web")
    assert not [pid for pid in family if alive(pid)]
    assert supervisor.state("web").state == "stopped"
    assert supervisor.pids("web") == []
    supervisor.start("web")
    assert supervisor.state("web").running


def test_who_ignores_the_request_to_end_is_killed_after_its_time(stage: Stage) -> None:
    script = "trap '' TERM; sleep 600 & echo ready; while :; do sleep 0.1; done"
    supervisor = stage.up("[services.web]\n" + sh(script, stop_timeout='"500ms"'))
    wait_for(lambda: "ready" in stage.said("web"))
    family, begun = stage.family("web"), time.monotonic()
    supervisor.stop("web")
    assert 0.5 <= time.monotonic() - begun < 3
    assert not [pid for pid in family if alive(pid)]


def test_a_stopped_process_still_hears_the_request_to_end(stage: Stage) -> None:
    supervisor = stage.up("[services.web]\n" + sh("exec sleep 600"))
    os.kill(supervisor.state("web").pid, signal.SIGSTOP)
    begun = time.monotonic()
    supervisor.stop("web")
    assert time.monotonic() - begun < 5


def test_a_restart_brings_a_new_process(stage: Stage) -> None:
    supervisor = stage.up("[services.web]\n" + sh("exec sleep 600"))
    before = supervisor.state("web").pid
    supervisor.restart("web")
    after = supervisor.state("web")
    assert after.running
    assert after.pid != before
    assert after.restarts == 0
    assert not alive(before)


def test_a_reload_runs_the_reload_program_or_restarts(stage: Stage) -> None:
    reload = json.dumps(["sh", "-c", "kill -HUP $MAINPID"])
    supervisor = stage.up(
        "[services.web]\n"
        + sh("trap 'echo reread' HUP; echo ready; while :; do sleep 0.05; done", reload=reload)
        + "\n[services.plain]\n" + sh("exec sleep 600")
    )  # fmt: skip
    wait_for(lambda: "ready" in stage.said("web"))
    before = {name: state.pid for name, state in supervisor.states().items()}
    supervisor.reload("web")
    supervisor.reload("plain")
    wait_for(lambda: "reread" in stage.said("web"))
    assert supervisor.state("web").pid == before["web"]
    assert supervisor.state("plain").pid != before["plain"]


@pytest.mark.parametrize(
    ("command", "why"),
    [
        ('["/nowhere/web"]', "could not be run: No such file or directory"),
        ('["/etc/passwd"]', "could not be run: Permission denied"),
        ('["no-such-program"]', "could not be run: No such file or directory"),
        ('["/bin/false"]', "exited with status 1"),
    ],
)
def test_a_program_that_does_not_stay_is_told_and_tried_again(
    stage: Stage, command: str, why: str
) -> None:
    supervisor = stage.supervise(f"[services.web]\ncommand = {command}\n")
    wait_for(lambda: supervisor.state("web").restarts >= 1)
    assert [state for state in stage.noted if state.summary.startswith(why)]


def test_an_act_that_fails_says_why(stage: Stage) -> None:
    supervisor = stage.supervise('[services.web]\ncommand = ["/nowhere/web"]\nreload = ["true"]\n')
    with pytest.raises(MachineError, match="web did not restart: could not be run: No such") as e:
        supervisor.restart("web")
    assert e.value.hint == "caretaker logs web"
    with pytest.raises(MachineError, match="web did not reload"):
        supervisor.reload("web")


def test_a_missing_secret_costs_its_service_only(stage: Stage) -> None:
    supervisor = stage.supervise(
        "[services.web]\n" + sh("exec sleep 600")
        + "\n[services.api]\n" + sh("exec sleep 600")
        + '\nenvironment = { KEY = "{secret:lost}" }\n[secrets.lost]\n'
    )  # fmt: skip
    wait_for(lambda: supervisor.state("web").running)
    api = supervisor.state("api")
    assert api.state == "backoff"
    assert api.summary == "the secret lost was never made; waits to be restarted"


def test_units_are_refused_with_a_way_out(stage: Stage) -> None:
    with pytest.raises(MachineError, match=r"database is the unit postgresql\.service") as caught:
        stage.supervise('[services.database]\nunit = "postgresql.service"\n')
    assert caught.value.code == "system-unsupported"
    assert "command" in caught.value.hint


def test_an_unknown_name_is_refused(stage: Stage) -> None:
    supervisor = stage.up("[services.web]\n" + sh("exec sleep 600"))
    for act in (supervisor.state, supervisor.pids, supervisor.start, supervisor.reload):
        with pytest.raises(UsageError, match="sshd is no service"):
            act("sshd")


def test_after_the_end_nothing_waits(stage: Stage) -> None:
    supervisor = stage.up("[services.web]\n" + sh("exec sleep 600"))
    supervisor.close()
    supervisor.close()
    with pytest.raises(MachineError, match="does not run"):
        supervisor.start("web")


def test_it_sleeps_while_nothing_happens(stage: Stage) -> None:
    stage.up("[services.web]\n" + sh("exec sleep 600"))
    [thread] = [each for each in threading.enumerate() if each.name == "supervisor"]
    time.sleep(3.5)  # a log is looked at more often soon after a start
    before = _switches(thread)
    time.sleep(2.0)
    assert _switches(thread) - before <= 2


def _switches(thread: threading.Thread) -> int:
    status = Path(f"/proc/self/task/{thread.native_id}/status").read_text()
    return int(status.partition("voluntary_ctxt_switches:")[2].split()[0])


def test_a_log_that_grows_is_cut_while_its_writer_goes_on(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("agent.services.log_watch.CAP", 50_000)
    supervisor = stage.up(
        "[services.web]\n" + sh("while :; do seq 1 2000; sleep 0.05; done")
    )  # fmt: skip
    log = layout_at(stage.root).logs / "web.log"
    kept = log.with_name("web.log.1")
    wait_for(kept.exists)
    wait_for(lambda: 0 < log.stat().st_size < 2_000_000)
    assert kept.stat().st_size > 50_000
    supervisor.close()
    assert b"\0" not in log.read_bytes(), "the writer went on where the file was cut"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_as_root_a_service_runs_as_its_user(stage: Stage) -> None:
    if not _can_reach(sys.executable):
        pytest.skip("the interpreter stands where nobody else may look")
    for folder in [stage.root, *stage.root.parents]:
        if folder.stat().st_uid == 0 and folder != Path("/"):
            folder.chmod(folder.stat().st_mode | 0o111)
    supervisor = stage.up("[services.web]\n" + sh("id; exec sleep 600", user='"nobody"'))
    wait_for(lambda: "uid=" in stage.said("web"))
    assert "uid=65534(nobody) gid=65534(nogroup) groups=65534(nogroup)" in stage.said("web")
    assert supervisor.state("web").running


def _can_reach(path: str) -> bool:
    argv = ["setpriv", "--reuid=65534", "--clear-groups", "--regid=65534", "test", "-x", path]
    return subprocess.run(argv, check=False).returncode == 0
