"""`caretaker remedies`: what it prints, as words and as JSON, and with which status it ends."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from agent.cli.program import program
from agent.errors import UsageError
from agent.host import permissions
from agent.remedies import roster
from agent.remedies.remedy import Remedy
from tests.unit.remedy_stage import MANIFEST, Stage

MORE = '[checks.room]\ntype = "disk"\n[remedies.clear]\nchecks = ["room"]\ncommand = ["/x"]\n'


@pytest.fixture
def stage(root: Path, monkeypatch: pytest.MonkeyPatch) -> Stage:
    """An appliance whose only remedy of ours does as the test says."""
    staged = Stage(root)
    (root / "etc/caretaker").mkdir(parents=True)
    (root / "etc/caretaker/appliance.toml").write_text(MANIFEST + MORE)
    monkeypatch.setattr("agent.remedies.declared.REMEDIES", (staged.remedy,))
    monkeypatch.setattr("agent.remedies.declared.declared_remedies", lambda manifest: [vendors()])
    monkeypatch.setattr(permissions, "why_not_as_root", lambda folder: "")
    return staged


def vendors() -> Remedy:
    return Remedy("clear", "Clear", (), lambda scene: [], lambda scene, fault: "", "", "")


def caretaker(root: Path, *words: str) -> Result:
    return CliRunner().invoke(program, ["--root", str(root), "remedies", *words])


def test_without_a_word_it_lists(root: Path, stage: Stage) -> None:
    done = caretaker(root)
    assert done.exit_code == 0
    assert done.output == (
        "locks  Locks (by itself; 3 times in 10m)\nclear  Clear (by itself; 5 times in 1h)\n"
    )


def test_the_list_shows_safe_mode_and_the_way_out(root: Path, stage: Stage) -> None:
    stage.wrong["db"], stage.heals = "lock-stale", False
    for _ in range(3):
        stage.run()
        stage.host.clock.advance(100)
    said = caretaker(root, "list").output
    assert "safe mode db: 3 acts in a row did not cure it" in said
    assert "try: sudo caretaker remedies reset locks db" in said
    rows = [json.loads(line) for line in caretaker(root, "list", "--json").output.splitlines()]
    assert rows[0]["safe"] == {"db": "3 acts in a row did not cure it"}
    assert (rows[0]["failed"], rows[1]["name"]) == (3, "clear")
    done = caretaker(root, "reset", "locks")
    assert done.output == "locks db: out of safe mode; it acts again when something is wrong\n"
    assert caretaker(root, "reset").output == "nothing was in safe mode; counting begins anew\n"


def test_plan_and_dry_run_say_what_would_be_done(root: Path, stage: Stage) -> None:
    stage.wrong["db"] = "lock-stale"
    expected = "locks db: would mend: db is lock-stale – put it aside\n"
    for words in (("plan",), ("plan", "locks"), ("run", "locks", "--dry-run")):
        done = caretaker(root, *words)
        assert (done.exit_code, done.output) == (0, expected)
    assert stage.acted == []
    [row] = [json.loads(line) for line in caretaker(root, "plan", "--json").output.splitlines()]
    assert (row["remedy"], row["target"], row["outcome"]) == ("locks", "db", "would")
    assert caretaker(root, "plan", "clear").output == "nothing is wrong\n"


def test_run_mends_and_history_tells_of_it(root: Path, stage: Stage) -> None:
    stage.wrong |= {"db": "lock-stale", "web": "lock-stale"}
    done = caretaker(root, "run", "locks", "web")
    assert (done.exit_code, done.output) == (
        0, "locks web: mended: web is lock-stale – put web aside\n",
    )  # fmt: skip
    assert stage.wrong == {"db": "lock-stale"}
    told = caretaker(root, "history").output
    assert "locks web: done in 0.0 s – put web aside  (root)" in told.replace("uid 0", "root")
    assert "    before: web is lock-stale\n    after: gone\n" in told
    [entry] = [json.loads(line) for line in caretaker(root, "history", "--json").output.split("\n")
               if line]  # fmt: skip
    assert entry["act"] == "remedy locks"


def test_what_needs_a_person_is_told_with_the_command(root: Path, stage: Stage) -> None:
    stage.wrong["db"], stage.refusals["db"] = "lock-stale", "it is held"
    done = caretaker(root, "run", "locks")
    assert done.exit_code == 7
    assert done.output == (
        "locks db: refused: db is lock-stale – it is held\n  try: look yourself\n"
    )


@pytest.mark.parametrize(("heals", "status"), [(True, 0), (False, 6)])
def test_the_exit_status_says_how_it_ended(
    root: Path, stage: Stage, heals: bool, status: int
) -> None:
    stage.wrong["db"], stage.heals = "lock-stale", heals
    assert caretaker(root, "run", "locks").exit_code == status


@pytest.mark.parametrize("words", [("run", "lock"), ("plan", "lock"), ("reset", "lock")])
def test_a_wrong_name_is_told_the_right_one(
    root: Path, stage: Stage, words: tuple[str, ...]
) -> None:
    error = caretaker(root, *words).exception
    assert isinstance(error, UsageError)
    assert 'did you mean "locks"?' in error.message


def test_root_does_not_run_what_another_users_manifest_says(
    root: Path, stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(permissions, "why_not_as_root", lambda folder: "it belongs to user 7")
    stage.wrong["db"] = "lock-stale"
    error = caretaker(root, "run", "locks").exception
    assert isinstance(error, UsageError)
    assert error.code == "file-unsafe"
    assert stage.acted == []


def test_every_remedy_says_when_it_refuses_and_how_it_is_taken_back() -> None:
    for each in roster.REMEDIES:
        assert each.title, each.name
        assert each.refuses, each.name
        assert each.undo, each.name
        assert each.budget.acts >= 1
        assert each.budget.pause <= each.budget.longest, each.name
