"""Reports: each says all that was found, in its own format, and lets nothing steer a reader."""

import json
import os
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit
from xml.etree import ElementTree

import jsonschema
import pytest
from click.testing import CliRunner

from agent.cli.program import program
from packer.certify.certifying import FORMATS, as_json, certify, refuse, write_all
from packer.certify.conflicts import CONFLICTS
from packer.certify.finding import Clause, Finding, NotApplicableError
from packer.certify.report.record import Report, schema
from packer.certify.report.style import STYLE
from packer.certify.rule import Probe, Rule, Subject
from packer.certify.rules import RULES
from packer.signing.file_key import open_key

NASTY = "/etc/<script>alert(1)</script>\x1b[2J|x"


def fails(subject: Subject) -> Iterator[Finding]:
    yield Finding(NASTY, "is `wrong` & <b>bold</b>")
    yield Finding("/home/gr\udcfc\udcdfe/ä b%", "is too open")


def passes(subject: Subject) -> Iterator[Finding]:
    yield from ()


def skips(subject: Subject) -> Iterator[Finding]:
    raise NotApplicableError("no such agent here")


def breaks(subject: Subject) -> Iterator[Finding]:
    raise ValueError("7")


def rule(name: str, probe: Probe, *, warn: bool = False) -> Rule:
    clause = Clause("A document", "its section", "https://example.org/a?b=1&c=2")
    return Rule(name, f"Title of {name}", (clause,), frozenset(("aws", "cis")), "high", probe,
                "mend it", warn=warn)  # fmt: skip


ASKED = (rule("A-01", fails), rule("A-02", passes), rule("B-01", skips), rule("B-02", breaks),
         rule("SSH-03", fails, warn=True))  # fmt: skip


@pytest.fixture
def report(tmp_path: Path) -> Report:
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/os-release").write_text('PRETTY_NAME="Some <System> 1"\n')
    return certify(tmp_path, ASKED, ("aws",), name="golden.raw", digests={"golden.raw": "00ff"})


def test_json_has_it_all_and_keeps_to_its_schema(report: Report) -> None:
    told = json.loads(as_json(report))
    jsonschema.Draft202012Validator(schema()).validate(told)
    assert [each["id"] for each in told["rules"]] == ["A-01", "A-02", "B-01", "B-02", "SSH-03"]
    assert told["counts"] == {"pass": 1, "warn": 1, "fail": 1, "not-applicable": 1, "error": 1}
    assert not told["good"]
    assert told["conflicts"][0]["topic"].startswith("how long an idle SSH")
    assert "\x1b" not in told["rules"][0]["findings"][0]["path"]


def test_the_published_schema_is_the_one_in_use() -> None:
    published = Path(__file__).parents[2] / "docs/reference/certify.schema.json"
    assert json.loads(published.read_text(encoding="utf-8")) == schema()


