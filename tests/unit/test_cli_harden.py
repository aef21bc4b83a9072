"""`caretaker harden` at the keyboard: what it lists, plans, checks, and refuses."""

import json
import os
from pathlib import Path
from xml.etree import ElementTree

import pytest
from click.testing import CliRunner, Result

from agent.cli.program import program
from bench.image.score import read_lynis, read_xccdf
from packer.harden import CONTROLS, REFUSALS
from packer.harden.tailoring import tailoring
from tests.unit.harden_site import make_site


def harden(root: Path, *words: str) -> Result:
    return CliRunner().invoke(program, ["--root", str(root), "harden", *words])


def test_the_list_shows_controls_and_refusals(tmp_path: Path) -> None:
    said = harden(tmp_path, "--list")
    assert said.exit_code == 0
    assert all(control.id in said.output for control in CONTROLS)
    assert all(each.why in said.output for each in REFUSALS)
    lines = harden(tmp_path, "--list", "--json").output.splitlines()
    assert len(lines) == len(CONTROLS) + len(REFUSALS)
    assert all(json.loads(line) for line in lines)


def test_a_plan_names_what_would_change_and_changes_nothing(tmp_path: Path) -> None:
    make_site(tmp_path)
    before = (tmp_path / "etc/ssh/sshd_config").read_text()
    said = harden(tmp_path, "--plan")
    assert said.exit_code == 0
    assert "PasswordAuthentication is yes, not no" in said.output
    assert said.output.splitlines()[-1].endswith("controls would change.")
    assert (tmp_path / "etc/ssh/sshd_config").read_text() == before


def test_a_check_that_finds_something_ends_with_7(tmp_path: Path) -> None:
    make_site(tmp_path)
    said = harden(tmp_path, "--check", "--json", "--only", "H-SSH-01", "--only", "H-SSH-06")
    assert said.exit_code == 7
    rows = [json.loads(line) for line in said.output.splitlines()]
    assert [row["control"] for row in rows] == ["H-SSH-01", "H-SSH-06"]
    assert {row["verdict"] for row in rows} == {"fail"}


@pytest.mark.skipif(os.geteuid() != 0, reason="owners of files: only root can set them")
def test_one_control_alone(tmp_path: Path) -> None:
    make_site(tmp_path)
    said = harden(tmp_path, "--only", "H-FW-01")
    assert said.exit_code == 0, said.output
    assert said.output.splitlines()[-1] == "1 of 1 controls changed something."
    again = harden(tmp_path, "--only", "H-FW-01")
    assert again.output == "All 1 controls stood already; nothing was changed.\n"
    assert not (tmp_path / "etc/modprobe.d").exists()


@pytest.mark.parametrize(("words", "said"), [
    (("--plan", "--check"), "exclude each other"),
    (("--only", "H-SSH-1"), "did you mean"),
])  # fmt: skip
def test_wrong_words_are_told(tmp_path: Path, words: tuple[str, ...], said: str) -> None:
    done = harden(tmp_path, *words)
    assert done.exit_code != 0
    assert said in f"{done.output}{done.exception}"


def test_scanners_get_the_refusals_as_files(tmp_path: Path) -> None:
    said = harden(tmp_path, "--tailoring", "openscap")
    tree = ElementTree.fromstring(said.output)
    off = [one.get("idref") for one in tree.iter("{http://checklists.nist.gov/xccdf/1.2}select")]
    assert "xccdf_org.ssgproject.content_rule_package_ufw_installed" in off
    assert all(one and "lynis" not in one for one in off)
    lynis = tailoring(REFUSALS, "lynis")
    assert "skip-test=FILE-6310\n" in lynis
    assert "package_ufw" not in lynis


XCCDF = """<TestResult xmlns="http://checklists.nist.gov/xccdf/1.2">
<rule-result idref="xccdf_org.ssgproject.content_rule_a"><result>pass</result></rule-result>
<rule-result idref="xccdf_org.ssgproject.content_rule_b">
<result>notapplicable</result></rule-result>
<rule-result idref="xccdf_org.ssgproject.content_rule_c"><result>notselected</result></rule-result>
<rule-result idref="xccdf_org.ssgproject.content_rule_d"><result>error</result></rule-result>
<rule-result idref="xccdf_org.ssgproject.content_rule_package_ufw_installed">
<result>fail</result></rule-result></TestResult>"""


def test_the_score_counts_refused_rules_as_failed() -> None:
    found = read_xccdf(XCCDF)
    assert (found.applicable, round(found.percent, 1)) == (3, 33.3)
    assert found.unexplained == ["d"]
    assert found.failed["package_ufw_installed"].startswith("One firewall only")


def test_lynis_is_read() -> None:
    audit = read_lynis("suggestion[]=SSH-7408|Harden|Port (22)|-|\nhardening_index=86\n")
    assert audit.index == 86
    assert audit.said == (("SSH-7408", "Harden Port (22)"),)


def test_the_root_may_stand_behind_the_verb_and_a_control_in_small_letters(tmp_path: Path) -> None:
    make_site(tmp_path)
    said = CliRunner().invoke(
        program, ["harden", "--root", str(tmp_path), "--plan", "--only", "h-ssh-01"]
    )
    assert said.output == harden(tmp_path, "--plan", "--only", "H-SSH-01").output
    assert said.exit_code == 0
