"""A crash loop from its end to safe mode and out of it, with the rules of all remedies."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.host.spawn import Completed
from agent.host.systemd import UnitState
from agent.ledger import Entry, read_ledgers
from agent.remedies import mend
from agent.remedies.deed import Deed
from agent.remedies.round import Asker
from agent.remedies.services import REMEDY
from tests.scripted_host import unit
from tests.unit.services_world import WEB, World, the_fault, world

AGENT = Asker("agent")


@pytest.fixture
def stage(root: Path) -> World:
    """It was restarted twelve times, and ends again at each start."""
    stage = world(root, WEB)
    stage.scene.layout.state.mkdir(parents=True, exist_ok=True)
    stage.loops("web", 12)
    stage.lines = "cannot open the database\n"
    stage.after_start = lambda name: ended_again(stage, name)
    return stage


def ended_again(stage: World, name: str) -> UnitState:
    return unit(
        name, active="activating", sub="auto-restart", result="exit-code",
        invocation=f"run-{stage.runs}", since=stage.host.clock.wall(),
    )  # fmt: skip


def run(stage: World, asker: Asker = AGENT) -> list[Deed]:
    return mend.run([REMEDY], stage.scene, asker)


def outcomes(deeds: list[Deed]) -> list[tuple[str, str]]:
    return [(deed.target, deed.outcome) for deed in deeds]


def starts(stage: World) -> int:
    return stage.acts.count("start web")


def entries(stage: World) -> list[Entry]:
    return read_ledgers([stage.scene.layout.ledger])


def to_safe_mode(stage: World) -> float:
    """Seconds until nothing is tried any more, asked every five."""
    begun = stage.host.clock.monotonic()
    while outcomes(run(stage))[-1] != ("web", "safe"):
        stage.host.clock.advance(5.0)
        assert stage.host.clock.monotonic() - begun < 3600
    return stage.host.clock.monotonic() - begun


def test_it_is_ended_once_and_tried_at_once(stage: World) -> None:
    assert outcomes(run(stage)) == [("web:loop", "done"), ("web", "uncured")]
    assert stage.acts == ["stop web", "reset-failed web", "start web", "stop web"]
    found = {entry.target: entry for entry in entries(stage)}
    assert {name: entry.outcome for name, entry in found.items()} == {
        "web:loop": "done", "web": "failed",
    }  # fmt: skip
    assert found["web:loop"].detail["lines"] == "cannot open the database"
    assert outcomes(run(stage)) == [("web", "waiting")]
    assert starts(stage) == 1


def test_it_is_tried_for_ten_minutes_and_then_left_to_a_person(stage: World) -> None:
    took = to_safe_mode(stage)
    assert 600 < took < 720
    assert starts(stage) == 6
    stage.host.clock.advance(24 * 3600)
    assert outcomes(run(stage)) == [("web", "safe")]
    assert starts(stage) == 6
    assert the_fault(stage).summary.startswith("web: left stopped after more than 10 restarts")


def test_a_try_that_succeeds_ends_it(stage: World) -> None:
    run(stage)
    stage.after_start = None
    stage.host.clock.advance(21.0)
    assert outcomes(run(stage)) == [("web", "done")]
    assert run(stage) == []


def test_a_person_gets_one_try_at_any_time_and_a_reset_begins_anew(stage: World) -> None:
    to_safe_mode(stage)
    assert outcomes(run(stage, Asker("root", person=True))) == [("web", "uncured")]
    assert starts(stage) == 7
    assert mend.reset(stage.scene, "services", "web", actor="root") == [("services", "web")]
    stage.after_start = None
    assert outcomes(run(stage)) == [("web", "done")]


def test_in_safe_mode_a_new_loop_is_still_ended(stage: World) -> None:
    to_safe_mode(stage)
    stage.loops("web", 30, invocation="by hand")
    assert outcomes(run(stage)) == [("web:loop", "done"), ("web", "safe")]
    assert stage.acts[-1] == "stop web"
    assert starts(stage) == 6


def test_a_reboot_tries_again_and_a_loop_is_ended_again(stage: World) -> None:
    to_safe_mode(stage)
    stage.host.clock.boot = "another"
    stage.scene.layout.left_stopped.unlink()  # /run is gone
    stage.stands("web")
    assert run(stage) == []
    stage.loops("web", 12)
    stage.host.clock.advance(3600.0)
    assert outcomes(run(stage))[0] == ("web:loop", "done")


class Killed(BaseException):
    """The one-shot ended here."""


def test_an_act_that_was_broken_off_after_the_stop_is_gone_on_with(stage: World) -> None:
    def stop(words: tuple[str, ...]) -> Completed:
        stage.control(words)
        raise Killed

    stage.host.systemd.answers["stop"] = stop
    with pytest.raises(Killed):
        run(stage)
    stage.host.systemd.answers["stop"] = stage.control
    stage.after_start = None
    assert outcomes(run(stage)) == [("web", "done")], "it is known who stopped it"


def test_one_stopped_by_somebody_else_stays_stopped(stage: World) -> None:
    stage.control(("systemctl", "stop", "shop-web.service"))
    assert run(stage) == []
    assert starts(stage) == 0
