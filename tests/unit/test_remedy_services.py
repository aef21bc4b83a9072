"""The services remedy on a VM: what needs help, what is left alone, and in which order it acts."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.errors import MachineError
from agent.host.systemd import UnitState
from agent.remedies.services import REMEDY
from agent.services.left import left_stopped
from tests.scripted_host import ScriptedSystemd, timed_out, unit
from tests.unit.services_world import WEB, World, mended, the_fault, world


@pytest.fixture
def stage(root: Path) -> World:
    return world(root, WEB)


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
