"""Acts as root: what is asked, who may ask, how often, and what is written down."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.act import budget
from agent.act.acts import ACTS, RELOAD, RESTART, RUN_REMEDY, Hands
from agent.act.names import Names, names_of
from agent.act.office import Office
from agent.act.request import LONGEST, Answer, parse, read_answer, write, write_answer
from agent.errors import CaretakerError, MachineError, UsageError
from agent.host import lock
from agent.host.clock import Clock
from agent.ledger import Entry, Ledger, read_ledgers
from agent.manifest.reader import parse as read_manifest
from agent.services.protocol import ServiceState
from tests.scripted_host import ScriptedSystemd

AGENT = 990
STRANGER = 1000


NAMES = Names(
    services=("db", "web"),
    remedies=("locks", "tame"),
    only_asked=frozenset({"tame"}),
)


class HandClock(Clock):
    now = 1000.0

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds

    def boot_id(self) -> str:
        return "boot"


@dataclass
class FakeServices:
    """Notes what it is told to do."""

    told: list[str] = field(default_factory=list)
    broken: CaretakerError | None = None

    def names(self) -> tuple[str, ...]:
        return ("db", "web")

    def state(self, name: str) -> ServiceState:
        raise NotImplementedError

    def states(self) -> dict[str, ServiceState]:
        raise NotImplementedError

    def pids(self, name: str) -> list[int]:
        raise NotImplementedError

    def start(self, name: str) -> None:
        self._do("start", name)

    def stop(self, name: str) -> None:
        self._do("stop", name)

    def restart(self, name: str) -> None:
        self._do("restart", name)

    def reload(self, name: str) -> None:
        self._do("reload", name)

    def _do(self, verb: str, name: str) -> None:
        self.told.append(f"{verb} {name}")
        if self.broken:
            raise self.broken


@dataclass
class Desk:
    """An office with everything of it at hand."""

    folder: Path
    services: FakeServices = field(default_factory=FakeServices)
    systemd: ScriptedSystemd = field(default_factory=ScriptedSystemd)
    clock: HandClock = field(default_factory=HandClock)

    def ask(self, line: bytes | None, uid: int | None = AGENT) -> Answer:
        ledger = Ledger(self.folder / "ledger.db", self.clock)
        hands = Hands(self.services, self.systemd)
        return Office(hands, NAMES, ledger, self.folder, AGENT, self.clock).serve(line, uid)

    @property
    def entries(self) -> list[Entry]:
        return read_ledgers([self.folder / "ledger.db"])


@pytest.fixture
def desk(root: Path) -> Desk:
    return Desk(root)


@pytest.mark.parametrize(
    ("line", "told"),
    [(b"restart-service web\n", "restart web"), (b"reload-service db\n", "reload db")],
)
def test_an_act_is_done_and_written_down(desk: Desk, line: bytes, told: str) -> None:
    answer = desk.ask(line)
    assert answer.ok
    assert desk.services.told == [told]
    [entry] = desk.entries
    assert entry.outcome == "done"
    assert entry.actor == "agent"
    assert f"{entry.act} {entry.target}\n".encode() == line
    assert entry.seconds is not None


@pytest.mark.parametrize("uid", [STRANGER, 65534, None])
def test_a_stranger_is_refused(desk: Desk, uid: int | None) -> None:
    answer = desk.ask(b"restart-service web\n", uid)
    assert (answer.status, answer.code) == (7, "refused")
    assert desk.services.told == []
    assert [entry.outcome for entry in desk.entries] == ["refused"]


def test_without_a_user_for_the_agent_only_root_may_ask(root: Path) -> None:
    services, clock = FakeServices(), HandClock()
    hands = Hands(services, ScriptedSystemd())
    office = Office(hands, NAMES, Ledger(root / "l.db", clock), root, None, clock)
    assert not office.serve(b"restart-service web\n", STRANGER).ok
    assert not office.serve(b"restart-service web\n", None).ok
    assert office.serve(b"restart-service web\n", 0).ok


@pytest.mark.parametrize(
    "line",
    [
        None,
        b"",
        b"\n",
        b"restart-service\n",
        b"restart-service web",
        b"restart-service  web\n",
        b"restart-service web \n",
        b"restart-service web --force\n",
        b"restart-service ../web\n",
        b"restart-service /bin/sh\n",
        b"restart-service web\nrestart-service db\n",
        b"restart-service web\r\n",
        b"restart-service w\xc3\xa9b\n",
        b"RESTART-SERVICE web\n",
        b"run-command web\n",
        b"run-remedy locks db\n",
        b"run-remedy Locks\n",
        b"run-remedy ../locks\n",
        b"run-remedy -locks\n",
        b"run-remedy locks@x\n",
        b"run-task purge\n",
        b"restart-service " + b"a" * LONGEST + b"\n",
    ],
)
def test_what_is_no_request_is_refused(desk: Desk, line: bytes | None) -> None:
    answer = desk.ask(line)
    assert (answer.status, answer.code) == (2, "usage")
    assert desk.services.told == []


@pytest.mark.parametrize("name", ["sshd", "caretaker", "systemd-journald"])
def test_only_services_of_the_manifest_can_be_named(desk: Desk, name: str) -> None:
    answer = desk.ask(f"restart-service {name}\n".encode())
    assert (answer.status, answer.code) == (2, "service-unknown")
    assert desk.services.told == []


def test_a_one_shot_is_started_and_writes_the_ledger_itself(desk: Desk) -> None:
    line = b"run-remedy locks\n"
    assert desk.ask(line).ok
    assert desk.systemd.controlled == [("start", "caretaker-remedy@locks.service")]
    assert desk.entries == []
    desk.systemd.answers["start"] = 1
    answer = desk.ask(line)
    assert (answer.status, answer.code) == (4, "command-failed")
    assert [entry.outcome for entry in desk.entries] == ["failed"]


@pytest.mark.parametrize("line", [b"run-remedy web\n", b"restart-service locks\n"])
def test_each_act_has_names_of_its_own(desk: Desk, line: bytes) -> None:
    assert desk.ask(line).status == 2
    assert desk.systemd.controlled == []


def test_what_only_a_person_runs_is_refused_to_the_agent(desk: Desk) -> None:
    answer = desk.ask(b"run-remedy tame\n")
    assert (answer.status, answer.code) == (7, "refused")
    assert answer.hint == "sudo caretaker remedies run tame"
    assert desk.systemd.controlled == []
    assert desk.ask(b"run-remedy tame\n", 0).ok


def test_the_names_are_the_manifests_and_our_own() -> None:
    manifest = read_manifest(
        """
        [appliance]
        name = "shop"
        version = "1"
        [checks.room]
        type = "disk"
        [remedies.cache]
        checks = ["room"]
        command = ["/bin/true"]
        [remedies.careful]
        checks = ["room"]
        command = ["/bin/true"]
        unasked = false
        [remediation]
        off = ["cache"]
        """
    )
    names = names_of(manifest, ("web",))
    assert names.known("service") == ("web",)
    assert {"cache", "careful"} <= set(names.known("remedy"))
    assert names.only_asked >= {"cache", "careful"}
    assert names.forbids_agent("remedy", "cache")
    assert not names.forbids_agent("service", "cache")


@given(st.binary(max_size=2 * LONGEST))
def test_nothing_but_a_request_is_a_request(line: bytes) -> None:
    try:
        request = parse(line)
    except UsageError:
        return
    assert write(request.act.name, request.name) == line


def test_a_failing_act_is_told_and_written_down(desk: Desk) -> None:
    desk.services.broken = MachineError("service-failed", "it would not", hint="look")
    answer = desk.ask(b"restart-service web\n")
    assert answer == Answer(4, "it would not", "service-failed", "look")
    assert [(entry.outcome, entry.why) for entry in desk.entries] == [("failed", "it would not")]


def test_the_budget_holds_a_service_and_comes_back(desk: Desk) -> None:
    line = b"restart-service web\n"
    for _ in range(budget.ACTS["service"]):
        assert desk.ask(line).ok
        desk.clock.now += 10
    refused = desk.ask(line)
    assert (refused.status, refused.code) == (7, "refused")
    assert "again in 550 s" in refused.message
    assert not desk.ask(b"reload-service web\n").ok, "both acts draw on one budget"
    assert desk.ask(b"restart-service db\n").ok, "another service has its own"
    desk.clock.now += 550
    assert desk.ask(line).ok
    assert not desk.ask(line).ok


def test_root_needs_no_budget(desk: Desk) -> None:
    for _ in range(3 * budget.ACTS["service"]):
        assert desk.ask(b"restart-service web\n", 0).ok


def test_a_flood_of_refusals_does_not_fill_the_ledger(desk: Desk) -> None:
    assert desk.ask(b"restart-service web\n").ok
    for _ in range(3 * budget.REFUSALS):
        assert not desk.ask(b"nonsense\n").ok
    assert len(desk.entries) == budget.REFUSALS + 1


def test_a_broken_count_starts_anew(desk: Desk) -> None:
    (desk.folder / "budget.json").write_text("{")
    assert desk.ask(b"restart-service web\n").ok
    assert len(list(desk.folder.glob("budget.json.corrupt-*"))) == 1


def test_one_who_counts_too_long_makes_the_others_give_up(desk: Desk) -> None:
    with lock.exclusive(desk.folder / "budget.lock", purpose="a test"):
        answer = desk.ask(b"restart-service web\n")
    assert (answer.status, answer.code) == (5, "lock-held")
    assert desk.services.told == []


@given(st.lists(st.floats(0, 3000), max_size=60))
def test_never_more_than_the_budget_within_any_window(steps: list[float]) -> None:
    spent, done = budget.Spent(), []
    for now in sorted(steps):
        spent, wait = budget.spend(spent, "x", now=now, most=3)
        if not wait:
            done.append(now)
        else:
            assert budget.spend(spent, "x", now=now + wait + 0.001, most=3)[1] == 0.0
    for start in done:
        assert len([at for at in done if start <= at < start + budget.WINDOW]) <= 3


def test_answers_survive_the_way() -> None:
    answer = Answer(4, "two\nlines", "service-failed", 'say "so"')
    line = write_answer(answer)
    assert line.count(b"\n") == 1
    assert read_answer(line) == answer


def test_the_list_of_acts_is_closed() -> None:
    assert ACTS == (RESTART, RELOAD, RUN_REMEDY)
