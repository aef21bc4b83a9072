"""The task that asks the rules of certification again on a machine out of a golden image."""

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from agent.drift.image import Image, save
from agent.drift.marks import machine_of
from agent.errors import MachineError
from agent.host.spawn import Completed
from agent.housekeeping.task import Chores
from agent.housekeeping.tasks import certification
from agent.layout import Layout
from agent.manifest.model import Appliance, Manifest
from agent.values import values_for
from packer.certify.certifying import as_json, certify
from packer.certify.finding import Clause, Finding
from packer.certify.rule import Rule
from tests.scripted_host import NOW, ScriptedHost, scripted_host

ASKED = (sys.executable, "-I", "-m", "agent", "certify", "--json")


@pytest.fixture
def host(root: Path) -> ScriptedHost:
    host = scripted_host(root)
    (root / "etc/caretaker").mkdir(parents=True)
    (root / "etc/machine-id").write_text("9" * 32 + "\n")
    return host


def chores(host: ScriptedHost, *, dry: bool = False) -> Chores:
    manifest = Manifest(appliance=Appliance(name="shop", version="1"))
    layout = Layout(host.root, "shop")
    return Chores(host, manifest, layout, values_for(manifest, layout), dry)


def recorded(host: ScriptedHost, *, machine: str) -> None:
    image = Image(
        at=NOW, appliance="shop", version="1", system="", folders=[], files={}, machine=machine
    )
    save(Layout(host.root).image, image)


def answer(host: ScriptedHost, *, status: int, rules: list[dict[str, Any]]) -> None:
    host.programs[ASKED] = ended(status, json.dumps({"rules": rules}))


def ended(status: int, out: str, err: str = "") -> Completed:
    return Completed(ASKED, status, out, err, 2.0)


def told(name: str, verdict: str, *words: str) -> dict[str, Any]:
    findings = [{"path": "/etc/x", "words": each} for each in words]
    return {"id": name, "title": f"T {name}", "verdict": verdict, "why": "", "findings": findings}


def test_a_machine_of_no_golden_image_is_left_alone(host: ScriptedHost) -> None:
    assert "does not come from" in certification.run(chores(host)).summary
    recorded(host, machine=machine_of(Layout(host.root)))
    assert "does not come from" in certification.run(chores(host)).summary
    assert host.asked == []


@pytest.mark.parametrize("machine", ["", "of the build"])
def test_on_one_that_does_every_rule_is_asked(host: ScriptedHost, machine: str) -> None:
    recorded(host, machine=machine)
    answer(host, status=0, rules=[told("A-01", "pass"), told("A-02", "warn", "is small")])
    done = certification.run(chores(host))
    assert done.summary == "2 rules asked, none against it, 1 warn"
    assert done.problems == ()
    assert done.lines == ("warn: A-02 T A-02: /etc/x is small",)
    assert host.asked == [ASKED]


def test_what_fails_is_a_problem_that_names_the_rules(host: ScriptedHost) -> None:
    recorded(host, machine="")
    rules = [told("A-01", "fail", "is open", "is wide"), told("B-02", "error"), told("C", "pass")]
    answer(host, status=7, rules=rules)
    done = certification.run(chores(host))
    assert done.items == 2
    assert done.problems == ("not as it was certified: A-01, B-02: sudo caretaker certify",)
    assert done.lines[0] == "fail: A-01 T A-01: /etc/x is open; /etc/x is wide"


def test_a_dry_run_asks_nothing(host: ScriptedHost) -> None:
    recorded(host, machine="")
    assert certification.run(chores(host, dry=True)).summary.startswith("would ask")
    assert host.asked == []


def test_a_program_that_broke_is_no_answer(host: ScriptedHost) -> None:
    recorded(host, machine="")
    host.programs[ASKED] = ended(1, "", "it broke")
    with pytest.raises(MachineError, match="could not be asked"):
        certification.run(chores(host))
    host.programs[ASKED] = ended(7, '{"rules": [')
    with pytest.raises(MachineError, match="can't be understood"):
        certification.run(chores(host))


@pytest.mark.real
def test_it_reads_what_the_command_prints(host: ScriptedHost, tmp_path: Path) -> None:
    clause = Clause("A document", "its section")
    fails = Rule("A-01", "T", (clause,), frozenset(("aws",)), "high",
                 lambda subject: [Finding("/a", "is open")], "mend it")  # fmt: skip
    (tmp_path / "tree/etc").mkdir(parents=True)
    recorded(host, machine="")
    host.programs[ASKED] = ended(7, as_json(certify(tmp_path / "tree", [fails])))
    assert "A-01" in certification.run(chores(host)).problems[0]
