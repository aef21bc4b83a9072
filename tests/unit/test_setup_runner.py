"""The runner: look, act, look again; a killed run converges; failures undo or stand as promised."""

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agent.errors import MachineError
from agent.host.failures import HostFailure
from setup import record
from setup.outcome import Verdict
from setup.report import Report
from setup.runner import Run
from setup.site import Site
from setup.step import Blocker, Kind, Look, Step, Thing
from tests.unit.setup_site import make_site


class Killed(BaseException):
    """kill -9, as far as a process can play it: nothing of ours catches it."""


class World:
    """What the fake steps make true, one fact at a time; each change is a place to be killed at."""

    def __init__(self) -> None:
        self.facts: set[str] = set()
        self.acts: list[str] = []
        self.kill_in = -1

    def change(self, fact: str) -> None:
        if self.kill_in == 0:
            raise Killed
        self.kill_in -= 1
        self.facts.add(fact)
        self.acts.append(fact)

    def step(
        self, code: str, *facts: str, stands: bool = False, fails: Callable[[], None] | None = None
    ) -> Step:
        def look(_: Site) -> Look:
            return Look("good", tuple(fact for fact in facts if fact not in self.facts))

        def apply(_: Site) -> str:
            if fails is not None:
                fails()
            for fact in facts:
                if fact not in self.facts:
                    self.change(fact)
            return "done"

        return Step(code, code, look, apply, stands=stands)


def report_of(site: Site) -> Report:
    return Report(site.app, "1", "embedded", str(site.layout.root), 0.0)


def go(site: Site, *steps: Step) -> Report:
    site.layout.state.mkdir(parents=True, exist_ok=True)
    return Run(site, steps, report_of(site)).go()


@pytest.fixture
def site(tmp_path: Path, root: Path) -> Site:
    return make_site(tmp_path / "source", root)


def boom() -> None:
    raise MachineError("command-failed", "the disk said no", hint="df -h")


def test_first_run_does_everything_and_second_nothing(site: Site) -> None:
    world = World()
    steps = (world.step("one", "a", "b"), world.step("two", "c", stands=True))
    first = go(site, *steps)
    assert (first.verdict, first.changed) == (Verdict.HEALTHY, 3)
    before = list(world.acts)
    second = go(site, *steps)
    assert (second.verdict, second.changed) == (Verdict.HEALTHY, 0)
    assert world.acts == before
    assert {step.outcome for step in second.steps} == {"kept"}


def test_only_the_first_start_says_that_nothing_is_left_over(site: Site) -> None:
    mark, seen = site.layout.first_start, []

    def apply(_: Site) -> str:
        seen.append(mark.exists())
        if len(seen) == 1:
            raise MachineError("service-failed", "it did not start")
        return "done"

    def look(_: Site) -> Look:
        return Look("runs", ("start it",) if len(seen) < 2 else ())

    start = Step("start", "start", look, apply, stands=True)
    assert go(site, start).verdict is Verdict.ATTENTION
    assert not mark.exists()
    assert go(site, start).verdict is Verdict.HEALTHY
    assert seen == [True, False]


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    facts=st.lists(st.integers(1, 4), min_size=1, max_size=6),
    start=st.sets(st.integers(0, 23)),
    kills=st.lists(st.integers(0, 12), max_size=5),
)
def test_killed_any_number_of_times_it_converges(
    site: Site, facts: list[int], start: set[int], kills: list[int]
) -> None:
    world = World()
    steps, every = [], []
    for number, count in enumerate(facts):
        names = [f"{number}.{each}" for each in range(count)]
        every += names
        steps.append(world.step(f"s{number}", *names))
    world.facts = {name for place, name in enumerate(every) if place in start}
    for kill in kills:
        world.kill_in = kill
        try:
            go(site, *steps)
        except Killed:
            continue
    world.kill_in = -1
    assert go(site, *steps).verdict is Verdict.HEALTHY
    assert world.facts == set(every)
    assert len(world.acts) == len(set(world.acts))  # nothing was done twice
    assert go(site, *steps).changed == 0


def test_preflight_is_asked_only_where_something_is_to_be_done(site: Site) -> None:
    world, asked = World(), []

    def look(_: Site) -> Look:
        asked.append(1)
        return Look("fine")

    steps = (Step("preflight", "preflight", look, lambda _: ""), world.step("one", "a"))
    go(site, *steps)
    go(site, *steps)
    assert len(asked) == 1


def test_a_blocker_stops_before_anything_is_changed(site: Site) -> None:
    world = World()
    blocked = Step(
        "two", "two", lambda _: Look("", blockers=(Blocker("no", "do x"),)), lambda _: ""
    )
    ended = go(site, world.step("one", "a"), blocked)
    assert ended.verdict is Verdict.PREFLIGHT
    assert ended.exit_status == 10
    assert world.acts == []
    assert ended.trouble is not None
    assert ended.trouble.hint == "do x"
    assert record.load(site.layout) is None


