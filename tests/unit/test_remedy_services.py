"""The services remedy on a VM: what needs help, what is left alone, and in which order it acts."""

from __future__ import annotations

import errno
import json
from pathlib import Path

import pytest

from agent.errors import MachineError
from agent.host.systemd import UnitState
from agent.remedies import locks
from agent.remedies.remedy import Fault, Scene
from agent.remedies.services import REMEDY
from agent.services.left import left_stopped
from tests.scripted_host import ScriptedSystemd, timed_out, unit
from tests.unit.checks_world import process
from tests.unit.services_world import World, world

WEB = '[services.web]\ncommand = ["/bin/x"]\n'
TCP = '[checks.port]\ntype = "tcp"\nport = 80\nrestart = "web"\nevery = "1s"\ntimeout = "900ms"\n'
DIAMOND = """
[services.db]
command = ["/bin/db"]
[services.left]
command = ["/bin/l"]
requires = ["db"]
[services.right]
command = ["/bin/r"]
requires = ["db"]
[services.web]
command = ["/bin/w"]
requires = ["left", "right"]
"""
REFUSED = ConnectionRefusedError(errno.ECONNREFUSED, "refused")


@pytest.fixture
def stage(root: Path) -> World:
    return world(root, WEB)


def answers(stage: World, *, well: bool, port: int = 80) -> None:
    stage.host.network.peers[f"127.0.0.1:{port}"] = [] if well else REFUSED


def the_fault(stage: World) -> Fault:
    (fault,) = REMEDY.find(stage.scene)
    assert fault.code in REMEDY.cures
    return fault


def mended(stage: World) -> str:
    return REMEDY.mend(stage.scene, the_fault(stage))


# --- what needs help, and what does not ---
@pytest.mark.parametrize(
    "facts",
    [
        {},
        {"active": "reloading"},
        {"active": "activating", "sub": "start"},
        {"active": "deactivating", "sub": "stop-sigterm"},
        {"active": "activating", "sub": "auto-restart", "result": "signal", "restarts": 3},
        {"active": "inactive", "sub": "dead"},
        {"active": "inactive", "sub": "dead", "result": "signal"},
        {"active": "failed", "sub": "failed", "result": "exit-code", "told_to_stop": True},
        {"active": "failed", "sub": "failed", "result": "timeout", "told_to_stop": True},
    ],
)
def test_what_runs_moves_or_was_stopped_by_somebody_is_left_alone(
    stage: World, facts: dict[str, object]
) -> None:
    stage.stands("web", **facts)
    assert REMEDY.find(stage.scene) == []


def test_nothing_is_wanted_while_the_application_is_stopped_or_not_yet_started(
    stage: World,
) -> None:
    stage.stands("web", active="failed", result="exit-code")
    stage.host.systemd.units["shop.target"] = unit("shop.target", active="inactive")
    assert REMEDY.find(stage.scene) == []


@pytest.mark.parametrize("result", ["exit-code", "signal", "oom-kill", "start-limit-hit"])
def test_one_that_failed_and_stays_down_is_started(stage: World, result: str) -> None:
    stage.stands("web", active="failed", sub="failed", result=result)
    stage.lines = "Listening\nPanic: no disk\n"
    fault = the_fault(stage)
    assert (fault.target, fault.code, fault.refusal) == ("web", "service-down", "")
    assert fault.detail["lines"] == "Listening\nPanic: no disk"
    assert REMEDY.mend(stage.scene, fault) == "web was started"
    assert stage.acts == ["reset-failed web", "start web"]
    assert REMEDY.find(stage.scene) == []


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        ({"load": "masked", "active": "inactive"}, "systemctl unmask shop-web.service"),
        ({"load": "not-found"}, "sudo setup.sh"),
        ({"load": "bad-setting", "active": "inactive"}, "systemd-analyze verify"),
    ],
)
def test_one_that_nothing_can_start_needs_a_person(
    stage: World, facts: dict[str, object], words: str
) -> None:
    stage.stands("web", **facts)
    fault = the_fault(stage)
    assert (fault.code, fault.plan) == ("service-unable", "")
    assert fault.refusal
    assert fault.hint.startswith(words)


