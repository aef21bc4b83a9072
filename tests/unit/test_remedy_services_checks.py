"""The services remedy on a VM: which checks it heeds, and in which order it acts."""

from __future__ import annotations

import errno
import json
import ssl
import sys
from pathlib import Path

import msgspec
import pytest

from agent.host.systemd import UnitState
from agent.remedies import locks
from agent.remedies.remedy import Fault, Scene
from agent.remedies.services import REMEDY
from agent.tls.facts import Facts
from tests.scripted_host import unit
from tests.unit.checks_world import process
from tests.unit.services_world import WEB, World, mended, the_fault, world

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


def test_a_certificate_that_is_wrong_in_its_file_is_not_for_a_restart(root: Path) -> None:
    page = '[checks.page]\ntype = "http"\nurl = "https://127.0.0.1/"\nrestart = "web"\n'
    pair = '[certificates.main]\nnames = ["localhost"]\nservices = ["web"]\n'
    untrusted = ssl.SSLCertVerificationError(1, "unable to get local issuer certificate")
    untrusted.verify_code, untrusted.verify_message = 20, "unable to get local issuer certificate"
    stage = world(root, WEB + pair + page)
    stage.host.network.peers["127.0.0.1:443"] = untrusted
    assert the_fault(stage).detail["finding"] == "tls-untrusted", "it may show an old one"
    looked = '[checks.certificate]\ntype = "certificate"\ncertificate = "main"\n'
    stage = world(root, WEB + pair + page + looked)
    facts = msgspec.json.encode(Facts("empty")).decode()
    stage.host.programs[sys.executable, "-I", "-m", "agent.tls.inspect"] = facts
    stage.host.network.peers["127.0.0.1:443"] = untrusted
    assert REMEDY.find(stage.scene) == []


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
