"""What holds of every verdict, whatever is declared and seen."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from agent.findings import Level, Severity, Status, failed, passed, warned
from agent.health.causes import roots
from agent.health.engine import Engine
from agent.health.hysteresis import BADNESS
from agent.health.verdict import Mode, Verdict
from agent.manifest.checks import Check, FileCheck
from agent.manifest.kinds import Duration

FINDINGS = {
    Status.PASS: passed("well"),
    Status.WARN: warned("low", "low"),
    Status.FAIL: failed("gone", "gone"),
}
NAMES = tuple("abcdef")
STATUSES = st.sampled_from(list(Status))
MODES = st.sampled_from(["", "draining", "maintenance", "stopping"])


@st.composite
def check_sets(draw: Any) -> dict[str, Check]:
    """Checks that require only those before them, so there is no circle."""
    names = NAMES[: draw(st.integers(1, len(NAMES)))]
    return {
        name: FileCheck(
            path="/x",
            level=draw(st.sampled_from(list(Level))),
            severity=draw(st.sampled_from(list(Severity))),
            shared=draw(st.booleans()),
            fall=draw(st.integers(1, 3)),
            rise=draw(st.integers(1, 3)),
            grace=Duration(draw(st.sampled_from([0, 0, 30]))),
            requires=draw(st.lists(st.sampled_from(names[:at]), unique=True)) if at else [],
        )
        for at, name in enumerate(names)
    }


@st.composite
def stories(draw: Any) -> tuple[dict[str, Check], list[tuple[str, Status, float]]]:
    checks = draw(check_sets())
    steps = st.tuples(st.sampled_from(list(checks)), STATUSES, st.floats(0, 20))
    first = [(name, draw(STATUSES), 0.0) for name in checks]
    return checks, first + draw(st.lists(steps, max_size=30))


def told(
    checks: dict[str, Check], story: list[tuple[str, Status, float]], mode: str = ""
) -> Verdict:
    now = 1000.0
    engine = Engine(checks, {"all": list(checks)}, now)
    for name, status, later in story:
        now += later
        track = engine.begin(name, checks[name], now)
        assert track is not None
        engine.record(track, FINDINGS[status], now)
    return engine.verdict(now, Mode(mode))


@given(stories(), MODES)
def test_its_parts_agree(
    story: tuple[dict[str, Check], list[tuple[str, Status, float]]], mode: str
) -> None:
    verdict = told(*story, mode)
    assert verdict.decided
    assert (verdict.weight == 0) == (verdict.ready is Status.FAIL)
    assert BADNESS[verdict.live] <= BADNESS[verdict.ready]
    assert (verdict.reason == "ok") == (verdict.ready is Status.PASS)
    if mode:
        assert (verdict.ready, verdict.reason) == (Status.FAIL, mode)
    if not mode and verdict.ready is not Status.PASS:
        assert verdict.causes or verdict.reason == "stale"
    for state in verdict.checks.values():
        assert BADNESS[state.counts] <= BADNESS[state.status]
        assert state.name not in verdict.causes or not state.muted_by


@given(stories())
def test_whoever_is_muted_has_a_cause_that_speaks(
    story: tuple[dict[str, Check], list[tuple[str, Status, float]]],
) -> None:
    verdict = told(*story)
    for state in verdict.checks.values():
        for cause in state.causes:
            root = verdict.checks[cause]
            assert root.status is Status.FAIL
            assert not root.muted_by
            assert cause in verdict.causes


@given(stories(), st.sampled_from(list(Level)))
def test_a_failing_critical_check_fails_the_verdict_whatever_else_is_declared(
    story: tuple[dict[str, Check], list[tuple[str, Status, float]]], level: Level
) -> None:
    checks, steps = story
    bad = FileCheck(path="/bad", level=level)
    before = told(checks, steps)
    verdict = told({**checks, "z": bad}, [*steps, ("z", Status.FAIL, 0.0)])
    assert verdict.ready is Status.FAIL
    if level is Level.LIVE:
        assert verdict.live is Status.FAIL
    assert BADNESS[verdict.live] >= BADNESS[before.live]


@given(stories(), st.sampled_from(NAMES))
def test_seeing_worse_never_makes_it_better(
    story: tuple[dict[str, Check], list[tuple[str, Status, float]]], name: str
) -> None:
    """A look that turns from good to bad, in an appliance without causes."""
    checks, steps = story
    alone: dict[str, Check] = {
        each: FileCheck(
            path="/x",
            level=check.level,
            severity=check.severity,
            shared=check.shared,
            fall=check.fall,
            rise=check.rise,
        )
        for each, check in checks.items()
    }
    name = name if name in alone else "a"
    worse = [(who, Status.FAIL if who == name else status, at) for who, status, at in steps]
    before, after = told(alone, steps), told(alone, worse)
    assert BADNESS[after.ready] >= BADNESS[before.ready]
    assert BADNESS[after.live] >= BADNESS[before.live]


@given(
    st.dictionaries(st.sampled_from(NAMES), st.lists(st.sampled_from(NAMES))),
    st.sets(st.sampled_from(NAMES)),
    st.sampled_from(NAMES),
)
def test_roots_end_even_in_circles_and_explain_themselves(
    requires: dict[str, list[str]], failing: set[str], name: str
) -> None:
    for root in roots(name, requires, failing):
        assert root in failing
        assert root != name
        assert roots(root, requires, failing) == []
