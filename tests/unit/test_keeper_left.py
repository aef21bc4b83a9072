"""One that keeps failing is left stopped, and what that is not."""

from __future__ import annotations

from agent.errors import MachineError
from agent.manifest.model import Service
from agent.services.crash_loop import STABLE, Limit
from agent.services.crew import Crew
from agent.services.keeper import Keeper
from tests.unit.test_keeper import Course, FakeHands, crew_of


def limited(restarts: int = 3, window: float = 1800.0) -> Course:
    course = Course()
    course.keeper.limit = Limit(restarts, window)
    return course


def fail(course: Course, *, after: float = 0.0) -> None:
    """It runs for so long, ends, and is restarted, or left."""
    course.wait(after)
    course.crash()
    if course.keeper.due is not None:
        course.wait(course.keeper.due - course.now)
        course.keeper.reported()


def test_one_that_keeps_failing_is_left_stopped_after_so_many_restarts() -> None:
    course = limited(restarts=3)
    course.up()
    for _ in range(4):
        assert course.phase == "ACTIVE"
        fail(course)
    assert course.phase == "LEFT"
    assert course.hands.log.count("start") == 4
    assert course.keeper.due is None
    course.wait(24 * 3600.0)
    assert course.hands.log.count("start") == 4


def test_one_that_ends_every_fifty_seconds_is_left_stopped_too() -> None:
    course = limited(restarts=10)
    course.up()
    for _ in range(11):
        fail(course, after=50.0)
    assert course.phase == "LEFT"


def test_a_run_of_a_minute_ends_the_count() -> None:
    course = limited(restarts=2)
    course.up()
    for _ in range(20):
        fail(course)
        fail(course, after=STABLE)
    assert course.phase == "ACTIVE"


def test_old_restarts_are_none_of_the_window() -> None:
    course = limited(restarts=3, window=120.0)
    course.up()
    for _ in range(20):
        fail(course, after=50.0)
    assert course.phase == "ACTIVE"


def test_a_start_by_a_person_begins_anew_and_a_stop_is_a_stop() -> None:
    course = limited(restarts=1)
    course.up()
    fail(course)
    fail(course)
    assert course.phase == "LEFT"
    course.keeper.stop(course.now)
    assert course.phase == "STOPPED"
    course.keeper.start(course.now)
    course.keeper.reported()
    fail(course)
    assert course.phase == "ACTIVE", "one restart is allowed again"
    fail(course)
    assert course.phase == "LEFT"
    course.keeper.restart(course.now)
    assert course.phase == "STARTING"


def test_one_left_stopped_says_so_and_does_not_hold_up_the_end() -> None:
    services = {"web": Service(command=["/bin/x"])}
    hands = FakeHands()
    hands.refusal = MachineError("secret-missing", "the secret key was never made")
    keeper = Keeper("web", 10.0, hands, Limit(1, 1800.0))
    crew = Crew(services, {"web": keeper})
    crew.step(0.0)
    crew.step(1.0)
    state = crew.states(2.0)["web"]
    assert (state.state, state.running) == ("failed", False)
    assert state.summary == (
        "left stopped after 1 restart within 30 min; last: the secret key was never made"
    )
    crew.end()
    crew.step(3.0)
    assert crew.ended


def test_an_order_before_its_turn_is_not_undone() -> None:
    crew, _ = crew_of(web=["db"], db=[])
    crew.asked("web").start(0.0)
    crew.step(0.0)
    crew.keepers["db"].reported()
    crew.step(0.1)
    assert crew.keepers["web"].starts == 1
