"""When a remedy may act: never more than its budget, whatever clocks and reboots do."""

from __future__ import annotations

from dataclasses import dataclass, field

from hypothesis import given
from hypothesis import strategies as st

from agent.remedies import course
from agent.remedies.course import Record, begun, cured, decide, uncured
from agent.remedies.memory import Memory
from agent.remedies.remedy import Budget

BUDGET = Budget(acts=3, window=600.0, pause=10.0, longest=60.0)


def test_a_target_nobody_knows_may_be_mended() -> None:
    assert decide(Record(), BUDGET, 5.0).may


def test_an_act_that_did_not_cure_makes_the_next_wait_ever_longer() -> None:
    budget = Budget(acts=10, window=1e6, pause=10.0, longest=60.0)
    record, now, waits = Record(), 100.0, []
    for _ in range(5):
        record = uncured(begun(record, budget, now), budget, now=now, wall=0.0)
        waits.append(decide(record, budget, now).wait)
        now = record.wait_until
        assert decide(record, budget, now).may
    assert waits == [10.0, 20.0, 40.0, 60.0, 60.0]


def test_as_many_in_vain_as_the_budget_has_and_it_stops() -> None:
    record = Record()
    for now in (100.0, 2000.0, 4000.0):
        assert decide(record, BUDGET, now).may
        record = uncured(begun(record, BUDGET, now), BUDGET, now=now, wall=7.0)
    decision = decide(record, BUDGET, 1e9)
    assert (decision.may, decision.safe) == (False, True)
    assert "3 acts in a row" in decision.why
    assert record.since == 7.0


def test_cured_again_and_again_is_a_loop_too() -> None:
    record = Record()
    for now in (100.0, 200.0, 300.0):
        record = cured(begun(record, BUDGET, now))
    decision = decide(record, BUDGET, 400.0)
    assert decision.safe
    assert "3 acts within 10 min" in decision.why
    assert decide(record, BUDGET, 700.0).may


def test_one_that_was_killed_has_counted_and_waits() -> None:
    record = begun(Record(), BUDGET, 100.0)
    assert record.streak == 1
    assert decide(record, BUDGET, 101.0).wait == 9.0


def test_a_reboot_ends_the_pause_and_forgets_no_act() -> None:
    record = Record()
    for now in (100.0, 200.0):
        record = cured(begun(record, BUDGET, now))
    record = begun(record, BUDGET, 300.0)
    memory = Memory(boot="one", seen=300.0, targets={"lock": {"db": record}})
    after = memory.as_of("two", 5.0).record("lock", "db", BUDGET)
    assert after.acts == (-200.0, -100.0, 0.0)
    assert (after.streak, after.wait_until) == (1, 0.0)
    # That long ago it may have been, or not: it waits, but no person is needed.
    decision = decide(after, BUDGET, 5.0)
    assert (decision.may, decision.safe, decision.wait) == (False, False, 395.0)
    assert decide(after, BUDGET, 400.0).may


def test_ticks_that_went_back_are_another_boot() -> None:
    record = begun(Record(), BUDGET, 5000.0)
    memory = Memory(boot="", seen=5000.0, targets={"lock": {"db": record}})
    assert memory.as_of("", 3.0).record("lock", "db", BUDGET).acts == (0.0,)


def test_lost_records_leave_one_act_not_all() -> None:
    lost = Memory(boot="one", seen=50.0, lost=50.0).as_of("one", 60.0)
    record = lost.record("lock", "db", BUDGET)
    assert decide(record, BUDGET, 60.0).may
    record = uncured(begun(record, BUDGET, 60.0), BUDGET, now=60.0, wall=0.0)
    assert decide(record, BUDGET, 1e9).safe
    later = lost.as_of("one", 700.0)
    assert later.record("lock", "db", BUDGET) == Record()


def test_seen_well_again_begins_anew_but_safe_mode_stays() -> None:
    record = uncured(begun(Record(), BUDGET, 1.0), BUDGET, now=1.0, wall=0.0)
    assert course.gone(record) == Record(acts=(1.0,))
    stopped = course.safe_mode(record, "why", 0.0)
    assert course.gone(stopped) == stopped


def test_what_matters_no_more_is_forgotten() -> None:
    record = cured(begun(Record(), BUDGET, 100.0))
    assert not course.idle(record, BUDGET, 699.0)
    assert course.idle(record, BUDGET, 700.0)
    assert not course.idle(course.safe_mode(record, "why", 0.0), BUDGET, 1e9)


@dataclass
class World:
    """A machine whose true time nobody on it knows."""

    true: float = 0.0
    booted: float = 0.0
    boot: int = 0
    wall: float = 1.8e9
    memory: Memory = field(default_factory=Memory)
    acts: list[float] = field(default_factory=list)
    safe_since: float | None = None

    def step(self, event: tuple[str, float, bool]) -> None:
        kind, length, well = event
        if kind == "wait":
            self.true += length
        elif kind == "reboot":
            self.true += length
            self.booted, self.boot = self.true, self.boot + 1
        elif kind == "clock":
            self.wall += (length - 500.0) * 1e6
        else:
            self.fault(kind, cures=well)

    def fault(self, kind: str, *, cures: bool) -> None:
        now = self.true - self.booted
        self.memory = self.memory.as_of(f"boot {self.boot}", now)
        record = self.memory.record("r", "t", BUDGET)
        decision = decide(record, BUDGET, now)
        if decision.safe:
            record = course.safe_mode(record, decision.why, self.wall)
            self.safe_since = self.true if self.safe_since is None else self.safe_since
        elif decision.may:
            assert self.safe_since is None, "safe mode left by itself"
            self.acts.append(self.true)
            record = begun(record, BUDGET, now)
            if kind == "fault":
                record = (
                    cured(record) if cures else uncured(record, BUDGET, now=now, wall=self.wall)
                )
        self.memory = self.memory.with_record("r", "t", record)


EVENTS = st.tuples(
    st.sampled_from(["fault", "fault", "fault", "killed", "wait", "reboot", "clock"]),
    st.floats(0.0, 1000.0),
    st.booleans(),
)


@given(st.lists(EVENTS, max_size=60))
def test_never_more_acts_in_a_window_than_the_budget_has(
    events: list[tuple[str, float, bool]],
) -> None:
    world = World()
    for event in events:
        world.step(event)
    for first, last in zip(world.acts, world.acts[BUDGET.acts :], strict=False):
        assert last - first >= BUDGET.window - 1e-6


@given(st.lists(EVENTS, max_size=60))
def test_never_more_in_vain_than_the_budget_has(events: list[tuple[str, float, bool]]) -> None:
    world, streak = World(), 0
    for event in events:
        before = len(world.acts)
        world.step(event)
        if len(world.acts) > before:
            streak = 0 if event[0] == "fault" and event[2] else streak + 1
        assert streak <= BUDGET.acts


@given(st.lists(EVENTS, max_size=40), st.floats(-2e9, 2e9))
def test_steps_of_the_wall_clock_change_nothing(
    events: list[tuple[str, float, bool]], jump: float
) -> None:
    steady, jumping = World(), World(wall=1.8e9 + jump)
    for event in events:
        steady.step(event)
        jumping.step(event)
        jumping.wall -= jump
    assert steady.acts == jumping.acts
