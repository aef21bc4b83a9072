"""The course of one service: started, restarted with growing pauses, ended with its family."""

from __future__ import annotations

import signal
from dataclasses import dataclass, field
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.errors import MachineError
from agent.host.children import Child, Identity
from agent.manifest.model import Service
from agent.services.crash_loop import STABLE
from agent.services.crew import Crew
from agent.services.keeper import (
    FIRST_PAUSE,
    LONGEST_PAUSE,
    Keeper,
    Phase,
    how,
    pause,
)

TERM, KILL = signal.SIGTERM, signal.SIGKILL


@dataclass
class FakeChild:
    """A child whose end and report a test writes."""

    pid: int
    status: int | None = None
    complaint: str = ""

    @property
    def identity(self) -> Identity:
        return Identity(self.pid, self.pid)

    def said(self) -> str:
        return self.complaint

    def ended(self) -> int | None:
        return self.status


@dataclass
class FakeHands:
    """A machine on which only this service runs."""

    pids: int = 100
    child: FakeChild | None = None
    others: list[int] = field(default_factory=list)  # the main process aside
    deaf: bool = False  # to SIGTERM
    log: list[str] = field(default_factory=list)
    refusal: MachineError | None = None
    words: str = ""

    def start(self) -> Child:
        assert self.child is None, "two at once"
        assert not self.others, "what the last one left still runs"
        if self.refusal:
            raise self.refusal
        self.pids += 1
        self.child = FakeChild(self.pids)
        self.log.append("start")
        return cast("Child", self.child)

    def family(self, child: Child | None) -> list[Identity]:
        main = [self.child.pid] if self.child and self.child.status is None else []
        return [Identity(pid, pid) for pid in [*main, *self.others]]

    def below(self, child: Child | None) -> list[Identity]:
        return []

    def signal(self, members: list[Identity], number: signal.Signals) -> None:
        if members:
            self.log.append(f"{number.name} {len(members)}")
        if number is KILL or (number is TERM and not self.deaf):
            self.others = []
            if members and self.child and self.child.status is None:
                self.child.status = -number

    def reap(self, child: Child) -> None:
        assert self.child is not None
        assert self.child.status is not None, "reaped alive"
        self.child = None

    def last_words(self) -> str:
        return self.words


@dataclass
class Course:
    """A keeper, its hands and the time."""

    hands: FakeHands = field(default_factory=FakeHands)
    now: float = 1000.0

    def __post_init__(self) -> None:
        self.keeper = Keeper("web", 10.0, self.hands)

    @property
    def phase(self) -> str:
        return self.keeper.phase.name

    def up(self) -> None:
        self.keeper.start(self.now)
        self.keeper.reported()
        assert self.keeper.phase is Phase.ACTIVE

    def crash(self, status: int = 1) -> None:
        assert self.hands.child is not None
        self.hands.child.status = status
        self.keeper.ended(self.now)

    def ends(self) -> None:
        """The main process heeded its signal, and its end is noticed."""
        assert self.hands.child is not None
        assert self.hands.child.status is not None
        self.keeper.ended(self.now)

    def wait(self, seconds: float) -> None:
        """Time passes; all that falls due in it is done."""
        end = self.now + seconds
        while self.keeper.due is not None and self.keeper.due <= end:
            self.now = max(self.now, self.keeper.due)
            self.keeper.tick(self.now)
        self.now = end


@pytest.fixture
def course() -> Course:
    return Course()


def test_it_is_active_once_its_program_runs(course: Course) -> None:
    course.keeper.start(course.now)
    assert course.phase == "STARTING"
    course.keeper.reported()
    assert course.phase == "ACTIVE"
    assert course.keeper.due is None, "nothing to wake up for"


def test_a_crash_is_followed_by_a_pause_and_a_restart(course: Course) -> None:
    course.up()
    course.now += 3
    course.hands.words = "out of luck"
    course.crash(3)
    assert course.phase == "PAUSING"
    assert course.keeper.why == "exited with status 3 after 3.0 s: out of luck"
    course.wait(FIRST_PAUSE)
    assert course.phase == "STARTING"
    assert course.keeper.restarts == 1


