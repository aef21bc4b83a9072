"""The runner: what is written down and when, what one remedy's failure costs, and who may ask."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from agent.errors import BusyError, MachineError
from agent.host import files, lock
from agent.host.failures import FileFailure
from agent.remedies import mend
from agent.remedies.deed import Deed, exit_status
from agent.remedies.remedy import Fault, Remedy, Scene
from agent.remedies.round import Asker
from tests.unit.house import REPOSITORY
from tests.unit.remedy_stage import PERSON, Stage


def outcomes(deeds: list[Deed]) -> list[tuple[str, str]]:
    return [(deed.target, deed.outcome) for deed in deeds]


def test_a_fault_is_mended_and_told_with_evidence(root: Path) -> None:
    stage = Stage(root, wrong={"db": "lock-stale"})
    deeds = stage.run()
    assert outcomes(deeds) == [("db", "done")]
    assert exit_status(deeds) == 0
    [entry] = stage.ledger()
    assert (entry.act, entry.target, entry.outcome, entry.actor) == (
        "remedy locks", "db", "done", "agent",
    )  # fmt: skip
    assert entry.detail == {
        "pid": 7, "code": "lock-stale", "before": "db is lock-stale", "after": "gone",
        "plan": "put it aside",
    }  # fmt: skip
    assert stage.run() == []
    assert stage.memory().counts == {"locks": {"done": 1}}


def test_the_attempt_is_written_down_before_it_is_made(root: Path) -> None:
    stage = Stage(root, wrong={"db": "lock-stale"})

    def killed() -> None:
        assert stage.memory().targets["locks"]["db"].acting
        raise SystemExit

    stage.within = killed
    with pytest.raises(SystemExit):
        stage.run()
    assert stage.ledger() == []
    stage.within = lambda: None
    assert outcomes(stage.run()) == [("db", "waiting")]
    [entry] = stage.ledger()
    assert (entry.outcome, entry.target) == ("failed", "db")
    assert "broken off" in entry.why
    stage.host.clock.advance(10)
    assert outcomes(stage.run()) == [("db", "done")]
    assert not stage.memory().targets["locks"]["db"].acting


def test_what_does_not_cure_pauses_and_ends_in_safe_mode(root: Path) -> None:
    stage = Stage(root, wrong={"db": "lock-stale"}, heals=False)
    assert outcomes(stage.run()) == [("db", "uncured")]
    assert outcomes(stage.run()) == [("db", "waiting")]
    for _ in range(2):
        stage.host.clock.advance(100)
        assert outcomes(stage.run()) == [("db", "uncured")]
    stage.host.clock.advance(1e6)
    deeds = stage.run()
    assert outcomes(deeds) == [("db", "safe")]
    assert deeds[0].hint == "caretaker remedies reset locks db"
    assert exit_status(deeds) == 7
    stage.run()
    assert len(stage.acted) == 3
    assert [entry.outcome for entry in stage.ledger()] == ["failed"] * 3 + ["noted"]


def test_cured_again_and_again_ends_in_safe_mode_too(root: Path) -> None:
    stage = Stage(root)
    for _ in range(5):
        stage.wrong["db"] = "lock-stale"
        stage.run()
        stage.host.clock.advance(10)
    assert len(stage.acted) == 3
    assert [(r, t) for r, t, _ in stage.memory().safe()] == [("locks", "db")]


def test_a_person_is_not_bound_and_a_cure_resets(root: Path) -> None:
    stage = Stage(root, wrong={"db": "lock-stale"}, heals=False)
    for _ in range(3):
        stage.run()
        stage.host.clock.advance(200)
    assert outcomes(stage.run()) == [("db", "safe")]
    assert outcomes(stage.run(PERSON)) == [("db", "uncured")]
    assert outcomes(stage.run()) == [("db", "safe")], "a person's vain attempt ends nothing"
    stage.heals = True
    assert outcomes(stage.run(PERSON)) == [("db", "done")]
    assert stage.memory().safe() == []
    stage.wrong["db"] = "lock-stale"
    assert outcomes(stage.run()) == [("db", "done")]
    assert {entry.actor for entry in stage.ledger()} == {"agent", "root"}


def test_reset_is_told_and_begins_anew(root: Path) -> None:
    stage = Stage(root, wrong={"db": "lock-stale", "web": "lock-stale"}, heals=False)
    for _ in range(3):
        stage.run()
        stage.host.clock.advance(200)
    assert mend.reset(stage.scene, "locks", "db", actor="root") == [("locks", "db")]
    assert outcomes(stage.run()) == [("db", "uncured"), ("web", "safe")]
    assert mend.reset(stage.scene, "", "", actor="root") == [("locks", "web")]
    assert stage.memory().targets == {}
    assert [e.why for e in stage.ledger() if e.outcome == "noted" and "reset" in e.why] == [
        "safe mode was reset"
    ] * 2


def test_one_that_may_not_be_mended_is_told_once(root: Path) -> None:
    stage = Stage(root, wrong={"db": "lock-stale"}, refusals={"db": "it is held"})
    for asker in (Asker("agent"), Asker("agent"), PERSON):
        deeds = stage.run(asker)
        assert outcomes(deeds) == [("db", "refused")]
        assert (deeds[0].said, deeds[0].hint) == ("it is held", "look yourself")
    assert [(entry.outcome, entry.why) for entry in stage.ledger()] == [("refused", "it is held")]
    stage.refusals["db"] = "it is held by another"
    stage.run()
    assert len(stage.ledger()) == 2
    assert stage.acted == []


def test_one_remedys_exception_never_stops_the_next(root: Path) -> None:
    def breaks(scene: Scene) -> list[Fault]:
        raise ZeroDivisionError("a password")

    bad = Remedy("bad", "Bad", ("x",), breaks, lambda scene, fault: "", "", "")
    stage = Stage(root, wrong={"db": "lock-stale"})
    deeds = mend.run([bad, stage.remedy], stage.scene, Asker("agent"))
    assert [deed.outcome for deed in deeds] == ["failed", "done"]
    assert "password" not in deeds[0].said
    assert exit_status(deeds) == 4


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (MachineError("service-failed", "it did not stop"), "it did not stop"),
        (FileFailure(Path("/x"), "rename", "no"), "could not rename /x: no"),
        (PermissionError(13, "Permission denied", "/x"), "/x: Permission denied"),
        (ValueError("a password"), "ValueError: a defect of Caretaker; see the log"),
    ],
)
def test_an_act_that_breaks_counts_and_is_told(root: Path, error: Exception, said: str) -> None:
    stage = Stage(root, wrong={"db": "lock-stale"})

    def breaks() -> None:
        raise error

    stage.within = breaks
    [deed] = stage.run()
    assert (deed.outcome, deed.said) == ("failed", said)
    assert stage.ledger()[-1].why == said
    assert stage.memory().targets["locks"]["db"].streak == 1


def test_another_fault_of_the_target_is_no_failure_of_this_act(root: Path) -> None:
    wrong = [Fault(target="db", code=code, summary=code) for code in ("mode", "owner")]

    def mend_one(scene: Scene, fault: Fault) -> str:
        wrong.remove(fault)
        return "set"

    stage = Stage(root)
    paths = Remedy("paths", "Paths", ("mode",), lambda scene: list(wrong), mend_one, "", "")
    deeds = mend.run([paths], stage.scene, Asker("agent"))
    assert [(deed.code, deed.outcome) for deed in deeds] == [("mode", "done"), ("owner", "done")]


def test_only_the_target_that_was_named(root: Path) -> None:
    stage = Stage(root, wrong={"db": "lock-stale", "web": "lock-stale"})
    assert outcomes(stage.run(Asker("root", person=True, target="web"))) == [("web", "done")]
    assert stage.wrong == {"db": "lock-stale"}


def test_what_is_switched_off_runs_only_when_asked(root: Path) -> None:
    text = '[appliance]\nname = "shop"\nversion = "1"\n[remediation]\noff = ["locks"]\n'
    stage = Stage(root, text, wrong={"db": "lock-stale"})
    assert outcomes(stage.run()) == [("db", "left")]
    assert outcomes(stage.run(PERSON)) == [("db", "done")]
    tame = Stage(root, wrong={"db": "lock-stale"}, more={"unasked": False})
    assert outcomes(tame.run()) == [("db", "left")]


def test_a_plan_is_what_a_run_does_and_writes_nothing(root: Path) -> None:
    stage = Stage(
        root, wrong={"db": "lock-stale", "web": "lock-stale"}, refusals={"web": "it is held"}
    )
    before = sorted(root.rglob("*"))
    deeds = stage.plan()
    assert outcomes(deeds) == [("db", "would"), ("web", "refused")]
    assert deeds[0].said == "put it aside"
    assert sorted(root.rglob("*")) == before
    assert [t for t, outcome in outcomes(stage.run()) if outcome == "done"] == ["db"]


def test_a_plan_leaves_a_spoilt_memory_where_it_is(root: Path) -> None:
    stage = Stage(root, wrong={"db": "lock-stale"})
    files.replace(stage.scene.layout.remedies, b"{")
    assert outcomes(stage.plan()) == [("db", "would")]
    assert files.read_bytes(stage.scene.layout.remedies) == b"{"


def test_a_spoilt_memory_is_set_aside_and_leaves_one_act(root: Path) -> None:
    stage = Stage(root, wrong={"db": "lock-stale"}, heals=False)
    files.replace(stage.scene.layout.remedies, b'{"targets": 7}')
    assert outcomes(stage.run()) == [("db", "uncured")]
    stage.host.clock.advance(1e6)
    assert outcomes(stage.run()) == [("db", "safe")]
    assert b'{"targets": 7}' in [
        path.read_bytes() for path in stage.scene.layout.state.glob("remedies.json.*")
    ]


def test_without_a_count_there_is_no_act_but_one_that_makes_room(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage = Stage(root, wrong={"db": "lock-stale"})

    def full(path: Path, content: bytes, **_: object) -> None:
        raise FileFailure(path, "write", "No space left on device")

    monkeypatch.setattr(files, "replace", full)
    [deed] = stage.run()
    assert deed.outcome == "failed"
    assert "could not be counted" in deed.said
    assert stage.acted == []
    room = Stage(root, wrong={"disk": "disk-low"}, more={"makes_room": True})
    assert outcomes(room.run()) == [("disk", "done")]


def test_one_run_at_a_time(root: Path) -> None:
    stage = Stage(root, wrong={"db": "lock-stale"})
    with lock.exclusive(stage.scene.layout.remedies_lock, purpose="test"):
        with pytest.raises(BusyError):
            stage.run()
        assert outcomes(stage.plan()) == [("db", "would")]
    assert stage.acted == []


def test_nothing_runs_by_itself_beside_setup(root: Path) -> None:
    stage = Stage(root, wrong={"db": "lock-stale"})
    with lock.exclusive(stage.scene.layout.setup_lock, purpose="setup"):
        with pytest.raises(BusyError, match="setup is at work"):
            stage.run()
        assert stage.acted == []
        assert outcomes(stage.run(PERSON)) == [("db", "done")]
    stage.wrong["db"] = "lock-stale"
    assert outcomes(stage.run()) == [("db", "done")]


def test_after_its_limit_no_further_remedy_begins(root: Path) -> None:
    stage = Stage(root, wrong={"db": "lock-stale"})
    stage.within = lambda: stage.host.clock.advance(100)
    other = Remedy("late", "Late", (), lambda scene: [], lambda scene, fault: "", "", "")
    deeds = mend.run([stage.remedy, other], stage.scene, Asker("boot"), limit=90.0)
    assert [(deed.remedy, deed.outcome) for deed in deeds] == [
        ("locks", "done"),
        ("late", "waiting"),
    ]


HEAVY = "{'cryptography', 'flask', 'apscheduler', 'ssl', 'asyncio', 'acme', 'josepy'}"


@pytest.mark.real
@pytest.mark.parametrize(
    ("module", "unwanted"),
    [
        ("agent.remedies.roster", HEAVY),
        ("agent.remedies.declared", HEAVY),
        # An idle daemon does not even hold the remedies: they are 3 MB.
        ("agent.daemon.mending", "{'agent.remedies.roster', 'cryptography', 'flask'}"),
    ],
)
def test_what_the_daemon_imports_is_light(module: str, unwanted: str) -> None:
    code = f"import sys, {module}\nprint(sorted({unwanted} & set(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=REPOSITORY, timeout=60
    )
    assert (done.stdout, done.stderr) == ("[]\n", "")
