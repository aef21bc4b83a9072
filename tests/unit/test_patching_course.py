"""One upgrade of the system on a scripted machine: the order, and each way to end early."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from agent.errors import BusyError, MachineError, UnhealthyError
from agent.host.uncut import Ran
from agent.layout import Layout
from agent.ledger import read_ledgers
from agent.manifest.reader import parse
from agent.patching import course as courses
from agent.patching import stale
from agent.patching.course import Course, write_end
from agent.patching.health import Health
from agent.patching.packages import Command, Wounds
from agent.patching.record import Scope, Simulated, Sizes, Stale, Update
from agent.patching.request import Changed, OsRequest, error_of, failure_of
from agent.patching.restarts import choose
from agent.patching.stale import Look
from agent.progress import Unit
from agent.remedies.remedy import Scene
from tests.scripted_host import GIB, ScriptedFacts, scripted_host

SHOP = """
[appliance]
name = "shop"
version = "1.0"
[services.web]
command = ["/bin/web"]
[services.db]
command = ["/bin/db"]
[patching]
restart = ["web"]
"""


@dataclass
class Script:
    """A package manager that does what the test wants. `breaks` names a step that fails."""

    name: str = "apt"
    there: dict[str, str] = field(default_factory=lambda: {"ssl": "1", "tz": "1"})
    updates: tuple[Update, ...] = (
        Update(name="ssl", before="1", after="2", fix="2"),
        Update(name="tz", before="1", after="2"),
    )
    hurt: list[Wounds] = field(default_factory=list)
    breaks: str = ""
    hangs: str = ""
    holders: list[int] = field(default_factory=list)
    fetched: float = 1.0
    ran: list[str] = field(default_factory=list)
    sizes: Sizes = field(default_factory=Sizes)

    environment: dict[str, str] = field(default_factory=dict)

    def simulate(self, scope: Scope, *, sized: bool = False) -> Simulated:
        left = tuple(each for each in self.updates if self.there[each.name] != each.after)
        wanted = tuple(each for each in left if scope != "security" or each.security)
        return Simulated(updates=wanted, sizes=self.sizes)

    def fingerprint(self) -> str:
        return ""

    def known(self) -> float:
        return self.fetched

    def held(self) -> tuple[str, ...]:
        return ()

    def versions(self) -> dict[str, str]:
        return dict(self.there)

    def busy(self) -> int:
        return self.holders.pop(0) if self.holders else 0

    def wounds(self) -> Wounds:
        return self.hurt[0] if self.hurt else Wounds()

    def mend(self, wounds: Wounds) -> tuple[Command, ...]:
        return (Command("mend", ("mend",)),)

    def refresh(self) -> Command:
        return Command("refresh", ("refresh",))

    def fetch(self, scope: Scope, found: Simulated) -> Command:
        return Command("fetch", ("fetch",))

    def steps(self, scope: Scope, found: Simulated) -> tuple[Command, ...]:
        return tuple(Command(each.told, ("install", each.name), (each,)) for each in found.updates)

    def marks(self) -> frozenset[str]:
        return frozenset(("ssl",))

    def keep_marks(self, before: frozenset[str]) -> tuple[Command, ...]:
        return (Command("marks", ("marks", *sorted(before))),)

    def files(self, names: tuple[str, ...]) -> frozenset[str]:
        return frozenset()

    def run(self, argv: tuple[str, ...], **_: Any) -> Ran:
        word = " ".join(argv)
        self.ran.append(word)
        if word == self.hangs:
            return Ran(None, "", 7200.0, 42)
        if word == self.breaks:
            return Ran(100, f"Reading...\nE: {word} is broken\n", 1.0)
        if argv[0] == "install":
            self.there[argv[1]] = "2"
        if argv[0] == "mend" and self.hurt:
            self.hurt.pop(0)
        return Ran(0, "", 1.0)


class Notes:
    def __init__(self) -> None:
        self.steps: list[str] = []
        self.notes: list[str] = []

    def step(self, code: str, title: str) -> None:
        self.steps.append(code)

    def advance(self, done: int, total: int, unit: Unit) -> None:
        assert (0 <= done <= total, unit) == (True, "items")

    def note(self, text: str) -> None:
        self.notes.append(text)


class NoServices:
    def __init__(self) -> None:
        self.restarted: list[str] = []

    def restart(self, name: str) -> None:
        self.restarted.append(name)


@dataclass
class Stage:
    course: Course
    script: Script
    notes: Notes
    services: NoServices
    health: list[Health]
    look: list[Look]


Build = Callable[..., Stage]


@pytest.fixture
def stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Build:
    """A course with everything healthy; keyword arguments are of the request."""
    host = scripted_host(tmp_path)
    layout = Layout(tmp_path, "shop")
    layout.state.mkdir(parents=True)
    services = NoServices()
    manifest = parse(SHOP)
    health, look = [Health("good"), Health("good")], [Look()]
    monkeypatch.setattr(courses, "health_now", lambda *_: health[0])
    monkeypatch.setattr(courses, "wait_healthy", lambda *_: health[1])
    monkeypatch.setattr(stale, "look", lambda *_, root: look[0])

    def build(script: Script | None = None, **wishes: Any) -> Stage:
        script = script or Script()
        scene: Any = Scene(host, manifest, layout, None, services)  # type: ignore[arg-type]
        # No values and four methods of services: a course asks for nothing else.
        request = OsRequest(id="1", actor="root", **wishes)
        notes = Notes()
        course = Course(scene, script, request, notes, run=script.run)
        return Stage(course, script, notes, services, health, look)

    return build


def test_the_order_and_what_is_told(stage: Build) -> None:
    made = stage()
    outcome = made.course.go()
    assert made.script.ran == ["refresh", "fetch", "install ssl", "install tz", "marks ssl"]
    assert made.notes.steps == [
        "health-before", "refresh", "plan", "fetch", "install", "health-after",
    ]  # fmt: skip
    assert outcome.changed == (Changed("ssl", "1", "2"), Changed("tz", "1", "2"))
    assert outcome.health == "healthy"
    boots = json.loads(made.course.scene.layout.boots.read_text())
    assert (boots["packages"], boots["count"], boots["good_at"]) == (2, 0, 0.0)
    made.course.scene.host.clock.sleep(1)
    write_end(made.course.scene, made.course.request, outcome)
    begun, done = read_ledgers([made.course.scene.layout.ledger])
    assert (begun.outcome, done.outcome) == ("begun", "done")
    assert done.detail == {"ssl": "1 → 2", "tz": "1 → 2"}


def test_security_alone(stage: Build) -> None:
    made = stage(scope="security")
    made.course.go()
    assert made.script.there == {"ssl": "2", "tz": "1"}


def test_nothing_to_do_changes_nothing(stage: Build) -> None:
    made = stage(Script(there={"ssl": "2", "tz": "2"}))
    assert made.course.go().changed == ()
    assert made.script.ran == ["refresh"]
    assert not made.course.scene.layout.boots.exists()


def test_a_step_that_an_earlier_one_did_is_left_out(stage: Build) -> None:
    script = Script()

    def run(argv: tuple[str, ...], **options: Any) -> Ran:
        if argv == ("install", "ssl"):
            script.there["tz"] = "2"
        return script.run(argv, **options)

    made = stage(script)
    made.course.run = run
    made.course.go()
    assert "install tz" not in script.ran


def test_a_failing_package_stops_it_and_the_ledger_has_what_changed(stage: Build) -> None:
    made = stage(Script(breaks="install tz"))
    with pytest.raises(MachineError, match="install tz is broken") as caught:
        made.course.go()
    assert made.course.outcome.changed == (Changed("ssl", "1", "2"),)
    assert made.script.ran[-1] == "marks ssl"
    outcome = replace(made.course.outcome, failure=failure_of(caught.value))
    made.course.scene.host.clock.sleep(1)
    write_end(made.course.scene, made.course.request, outcome)
    assert read_ledgers([made.course.scene.layout.ledger])[-1].outcome == "failed"


def test_what_was_cut_short_is_finished_first_in_rounds(stage: Build) -> None:
    hurt = [Wounds(("ssl",), (), True), Wounds((), ("ssl",))]
    made = stage(Script(hurt=hurt))
    assert made.course.go().mended == ("ssl",)
    assert made.script.ran[:3] == ["mend", "mend", "refresh"]


def test_what_can_not_be_finished_is_told_and_nothing_else_is_touched(stage: Build) -> None:
    made = stage(Script(hurt=[Wounds(half=("ssl",))], breaks="mend"))
    with pytest.raises(MachineError, match=r"can't be finished \(ssl\): E: mend is broken"):
        made.course.go()
    assert made.script.ran == ["mend"]


def test_a_program_that_hangs_is_left_alone(stage: Build) -> None:
    made = stage(Script(hangs="install ssl"))
    with pytest.raises(MachineError, match="goes on") as caught:
        made.course.go()
    assert caught.value.code == "command-timeout"


def test_somebody_else_at_work_is_waited_for(stage: Build) -> None:
    made = stage(Script(holders=[7, 7, 7]))
    made.course.go()
    assert "process 7 installs packages" in made.notes.notes[0]
    with pytest.raises(BusyError, match="process 7"):
        stage(Script(holders=[7] * 1000)).course.go()


def test_not_healthy_before_changes_nothing_unless_it_is_meant(stage: Build) -> None:
    made = stage()
    made.health[0] = Health("bad", "web: red")
    with pytest.raises(UnhealthyError, match=r"nothing was changed.*web: red"):
        made.course.go()
    assert made.script.ran == []
    made = stage(unhealthy=True)
    made.health[0] = made.health[1] = Health("bad", "web: red")
    assert made.course.go().health == "web: red"


def test_not_healthy_after_says_so(stage: Build) -> None:
    made = stage()
    made.health[1] = Health("bad", "web: red")
    with pytest.raises(UnhealthyError, match="are installed, and the application is not healthy"):
        made.course.go()
    assert len(made.course.outcome.changed) == 2


def test_lists_that_can_not_be_fetched_are_used_as_they_are(stage: Build) -> None:
    made = stage(Script(breaks="refresh"))
    made.course.go()
    assert "could not be fetched" in made.notes.notes[0]
    with pytest.raises(MachineError, match="could not be fetched"):
        stage(Script(breaks="refresh", fetched=0.0)).course.go()


def test_no_room_is_said_before_anything_is_fetched(stage: Build) -> None:
    made = stage(Script(sizes=Sizes(download=30 * GIB)))
    assert isinstance(made.course.scene.host.facts, ScriptedFacts)
    with pytest.raises(MachineError, match="are needed") as caught:
        made.course.go()
    assert caught.value.code == "disk-short"
    assert made.script.ran == ["refresh"]


def test_told_to_stop_it_ends_between_two_steps(stage: Build) -> None:
    made = stage()
    made.course.stopped = lambda: made.script.there["ssl"] == "2"
    with pytest.raises(MachineError, match="1 of 2 steps are done"):
        made.course.go()
    assert made.script.there == {"ssl": "2", "tz": "1"}


def test_only_declared_services_are_restarted_unasked(stage: Build) -> None:
    found = (
        Stale(unit="shop-web.service", service="web"),
        Stale(unit="shop-db.service", service="db"),
        Stale(unit="cron.service"),
        Stale(unit="caretaker-os.service"),
        Stale(unit="dbus.service"),
        Stale(unit="user sessions"),
    )
    made = stage()
    made.look[0] = Look(found)
    outcome = made.course.go()
    assert made.services.restarted == ["web"]
    assert outcome.waiting == ("db", "cron.service", "dbus.service", "user sessions")
    asked = choose(found, parse(SHOP), asked=True)
    assert [each.unit for each in asked.now] == [
        "shop-web.service", "shop-db.service", "cron.service",
    ]  # fmt: skip


def test_an_error_keeps_its_exit_status_over_the_file() -> None:
    for error in (BusyError("lock-held", "a", hint="b"), UnhealthyError("unhealthy", "c")):
        again = error_of(failure_of(error))
        assert type(again) is type(error)
        assert (again.code, again.message, again.hint) == (error.code, error.message, error.hint)