def test_pauses_grow_to_a_limit_and_begin_anew_after_a_stable_run(course: Course) -> None:
    course.up()
    pauses = []
    for _ in range(10):
        course.crash()
        assert course.keeper.due is not None
        pauses.append(course.keeper.due - course.now)
        course.wait(pauses[-1])
        course.keeper.reported()
    assert pauses == [0.5, 1, 2, 4, 8, 16, 32, 60, 60, 60]
    course.wait(STABLE)
    course.crash()
    assert course.keeper.due == course.now + FIRST_PAUSE


def test_a_stop_waits_for_the_whole_family(course: Course) -> None:
    course.up()
    course.hands.others = [7, 8]
    course.hands.deaf = True
    course.keeper.stop(course.now)
    assert course.hands.log == ["start", "SIGTERM 3"]
    course.crash(0)
    assert course.phase == "STOPPING"
    course.hands.others = []
    course.wait(0.1)
    assert course.phase == "STOPPED"
    assert course.keeper.due is None


def test_a_main_process_that_ends_wakes_us_so_nothing_is_polled_before(course: Course) -> None:
    course.up()
    course.hands.deaf = True
    course.keeper.stop(course.now)
    assert course.keeper.due == course.now + 10.0


def test_who_does_not_end_in_time_is_killed(course: Course) -> None:
    course.up()
    course.hands.others = [7]
    course.hands.deaf = True
    course.keeper.stop(course.now)
    course.wait(9.9)
    assert course.hands.log == ["start", "SIGTERM 2"]
    course.wait(0.2)
    assert course.hands.log[2] == "SIGKILL 2"
    assert course.phase == "STOPPED"


def test_what_a_crashed_main_process_left_is_ended_before_the_restart(course: Course) -> None:
    course.up()
    course.hands.others = [7]
    course.hands.deaf = True
    course.crash(-11)
    assert course.phase == "CLEARING"
    assert course.keeper.why.startswith("ended by SIGSEGV")
    course.wait(10.1)
    assert course.hands.log == ["start", "SIGTERM 1", "SIGKILL 1"]
    course.wait(FIRST_PAUSE + 0.2)
    assert course.phase == "STARTING", "FakeHands.start asserts that nothing was left"


def test_what_an_earlier_daemon_left_is_ended_before_the_first_start(course: Course) -> None:
    course.hands.others = [7, 8]
    course.keeper.start(course.now)
    assert course.hands.log == ["SIGTERM 2", "start"]
    assert course.keeper.restarts == 0


def test_a_program_that_cannot_be_run_says_why(course: Course) -> None:
    course.keeper.start(course.now)
    assert course.hands.child is not None
    course.hands.child.complaint = "Permission denied"
    course.keeper.reported()
    course.crash(127)
    assert course.phase == "PAUSING"
    assert course.keeper.why == "could not be run: Permission denied"
    course.wait(FIRST_PAUSE)
    course.keeper.reported()
    course.crash(1)
    assert course.keeper.why.startswith("exited with status 1")


def test_a_start_that_the_machine_refuses_is_tried_again(course: Course) -> None:
    course.hands.refusal = MachineError("secret-missing", "the secret key was never made")
    course.keeper.start(course.now)
    assert course.phase == "PAUSING"
    assert course.keeper.why == "the secret key was never made"
    course.hands.refusal = None
    course.wait(FIRST_PAUSE)
    assert course.phase == "STARTING"


def test_a_restart_ends_and_starts_without_a_pause(course: Course) -> None:
    course.up()
    course.keeper.restart(course.now)
    assert course.phase == "STARTING" or course.hands.child is not None
    if course.phase == "STOPPING":
        course.ends()
    assert course.phase == "STARTING"
    assert course.hands.log == ["start", "SIGTERM 1", "start"]
    assert course.keeper.restarts == 0, "somebody asked for it"


def test_a_start_in_a_pause_does_not_wait_for_its_end(course: Course) -> None:
    course.up()
    course.crash()
    course.keeper.start(course.now)
    assert course.phase == "STARTING"


def test_a_stop_in_a_pause_ends_the_trying(course: Course) -> None:
    course.up()
    course.crash()
    course.keeper.stop(course.now)
    assert course.phase == "STOPPED"
    course.wait(2 * LONGEST_PAUSE)
    assert course.phase == "STOPPED"


