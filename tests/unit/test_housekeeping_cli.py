"""`caretaker housekeeping`: what it prints, and with which exit status it ends."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from agent.cli.program import program
from agent.errors import BusyError, CaretakerError, MachineError, UsageError
from agent.host import lock
from agent.layout import Layout

pytestmark = pytest.mark.real  # each task runs in a process apart

MANIFEST = """\
[appliance]
name = "shop"
version = "2.1"
[tasks.sweep]
calendar = "daily"
command = ["echo", "12 files swept"]
[tasks.fail]
calendar = "*:0/5"
command = ["sh", "-c", "echo the broom broke >&2; exit 3"]
"""
VENDORS = ["sweep", "fail"]


@pytest.fixture
def shop(root: Path) -> Layout:
    layout = Layout(root, "shop")
    layout.etc.mkdir(parents=True)
    layout.state.mkdir(parents=True)
    layout.manifest.write_text(MANIFEST)
    return layout


def called(layout: Layout, *words: str) -> Result:
    return CliRunner().invoke(program, ["--root", str(layout.root), "housekeeping", *words])


def error_of(result: Result) -> CaretakerError:
    assert isinstance(result.exception, CaretakerError)
    return result.exception


def test_a_list_before_and_after_a_run(shop: Layout) -> None:
    before = called(shop)
    assert "never ran" in before.output
    result = called(shop, "run", *VENDORS)
    assert "sweep: 12 files swept (0." in result.output
    assert "fail: sh failed (0." in result.output
    assert "    the broom broke" in result.output
    assert error_of(result).message == "1 task failed: fail"
    listed = [json.loads(line) for line in called(shop, "list", "--json").output.splitlines()]
    known = {each["name"]: each for each in listed}
    assert (known["sweep"]["outcome"], known["fail"]["outcome"]) == ("done", "failed")
    assert known["fail"]["why"] == "the broom broke"
    assert known["sweep"]["due"] > known["sweep"]["ran"]


def test_history_tells_every_run(shop: Layout) -> None:
    assert called(shop, "history").output == "no task has run yet\n"
    called(shop, "run", "sweep")
    called(shop, "run", "sweep", "--json")
    assert called(shop, "history").output.count("sweep: done in 0.") == 2
    (line,) = called(shop, "history", "--json", "--limit", "1").output.splitlines()
    assert json.loads(line)["detail"] == {"freed": 0, "items": 0}


def test_a_dry_run_does_nothing(shop: Layout) -> None:
    assert "sweep: would run echo\n" in called(shop, "run", "--dry-run").output
    assert not shop.tasks.exists()


def test_nothing_is_due_of_what_was_just_seen(shop: Layout) -> None:
    called(shop, "run", "--due")
    assert called(shop, "run", "--due").output == "nothing is due\n"


def test_a_run_under_way_is_told(shop: Layout) -> None:
    with lock.exclusive(shop.tasks_lock, purpose="test"):
        error = error_of(called(shop, "run", "sweep"))
    assert isinstance(error, BusyError)
    assert error.hint.startswith("caretaker housekeeping run --wait")


def test_a_name_there_is_not_is_told_with_the_nearest(shop: Layout) -> None:
    error = error_of(called(shop, "run", "swep"))
    assert isinstance(error, UsageError)
    assert 'did you mean "sweep"' in error.message
    assert isinstance(error_of(called(shop, "run")), UsageError)


def test_a_killed_run_is_shown_as_broken_off(shop: Layout) -> None:
    called(shop, "run", "sweep")
    shop.tasks.write_text(shop.tasks.read_text().replace('"done"', '"running"'))
    assert " broken off" not in called(shop).output
    assert " broke off in " in called(shop).output


def test_a_state_file_that_cannot_be_read_is_no_error(shop: Layout) -> None:
    shop.tasks.write_text("half a rec")
    assert "never ran" in called(shop).output
    assert called(shop, "run", "sweep").exit_code == 0


def test_errors_have_the_exit_status_of_the_design(shop: Layout) -> None:
    assert isinstance(error_of(called(shop, "run", "fail")), MachineError)


def test_status_tells_of_housekeeping_without_rights(shop: Layout) -> None:
    called(shop, "run", "sweep")
    status = ["--root", str(shop.root), "status"]
    told = CliRunner().invoke(program, status).output
    assert re.search(r"1 task, none failed; sweep done \d+ s ago\n", told)
    called(shop, "run", "fail")
    told = CliRunner().invoke(program, status).output
    assert re.search(r"1 task of 2 failed; fail failed \d+ s ago – the broom broke; see: ", told)
    assert shop.tasks.stat().st_mode & 0o777 == 0o644
