"""The daemon's part in mending: what calls a remedy, how often it is asked for, what is shown."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
import pytest

from agent.daemon.mender import LONGEST_PAUSE, Mender, World
from agent.daemon.publishing import reduce
from agent.daemon.safe_mode import RemedyMemory, notice
from agent.errors import CaretakerError, MachineError
from agent.findings import Finding, Level, Severity, Status
from agent.health.verdict import CheckState, Mode, Verdict, judge
from agent.host import files
from agent.manifest.reader import parse
from agent.remedies.codes import CODES
from agent.remedies.course import Record
from agent.remedies.cures import Cure, calls, cures_of, wrong_of
from agent.remedies.memory import Memory
from tests.scripted_host import ScriptedClock

CURES = (Cure("locks", codes=frozenset({"unit-failed"})), Cure("web", checks=frozenset({"page"})))


def state(name: str, code: str = "ok", status: Status = Status.FAIL) -> CheckState:
    status = Status.PASS if code == "ok" else status
    return CheckState(
        name=name, title=name, type="file", level=Level.READY, severity=Severity.CRITICAL,
        shared=False, status=status, counts=status, counts_live=Status.PASS,
        finding=Finding(status, code, f"{name} is {code}"), since=0.0, looked_at=0.0, age=0.0,
        due=100.0, every=10.0, seconds=0.1,
    )  # fmt: skip


def verdict(*states: CheckState, notice: str = "", mode: Mode | None = None) -> Verdict:
    return judge(states, {}, at=0.0, decided=True, mode=mode or Mode(), notice=notice)


@dataclass
class Node:
    """A daemon whose checks, memory and remedies the test moves by hand."""

    clock: ScriptedClock = field(default_factory=ScriptedClock)
    checks: dict[str, str] = field(default_factory=dict)
    memory: Memory = field(default_factory=Memory)
    heals: set[str] = field(default_factory=set)
    asked: list[str] = field(default_factory=list)
    again: list[set[str]] = field(default_factory=list)
    told: list[tuple[str, str, str]] = field(default_factory=list)
    stubborn: set[str] = field(default_factory=set)
    later: dict[str, str] = field(default_factory=dict)
    refuses: CaretakerError | None = None
    maintenance: bool = False

    def mender(self) -> Mender:
        return Mender(
            World(
                clock=self.clock,
                cures=lambda: CURES,
                ask=self._ask,
                again=self._again,
                verdict=lambda: verdict(*(state(n, c) for n, c in self.checks.items())),
                memory=lambda: self.memory,
                held=lambda: self.maintenance,
                told=lambda *said: self.told.append(said),
                broken=lambda name, error: pytest.fail(f"{name}: {error}"),
            )
        )

    def _ask(self, remedy: str) -> None:
        self.asked.append(remedy)
        if self.refuses:
            raise self.refuses
        if remedy in self.heals:
            self.memory = self.memory.counted(remedy, "done")

    def _again(self, names: Iterable[str]) -> None:
        self.again.append(set(names))
        self.checks.update(self.later)
        self.later = {}
        for name in self.again[-1] - self.stubborn:
            self.checks[name] = "ok"


def turns(mender: Mender) -> float:
    """Until it would wait; for how long."""
    for _ in range(20):
        wait = mender.turn()
        if wait > 0:
            return wait
    raise AssertionError("it never rests")


def test_nothing_wrong_asks_for_nothing() -> None:
    node = Node(checks={"page": "ok"})
    assert turns(node.mender()) == float("inf")
    assert node.asked == []


def test_a_mend_shows_at_once_and_stops_the_others() -> None:
    node = Node(checks={"db": "unit-failed", "page": "ok"}, heals={"locks"})
    assert turns(node.mender()) == float("inf")
    assert node.asked == ["locks"]
    assert node.again == [{"db"}]
    assert node.told == [("locks", "done", "")]


def test_every_remedy_that_is_called_gets_its_turn_in_order() -> None:
    node = Node(checks={"page": "unit-failed"})
    assert turns(node.mender()) == 10.0
    assert node.asked == ["locks", "web"]


def test_the_same_call_is_repeated_ever_more_slowly() -> None:
    node = Node(checks={"db": "unit-failed"})
    mender, waits = node.mender(), []
    for _ in range(9):
        wait = turns(mender)
        waits.append(wait)
        node.clock.advance(wait)
    assert waits == [10, 20, 40, 80, 160, 320, 640, LONGEST_PAUSE, LONGEST_PAUSE]


def test_another_call_is_answered_at_once() -> None:
    node = Node(checks={"db": "unit-failed"})
    mender = node.mender()
    turns(mender)
    node.checks["page"] = "unit-failed"
    turns(mender)
    assert node.asked == ["locks", "locks", "web"]


def test_it_waits_out_the_pause_that_the_remedy_is_in() -> None:
    record = Record(wait_until=1600.0)
    node = Node(checks={"db": "unit-failed"}, memory=Memory(targets={"locks": {"x": record}}))
    assert turns(node.mender()) == 600.0


def test_after_a_reset_it_asks_at_once() -> None:
    node = Node(checks={"db": "unit-failed"})
    mender = node.mender()
    turns(mender)
    mender.forget()
    turns(mender)
    assert node.asked == ["locks", "locks"]


def test_a_mend_of_something_else_does_not_keep_the_next_remedy_waiting() -> None:
    node = Node(checks={"page": "unit-failed"}, heals={"locks"}, stubborn={"page"})
    begun = node.clock.monotonic()
    turns(node.mender())
    assert node.asked == ["locks", "web"]
    assert node.clock.monotonic() - begun <= 1.5


def test_what_fails_while_a_mend_settles_gets_its_turn_at_once() -> None:
    node = Node(checks={"db": "unit-failed", "page": "ok"}, heals={"locks"}, stubborn={"db"})
    begun = node.clock.monotonic()
    mender = node.mender()
    node.later = {"page": "anything"}
    turns(mender)
    assert node.asked == ["locks", "web"]
    assert node.clock.monotonic() - begun <= 2.5


def test_in_maintenance_nothing_is_asked_for() -> None:
    node = Node(checks={"db": "unit-failed"}, maintenance=True)
    mender = node.mender()
    assert turns(mender) == float("inf")
    node.maintenance = False
    turns(mender)
    assert node.asked == ["locks"]


def test_a_refusal_is_told_and_repeated_slowly() -> None:
    node = Node(
        checks={"db": "unit-failed"}, refuses=MachineError("daemon-unreachable", "nobody answers")
    )
    assert turns(node.mender()) == 10.0
    assert node.told == [("locks", "", "nobody answers")]


def test_what_means_nothing_by_itself_calls_nothing() -> None:
    quiet = ("pending", "starting", "stale")
    checks = {
        word: msgspec.structs.replace(state(word, "unit-failed"), **{word: True}) for word in quiet
    }
    checks["muted"] = msgspec.structs.replace(state("muted", "unit-failed"), muted_by="db")
    checks["warned"] = state("warned", "unit-failed", Status.WARN)
    assert wrong_of(checks) == {"warned": "unit-failed"}


MANIFEST = """
[appliance]
name = "shop"
version = "1"
[services.web]
command = ["/bin/true"]
[checks.page]
type = "http"
url = "http://127.0.0.1/"
restart = "web"
[checks.room]
type = "disk"
[remedies.any]
checks = ["room"]
command = ["/bin/true"]
[remedies.one]
checks = ["room"]
codes = ["disk-full"]
command = ["/bin/true"]
[remedies.tame]
checks = ["room"]
command = ["/bin/true"]
unasked = false
[remediation]
off = ["disk"]
"""


def test_the_table_holds_our_own_and_the_vendors_in_their_order() -> None:
    cures = cures_of(parse(MANIFEST))
    names = [cure.remedy for cure in cures]
    assert names[-2:] == ["any", "one"]
    assert "locks" in names
    assert not {"disk", "tame"} & set(names)
    assert list(calls({"page": "http-status"}, cures)) == ["services"]
    assert list(calls({"room": "disk-odd"}, cures)) == ["any"]
    assert list(calls({"room": "disk-full"}, cures))[-2:] == ["any", "one"]


def test_safe_mode_makes_a_good_verdict_a_warning_and_nothing_worse() -> None:
    good, bad = state("a"), state("a", "unit-failed")
    noticed = verdict(good, notice="see to it")
    assert (noticed.ready, noticed.reason, noticed.summary) == (
        Status.WARN, "safe-mode", "see to it",
    )  # fmt: skip
    assert (noticed.live, noticed.weight) == (Status.PASS, 100)
    assert verdict(bad, notice="see to it") == verdict(bad)
    drained = Mode("draining", "disk")
    assert verdict(good, notice="see to it", mode=drained) == verdict(good, mode=drained)
    assert reduce(noticed, {}).reason == "warn", "strangers hear no more than that"


def test_safe_mode_is_told_with_the_next_command(root: Path) -> None:
    memory = Memory(targets={"locks": {"db": Record(safe="3 acts in a row", since=7.0)}})
    path = root / "remedies.json"
    watch = RemedyMemory(path)
    assert (watch.read(), watch.safe(), notice([])) == (Memory(), [], "")
    files.replace(path, msgspec.json.encode(memory))
    watch.read()
    [one] = watch.safe()
    assert notice([one]) == (
        "the remedy locks stopped at db: 3 acts in a row; caretaker remedies reset locks db"
    )
    assert one.note.startswith("safe mode: locks db: 3 acts in a row; then: caretaker ")
    files.replace(path, b"{")
    assert watch.read() is None
    assert watch.safe() == [one], "what can't be read now is not over"


def test_the_light_table_is_that_of_the_remedies() -> None:
    from agent.remedies.roster import REMEDIES

    assert {each.name: each.cures for each in REMEDIES} == CODES
    assert list(CODES) == [each.name for each in REMEDIES]
    assert all(each.unasked for each in REMEDIES)  # what is not must not be called by the daemon