def test_a_failed_preflight_of_a_resumed_run_undoes_nothing(site: Site) -> None:
    world = World()
    world.kill_in = 1
    things = (Thing(Kind.TREE, str(site.layout.opt)),)
    step = world.step("one", "a", "b")
    site.layout.opt.mkdir(parents=True)
    with pytest.raises(Killed):
        go(site, step)
    blocked = Step("preflight", "preflight", lambda _: Look("", blockers=(Blocker("no"),)),
                   lambda _: "", lambda _: things)  # fmt: skip
    assert go(site, blocked, step).verdict is Verdict.PREFLIGHT
    assert site.layout.opt.is_dir()


def folder_step(site: Site, code: str, path: Path) -> Step:
    def apply(_: Site) -> str:
        path.mkdir(parents=True)
        return "made"

    return Step(code, code, lambda _: Look("there", () if path.exists() else ("make it",)), apply,
                lambda _: (Thing(Kind.TREE, str(path), data=True),))  # fmt: skip


def test_a_first_installation_that_fails_before_anything_ran_is_undone(site: Site) -> None:
    theirs, ours = site.layout.root / "theirs", site.layout.root / "ours"
    theirs.mkdir()
    (theirs / "file").touch()
    ended = go(
        site,
        folder_step(site, "theirs", theirs),
        folder_step(site, "ours", ours),
        World().step("bad", "x", fails=boom),
    )
    assert ended.verdict is Verdict.UNDONE
    assert ended.exit_status == 20
    assert not ours.exists()
    assert (theirs / "file").exists()
    assert record.load(site.layout) is None


def test_what_a_killed_run_made_is_undone_too(site: Site) -> None:
    ours, world = site.layout.root / "ours", World()
    world.kill_in = 0
    with pytest.raises(Killed):
        go(site, folder_step(site, "ours", ours), world.step("bad", "x"))
    assert ours.is_dir()
    failing = world.step("bad", "x", fails=boom)
    assert go(site, folder_step(site, "ours", ours), failing).verdict is Verdict.UNDONE
    assert not ours.exists()


def test_nothing_is_undone_once_the_application_has_run(site: Site) -> None:
    """The data it wrote may be the customer's by now, whatever failed, and in whichever run."""
    ours, world = site.layout.root / "ours", World()
    made = folder_step(site, "ours", ours)
    first = go(site, made, world.step("start", "s", stands=True, fails=boom))
    assert (first.verdict, first.exit_status) == (Verdict.ATTENTION, 30)
    again = go(site, made, world.step("other", "o", fails=boom))
    assert again.verdict is Verdict.ATTENTION
    assert ours.is_dir()


def test_a_later_failure_of_a_complete_installation_stands(site: Site) -> None:
    ours = site.layout.root / "ours"
    assert go(site, folder_step(site, "ours", ours)).verdict is Verdict.HEALTHY
    ended = go(site, folder_step(site, "ours", ours), World().step("bad", "x", fails=boom))
    assert ended.verdict is Verdict.ATTENTION
    assert ours.is_dir()


def test_a_step_that_does_not_satisfy_itself_is_an_error(site: Site) -> None:
    stubborn = Step("one", "one", lambda _: Look("", ("always",)), lambda _: "did it")
    ended = go(site, stubborn)
    assert ended.verdict is Verdict.UNDONE
    assert ended.trouble is not None
    assert "still not so: always" in ended.trouble.message


def test_on_a_bare_machine_only_what_may_block_is_looked_at_beforehand(site: Site) -> None:
    world = World()
    seen: list[str] = []

    def look(_: Site) -> Look:
        seen.append("late")
        return Look("good", () if "a" in world.facts else ("a",))

    def act(_: Site) -> str:
        world.change("a")
        return "done"

    late = Step("late", "late", look, act, blocks=False)
    assert go(site, late).verdict is Verdict.HEALTHY
    assert len(seen) == 2  # before and after its act
    assert go(site, late).verdict is Verdict.HEALTHY
    assert len(seen) == 3  # the second run finds nothing to do by that one look


def test_a_look_that_fails_at_first_is_tried_again_at_its_turn(site: Site) -> None:
    world = World()

    def look(_: Site) -> Look:
        if "a" not in world.facts:
            raise HostFailure("no such folder")
        return Look("fine")

    late = Step("two", "two", look, lambda _: "")
    assert go(site, world.step("one", "a"), late).verdict is Verdict.HEALTHY


def test_the_report_tells_how_far_a_run_came(site: Site) -> None:
    world = World()
    world.kill_in = 1
    with pytest.raises(Killed):
        go(site, world.step("one", "a"), world.step("two", "b"))
    text = site.layout.setup_report.read_text()
    assert '"verdict": "running"' in text
    assert '"code": "one"' in text
    assert '"code": "two"' not in text