def test_sarif_keeps_the_rules_of_its_specification(report: Report) -> None:
    told = json.loads(FORMATS["sarif"][1](report))
    assert told["version"] == "2.1.0"
    (run,) = told["runs"]
    rules = run["tool"]["driver"]["rules"]
    assert [each["id"] for each in rules] == ["A-01", "A-02", "B-01", "B-02", "SSH-03"]
    assert len(run["results"]) == 4
    for result in run["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]  # 3.27.6
        assert result["level"] in ("none", "note", "warning", "error")  # 3.27.10
        place = result["locations"][0]["physicalLocation"]["artifactLocation"]
        assert place["uriBaseId"] in run["originalUriBaseIds"]  # 3.4.4
        uri = urlsplit(place["uri"])
        assert (uri.scheme, uri.netloc) == ("", "")  # relative, since it has a base
        assert re.fullmatch(r"[A-Za-z0-9._~/%-]+", place["uri"])  # RFC 3986
    assert unquote(run["results"][1]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"])
    (invocation,) = run["invocations"]
    assert invocation["executionSuccessful"] is False
    assert [each["associatedRule"]["id"] for each in invocation["toolExecutionNotifications"]] == [
        "B-02"
    ]
    prints = {json.dumps(each["partialFingerprints"]) for each in run["results"]}
    assert len(prints) == len(run["results"])


def test_junit_counts_what_its_cases_say(report: Report) -> None:
    top = ElementTree.fromstring(FORMATS["junit"][1](report))
    assert [each.get("name") for each in top] == ["A", "B", "SSH"]
    for suite in top:
        assert suite.get("tests") == str(len(suite.findall("testcase")))
        for kind, one in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
            assert suite.get(kind) == str(len(suite.findall(f"testcase/{one}")))


class Tags(HTMLParser):
    """Collects tags and text, and minds that what is opened is closed."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append(tag)
        assert not [name for name, _ in attrs if name.startswith("on") or name == "src"]

    def handle_data(self, data: str) -> None:
        self.text += data


def test_the_page_stands_alone_and_holds_no_foreign_markup(report: Report) -> None:
    text = FORMATS["html"][1](report)
    page = Tags()
    page.feed(text)
    assert "script" not in page.seen
    assert page.seen.count("table") == 2  # AWS, and where documents disagree
    assert "alert(1)" in page.text
    assert "url(" not in text
    assert "@import" not in text
    assert "\x1b" not in text


def test_markdown_shows_text_of_the_image_as_text(report: Report) -> None:
    text = FORMATS["markdown"][1](report)
    assert "<script>" not in text.replace(r"\<script\>", "")
    assert "- [ ] **A-01**" in text
    assert "- [x] **A-02**" in text
    assert "SHA-256 of golden.raw" in text


def test_all_formats_are_written_and_signed(report: Report, tmp_path: Path) -> None:
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = tmp_path / "key.pem"
    pem = ec.generate_private_key(ec.SECP256R1()).private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    key.write_bytes(pem)
    os.chmod(key, 0o600)
    (out := tmp_path / "out").mkdir()
    written = write_all(report, out, open_key(key))
    names = sorted(path.name for path in written)
    assert names == sorted(
        [*(each[0] for each in FORMATS.values()), *(f"{each[0]}.sig" for each in FORMATS.values())]
    )
    assert all(path.stat().st_size for path in written)


def test_a_refusal_names_what_failed(report: Report) -> None:
    with pytest.raises(Exception, match=r"1 of 5 rules fail, 1 could not be looked at: A-01, B-02"):
        refuse(report)


def test_each_conflict_tells_both_sides_and_why() -> None:
    for each in CONFLICTS:
        assert len(each.sides) >= 2, each.topic
        assert each.chosen
        assert each.why


def test_each_conflict_names_rules_that_there_are() -> None:
    known = {rule.id for rule in RULES}
    for each in CONFLICTS:
        assert each.rules, each.topic
        assert known.issuperset(each.rules), each.topic


@pytest.mark.real
def test_the_command_prints_lists_and_refuses(tmp_path: Path) -> None:
    runner = CliRunner()
    listed = runner.invoke(program, ["certify", "--list"])
    assert listed.exit_code == 0
    assert all(rule.id in listed.output for rule in RULES)
    as_values = runner.invoke(program, ["certify", "--list", "--json", "--target", "aws"])
    assert {each["id"] for each in json.loads(as_values.output)} <= {rule.id for rule in RULES}
    (tmp_path / "etc").mkdir()
    done = runner.invoke(program, ["certify", "--root", str(tmp_path), "--only", "ARCH-01"])
    assert done.exit_code == 1
    assert getattr(done.exception, "code", "") == "certify-failed"
    assert "/bin/sh is not there" in done.output
    wrong = runner.invoke(program, ["certify", "--only", "NO-1"])
    assert getattr(wrong.exception, "code", "") == "usage"


def test_on_a_narrow_screen_a_row_s_cells_stand_below_each_other() -> None:
    assert "@media screen and (max-width:44rem)" in STYLE


@pytest.mark.parametrize(
    ("name", "begins"),
    [("a.html", "<!doctype"), ("a.md", "# Cert"), ("a.xml", "<?xml"), ("a.sarif", "{"), ("a", "{")],
)
def test_the_form_is_as_the_file_ends(tmp_path: Path, name: str, begins: str) -> None:
    target = tmp_path / name
    words = ["certify", "--root", str(tmp_path), "--only", "ARCH-01", "-o", str(target)]
    CliRunner().invoke(program, words)
    assert target.read_text().startswith(begins)
    assert ("$schema" in target.read_text()) == (name == "a.sarif")


def test_a_rule_s_name_that_is_nearly_right_is_helped() -> None:
    done = CliRunner().invoke(program, ["certify", "--only", "ssh-1"])
    assert 'did you mean "SSH-' in str(done.exception)