def test_a_start_while_it_is_ending_is_not_lost(course: Course) -> None:
    course.up()
    course.hands.deaf = True
    course.keeper.stop(course.now)
    course.keeper.start(course.now)
    course.crash(0)
    assert course.phase == "STARTING"


@given(st.lists(st.sampled_from(["start", "stop", "restart", "crash", "report", "wait", "leave",
                                 "deafen"]), max_size=40))  # fmt: skip
def test_whatever_happens_there_is_never_more_than_one_and_the_last_word_holds(
    events: list[str],
) -> None:
    course, wanted = Course(), False
    for event in events:
        child = course.hands.child
        if event in ("start", "stop", "restart"):
            getattr(course.keeper, event)(course.now)
            wanted = event != "stop"
        elif event == "crash" and child and child.status is None:
            course.crash()
        elif event == "report" and course.phase == "STARTING":
            course.keeper.reported()
        elif event == "wait":
            course.wait(1.0)
        elif event == "leave" and child:
            course.hands.others = [7]
        elif event == "deafen":
            course.hands.deaf = not course.hands.deaf
        _notice_ends(course)
    course.wait(200.0)
    _notice_ends(course)
    course.wait(200.0)
    running = course.hands.child is not None
    assert running is wanted
    assert (course.phase == "STOPPED") is not wanted


def _notice_ends(course: Course) -> None:
    child = course.hands.child
    if child is not None and child.status is not None:
        course.keeper.ended(course.now)


@given(st.integers(0, 10_000))
def test_a_pause_never_shrinks_and_never_passes_its_limit(tries: int) -> None:
    assert FIRST_PAUSE <= pause(tries) <= pause(tries + 1) <= LONGEST_PAUSE


@pytest.mark.parametrize(
    ("status", "words"),
    [(0, "exited with status 0"), (-9, "ended by SIGKILL"), (-64, "ended by SIGRTMAX"),
     (-99, "ended by signal 99"), (None, "ended")],
)  # fmt: skip
def test_ends_are_told_in_words(status: int | None, words: str) -> None:
    assert how(status) == words


def crew_of(**requires: list[str]) -> tuple[Crew, dict[str, FakeHands]]:
    services = {n: Service(command=["/bin/x"], requires=them) for n, them in requires.items()}
    hands = {name: FakeHands() for name in services}
    return Crew(services, {name: Keeper(name, 10.0, hands[name]) for name in services}), hands


def phases(crew: Crew) -> dict[str, str]:
    return {name: keeper.phase.name for name, keeper in crew.keepers.items()}


def test_a_service_begins_when_those_it_requires_run() -> None:
    crew, _ = crew_of(web=["db"], db=[], other=[])
    crew.step(0.0)
    assert phases(crew) == {"db": "STARTING", "web": "STOPPED", "other": "STARTING"}
    crew.keepers["db"].reported()
    crew.step(0.1)
    assert phases(crew)["web"] == "STARTING"


def test_a_required_one_that_fails_does_not_hold_the_others_for_ever() -> None:
    crew, hands = crew_of(web=["db"], db=[])
    hands["db"].refusal = MachineError("secret-missing", "no")
    crew.step(0.0)
    crew.step(0.1)
    assert phases(crew) == {"db": "PAUSING", "web": "STARTING"}


def test_services_end_before_those_they_require() -> None:
    crew, hands = crew_of(web=["app"], app=["db"], db=[])
    for _ in range(3):
        crew.step(0.0)
        for keeper in crew.keepers.values():
            if keeper.phase is Phase.STARTING:
                keeper.reported()
    for each in hands.values():
        each.deaf = True
    crew.end()
    for name in ("web", "app", "db"):
        crew.step(1.0)
        stopping = [each for each, phase in phases(crew).items() if phase == "STOPPING"]
        assert stopping == [name]
        child = hands[name].child
        assert child is not None
        child.status = 0
        crew.keepers[name].ended(1.0)
    assert crew.ended


def test_states_say_since_when_and_why() -> None:
    crew, _ = crew_of(web=[])
    assert crew.states(5.0)["web"].state == "stopped"
    crew.step(0.0)
    assert crew.states(6.0)["web"].since == 6.0
    assert crew.states(7.0)["web"].since == 6.0
    keeper = crew.keepers["web"]
    keeper.reported()
    seen = crew.states(8.0)["web"]
    assert (seen.state, seen.running, seen.pid) == ("active", True, 101)