def test_a_systemd_that_does_not_answer_is_no_fault_of_a_service(
    stage: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def silent(self: ScriptedSystemd, *args: object, **named: object) -> list[UnitState]:
        raise OSError("no answer after 5 s")

    monkeypatch.setattr(ScriptedSystemd, "show_all", silent)
    with pytest.raises(MachineError, match="systemd gives no answer"):
        REMEDY.find(stage.scene)


def test_a_start_that_takes_too_long_is_told(stage: World) -> None:
    stage.stands("web", active="failed", result="exit-code")
    stage.host.systemd.answers["start"] = lambda words: timed_out(words, 90.0)
    assert "did not start" in mended(stage)
    assert the_fault(stage).code == "service-down"


def test_no_secret_of_its_environment_stands_in_the_evidence(root: Path) -> None:
    stage = world(root, WEB + 'environment = { KEY = "{secret:key}" }\n[secrets.key]\n')
    stage.stands("web", active="failed", result="exit-code")
    stage.lines = "key is hunter2hunter2\n"
    assert the_fault(stage).detail["lines"] == "key is (secret)"


def test_evidence_is_the_newest_and_has_an_end(stage: World) -> None:
    stage.stands("web", active="failed", result="exit-code")
    stage.lines = "".join(f"{number} {'x' * 999}\n" for number in range(100))
    lines = str(the_fault(stage).detail["lines"])
    assert len(lines.encode()) <= 4096
    assert lines.splitlines()[-1].startswith("99 ")


# --- hung, by its checks ---
@pytest.fixture
def checked(root: Path) -> World:
    return world(root, WEB + TCP)


def test_one_that_a_check_was_told_to_restart_for_is_restarted(checked: World) -> None:
    answers(checked, well=False)
    fault = the_fault(checked)
    assert (fault.target, fault.code) == ("web", "service-unhealthy")
    assert fault.detail == {"checks": "port", "finding": "refused"}

    def well_again(name: str) -> UnitState:
        answers(checked, well=True)
        return unit(name, since=checked.host.clock.wall(), main_pid=8)

    checked.after_start = well_again
    assert REMEDY.mend(checked.scene, fault) == "web was restarted"
    assert checked.acts == ["restart web"]
    assert REMEDY.find(checked.scene) == []


def test_without_the_key_no_failing_check_restarts_anything(root: Path) -> None:
    stage = world(root, WEB + TCP.replace('restart = "web"\n', ""))
    answers(stage, well=False)
    assert REMEDY.find(stage.scene) == []


def test_a_restart_that_did_not_cure_says_so_and_still_shows(checked: World) -> None:
    answers(checked, well=False)
    assert mended(checked).startswith("web was restarted; port: ")
    assert the_fault(checked).code == "service-unhealthy"
    assert checked.acts == ["restart web"]


def test_a_service_that_just_started_may_still_fail_its_checks(checked: World) -> None:
    answers(checked, well=False)
    checked.stands("web", since=checked.host.clock.wall() - 1.5)
    assert REMEDY.find(checked.scene) == []
    checked.host.clock.advance(1.0)  # `fall` looks of a second
    assert the_fault(checked).code == "service-unhealthy"


def test_two_checks_of_one_service_are_one_restart(root: Path) -> None:
    second = TCP.replace("checks.port", "checks.other").replace("80", "81")
    stage = world(root, WEB + TCP + second)
    answers(stage, well=False)
    answers(stage, well=False, port=81)
    fault = the_fault(stage)
    assert fault.detail["checks"] == "port, other"


def test_one_good_look_is_enough_to_do_nothing(checked: World) -> None:
    class Flaky(dict[str, object]):
        looks = 0

        def __getitem__(self, key: str) -> object:
            self.looks += 1
            return REFUSED if self.looks == 1 else []

    checked.host.network.peers = Flaky()  # type: ignore[assignment] # answers by turns
    assert REMEDY.find(checked.scene) == []


def test_a_failed_cause_mutes_a_check(root: Path) -> None:
    cause = '[checks.cause]\ntype = "tcp"\nport = 5432\n'
    stage = world(root, WEB + TCP + 'requires = ["cause"]\n' + cause)
    answers(stage, well=False)
    answers(stage, well=False, port=5432)
    assert REMEDY.find(stage.scene) == []
    answers(stage, well=True, port=5432)
    assert the_fault(stage).code == "service-unhealthy"


def reported(stage: World, *, status: str, age: float = 5.0, code: str = "refused") -> None:
    """The daemon's report about the check."""
    path = stage.scene.layout.status
    path.parent.mkdir(parents=True, exist_ok=True)
    check = {"name": "port", "status": status, "code": code, "summary": "said the daemon"}
    path.write_text(json.dumps({"at": stage.host.clock.wall() - age, "checks": [check]}))


def test_the_daemon_must_see_it_too_where_it_runs(checked: World) -> None:
    answers(checked, well=False)
    reported(checked, status="pass")
    assert REMEDY.find(checked.scene) == []
    reported(checked, status="fail")
    assert the_fault(checked).code == "service-unhealthy"
    reported(checked, status="pass", age=120.0)
    assert the_fault(checked).code == "service-unhealthy", "an old report says nothing"


def test_a_program_of_the_vendors_is_never_run_as_root_from_here(root: Path) -> None:
    command = '[checks.port]\ntype = "command"\ncommand = ["/bin/check"]\nrestart = "web"\n'
    stage = world(root, WEB + command)
    assert REMEDY.find(stage.scene) == []
    reported(stage, status="fail", code="command-failed")
    fault = the_fault(stage)
    assert fault.summary == "web is not well: port: said the daemon"
    assert REMEDY.mend(stage.scene, fault) == "web was restarted"
    assert [each for each in stage.host.asked if each[0] != "journalctl"] == []


def test_a_process_that_hangs_is_restarted_and_one_that_is_traced_is_not(root: Path) -> None:
    stage = world(root, WEB + TCP + '[checks.run]\ntype = "process"\nservice = "web"\n')
    stage.stands("web", main_pid=7)
    answers(stage, well=True)
    stage.host.facts.table[7] = process(7, state="T")
    fault = the_fault(stage)
    assert (fault.plan, fault.detail["finding"]) == ("restart web", "process-stopped")
    stage.host.facts.table[7] = process(7, state="t")
    answers(stage, well=False)
    fault = the_fault(stage)
    assert fault.plan == ""
    assert fault.refusal == "process 7 of web is being traced: somebody looks into it"


# --- crash loops ---
def test_a_crash_loop_is_ended_with_evidence_and_tried_again_later(stage: World) -> None:
    stage.loops("web", 12)
    stage.lines = "cannot open the database\n"
    fault = the_fault(stage)
    assert (fault.target, fault.code) == ("web:loop", "service-looping")
    assert fault.detail["lines"] == "cannot open the database"
    REMEDY.mend(stage.scene, fault)
    assert stage.acts == ["stop web"]
    left = the_fault(stage)
    assert (left.target, left.code, left.refusal) == ("web", "service-left-stopped", "")
    assert "left stopped after more than 10 restarts within 30 min" in left.summary
    assert REMEDY.mend(stage.scene, left) == "web was started"
    assert stage.acts == ["stop web", "reset-failed web", "start web"]
    assert left_stopped(stage.scene.layout.left_stopped) == {}


def test_a_try_that_fails_leaves_it_stopped_again_after_one_start(stage: World) -> None:
    stage.loops("web", 12)
    mended(stage)
    waits = unit(
        "shop-web.service", active="activating", sub="auto-restart", result="exit-code",
        invocation="run-2", since=stage.host.clock.wall(),
    )  # fmt: skip
    stage.after_start = lambda name: waits
    for _ in range(3):
        stage.acts.clear()
        assert mended(stage).endswith("; web was left stopped again")
        assert stage.acts == ["reset-failed web", "start web", "stop web"]
        assert the_fault(stage).code == "service-left-stopped"


def test_a_try_whose_start_is_refused_leaves_it_stopped_too(stage: World) -> None:
    stage.loops("web", 12)
    mended(stage)
    stage.host.systemd.answers["start"] = 1
    assert mended(stage).endswith("; web was left stopped again")
    assert stage.acts[-1] == "stop web"


def test_who_starts_it_by_hand_makes_the_record_void(stage: World) -> None:
    stage.loops("web", 12)
    mended(stage)
    stage.stands("web", active="inactive", sub="dead", invocation="another")
    assert REMEDY.find(stage.scene) == [], "started and stopped by a person since"


@pytest.mark.parametrize(
    ("count", "waits", "expected"),
    [(9, True, False), (10, True, True), (10, False, False), (11, False, True)],
)
def test_it_is_a_loop_from_one_restart_too_many(
    stage: World, count: int, *, waits: bool, expected: bool
) -> None:
    stage.loops("web", count)
    if not waits:
        since = stage.host.clock.wall() - 5.0
        stage.stands("web", restarts=count, since=since)
    assert bool(REMEDY.find(stage.scene)) is expected


def test_a_run_of_a_minute_is_none_of_a_loops(stage: World) -> None:
    stage.loops("web", 50, every=61.0 / 0.9)
    assert REMEDY.find(stage.scene) == []
    stage.loops("web", 50, every=50.0)
    assert the_fault(stage).code == "service-looping"
    stage.stands("web", restarts=50, since=stage.host.clock.wall() - 61.0)
    assert REMEDY.find(stage.scene) == [], "it has run for a minute now"


def test_old_restarts_are_none_of_the_window(stage: World) -> None:
    stage.loops("web", 12, every=50.0)
    events = stage.events["shop-web.service"]
    stage.events["shop-web.service"] = [
        *events[:6],
        *((at + 5000, kind) for at, kind in events[6:]),
    ]
    assert REMEDY.find(stage.scene) == []


def test_without_a_journal_nobody_knows_so_nothing_is_stopped(stage: World) -> None:
    stage.loops("web", 500)
    stage.host.programs["journalctl"] = 1
    assert REMEDY.find(stage.scene) == []


def test_what_a_person_restarted_counts_anew(stage: World) -> None:
    stage.loops("web", 12)
    stage.stands("web", active="activating", sub="auto-restart", restarts=2)
    assert REMEDY.find(stage.scene) == []


def test_a_manifest_can_want_no_end_of_restarts(root: Path) -> None:
    stage = world(root, WEB + '[remediation]\noff = ["services"]\n')
    stage.loops("web", 500)
    assert REMEDY.find(stage.scene) == []


# --- order ---
def test_a_failed_cause_comes_first_and_its_users_are_named_there(root: Path) -> None:
    stage = world(root, DIAMOND)
    for name in ("db", "left", "web"):
        stage.stands(name, active="failed", result="exit-code")
    fault = the_fault(stage)
    assert (fault.target, fault.detail["holds_up"]) == ("db", "left, web")
    said = REMEDY.mend(stage.scene, fault)
    assert said == "db was started; left was started; web was started"
    assert [act for act in stage.acts if act.startswith("start")] == [
        "start db", "start left", "start web",
    ]  # fmt: skip
    assert REMEDY.find(stage.scene) == []


def test_a_user_that_is_well_is_not_touched(root: Path) -> None:
    stage = world(root, DIAMOND)
    stage.stands("db", active="failed", result="exit-code")
    assert mended(stage) == "db was started"
    assert stage.acts == ["reset-failed db", "start db"]


def test_a_user_that_does_not_notice_is_restarted_after_a_moment(root: Path) -> None:
    stage = world(root, DIAMOND + TCP)
    answers(stage, well=False)
    stage.stands("db", active="failed", result="exit-code")

    def well_again(name: str) -> UnitState:
        if name == "shop-web.service":
            answers(stage, well=True)
        return unit(name, since=stage.host.clock.wall())

    stage.after_start = well_again
    before = stage.host.clock.monotonic()
    assert mended(stage) == "db was started; web was restarted"
    assert stage.host.clock.monotonic() - before >= 5.0
    assert stage.acts[-1] == "restart web"


def test_a_loop_is_ended_even_while_its_cause_fails(root: Path) -> None:
    stage = world(root, DIAMOND)
    stage.stands("db", active="failed", result="exit-code")
    stage.loops("web", 20)
    assert [fault.target for fault in REMEDY.find(stage.scene)] == ["db", "web:loop"]


def test_its_stale_lock_is_put_aside_before_it_starts(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock = '[locks.{0}]\npath = "{{run}}/{0}"\nkind = "pidfile"\nservice = "{1}"\n'
    other = '[services.other]\ncommand = ["/bin/x"]\n'
    stage = world(root, WEB + other + lock.format("mine", "web") + lock.format("theirs", "other"))
    stage.stands("web", active="failed", result="exit-code")
    found = [
        Fault(target=name, code="lock-stale", summary="", refusal=why)
        for name, why in (("mine", ""), ("theirs", ""), ("mine", "held"))
    ]

    def put_aside(scene: Scene, fault: Fault) -> str:
        stage.acts.append(f"lock {fault.target}")
        return f"{fault.target} was put aside"

    monkeypatch.setattr(locks, "find", lambda scene: found)
    monkeypatch.setattr(locks, "mend", put_aside)
    assert mended(stage) == "mine was put aside; web was started"
    assert stage.acts == ["lock mine", "reset-failed web", "start web"]


def test_one_that_was_stopped_between_look_and_act_stays_stopped(stage: World) -> None:
    stage.stands("web", active="failed", result="exit-code")
    fault = the_fault(stage)
    stage.stands("web", active="inactive", sub="dead")
    assert REMEDY.mend(stage.scene, fault) == "web was stopped meanwhile, and stays so"
    assert stage.acts == []
