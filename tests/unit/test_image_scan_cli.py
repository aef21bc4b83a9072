"""`caretaker scan`, SARIF both ways, and other scanners beside ours."""

import json
import os
import zipfile
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from agent.cli.program import program
from agent.errors import CaretakerError, MachineError
from agent.host.spawn import Completed
from packer.sbom import cyclonedx
from packer.vulnerabilities import outside, sarif_read
from tests.unit import image_flaws, image_tree
from tests.unit.image_flaws import OSV, write

# As these tools write them, cut to what is read.
TRIVY = {
    "version": "2.1.0",
    "runs": [{
        "tool": {"driver": {"name": "Trivy", "rules": [
            {"id": "CVE-2099-1001", "shortDescription": {"text": "libc reads too far"},
             "properties": {"security-severity": "9.8"}},
            {"id": "CVE-2099-3001", "properties": {"security-severity": "5.0"}}]}},
        "results": [
            {"ruleId": "CVE-2099-1001", "level": "error", "message": {"text":
                "Package: libc6\nInstalled Version: 2.36-9+deb12u13\n"
                "Vulnerability CVE-2099-1001\nSeverity: CRITICAL\n"
                "Fixed Version: 2.36-9+deb12u14\nLink: [CVE-2099-1001](x)"}},
            {"ruleId": "CVE-2099-3001", "message": {"text":
                "Package: mawk\nInstalled Version: 1:1.3.4\nSeverity: \nFixed Version: "}}],
    }],
}  # fmt: skip
GRYPE = {
    "version": "2.1.0",
    "runs": [{
        "tool": {"driver": {"name": "Grype", "rules": [
            {"id": "GHSA-aaaa-bbbb-cccc-first-one",
             "help": {"text": "Vulnerability GHSA-aaaa-bbbb-cccc\nSeverity: critical\n"
                              "Package: First_One\nVersion: 1.0\nFix Version: 1.0.1\nType: python"},
             "properties": {"security-severity": "9.1"}}]}},
        "results": [
            {"ruleId": "GHSA-aaaa-bbbb-cccc-first-one", "message": {"text":
                "A critical vulnerability in python package: First_One, version 1.0 was found"}}],
    }],
}  # fmt: skip


@pytest.fixture(autouse=True)
def _place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    found = image_tree.parts_of(image_tree.make(tmp_path / "root"))
    Path("shop.cdx.json").write_bytes(cyclonedx.render(found))
    write(Path("osv.json"), OSV)
    write(Path("trivy.sarif"), TRIVY)
    write(Path("grype.sarif"), GRYPE)


def run(line: str, status: int = 0) -> Result:
    done = CliRunner().invoke(program, line.split())
    if isinstance(done.exception, CaretakerError):
        assert done.exception.exit_status == status, done.exception.message
        assert done.exception.hint
    else:
        assert done.exit_code == status, (done.output, done.exception)
    return done


def hits_of(line: str, status: int = 0) -> dict[str, dict[str, Any]]:
    return {hit["id"]: hit for hit in json.loads(run(line, status).stdout)["hits"]}


def test_a_person_reads_the_worst_first_and_the_gate_refuses() -> None:
    done = run("scan shop.cdx.json --data osv.json", 7)
    assert "3 flaws at or above high can be mended" in str(done.exception)
    lines = done.output.splitlines()
    assert lines[0] == "critical   CVE-2099-2001      first-one 1.0, fixed in 1.0.1"
    assert lines[-1] == "6 parts looked at: 1 critical, 1 high, 1 low, 1 unknown"
    assert "1 flaw at or above critical" in str(
        run("scan shop.cdx.json --data osv.json --gate critical", 7).exception
    )
    run("scan shop.cdx.json --data osv.json --gate none")


def test_statements_let_an_image_pass_until_they_end() -> None:
    for end, status in (("2126-01-01", 0), ("2026-01-01", 7)):
        said = image_flaws.openvex("CVE-2099-1001", "pkg:deb/debian/glibc", end)
        said["statements"] += image_flaws.openvex(
            "CVE-2099-2001", "pkg:pypi/first-one", "2126-01-01"
        )["statements"]
        said["statements"] += image_flaws.openvex(
            "PYSEC-2099-4", "pkg:pypi/second-one", "2126-01-01"
        )["statements"]
        write(Path("vex.json"), said)
        told = run("scan shop.cdx.json --data osv.json --vex vex.json", status).output
        assert f"until {end}: vulnerable_code_not_in_execute_path" in told


def test_the_words_of_other_scanners_join_ours() -> None:
    line = "scan shop.cdx.json --data osv.json --gate none --format json"
    alone = hits_of(line)
    both = hits_of(f"{line} --sarif trivy.sarif --sarif grype.sarif")
    assert set(both) == {*alone, "CVE-2099-3001"}
    libc = both["CVE-2099-1001"]
    assert (libc["package"], libc["severity"]) == ("glibc", "critical")
    assert libc["sources"] == ["Trivy", "osv.json"]
    assert both["CVE-2099-2001"]["sources"] == ["Grype", "osv.json"]
    other = both["CVE-2099-3001"]
    assert (other["severity"], other["fixed"], other["package"]) == ("medium", "", "mawk")


def test_other_scanners_alone_are_enough_and_statements_hold_for_them() -> None:
    run("scan shop.cdx.json --sarif trivy.sarif", 7)
    said = image_flaws.openvex("CVE-2099-1001", "pkg:deb/debian/libc6", "2126-01-01")
    write(Path("vex.json"), said)
    run("scan shop.cdx.json --sarif trivy.sarif --vex vex.json")


def test_sarif_says_everything_and_is_read_back() -> None:
    said = image_flaws.openvex("CVE-2099-1001", "pkg:deb/debian/glibc", "2126-01-01")
    write(Path("vex.json"), said)
    line = "scan shop.cdx.json --data osv.json --vex vex.json --gate none --format sarif -o o.sarif"
    assert run(line).output.startswith("o.sarif: 6 parts looked at")
    told = json.loads(Path("o.sarif").read_text())
    run_, rules = told["runs"][0], told["runs"][0]["tool"]["driver"]["rules"]
    assert told["version"] == "2.1.0"
    for result in run_["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
        assert bool(result.get("suppressions")) == (result["ruleId"] == "CVE-2099-1001")
    again = sarif_read.read(Path("o.sarif").read_bytes(), "o.sarif")
    assert {(hit.id, hit.package, hit.severity) for hit in again} == {
        ("CVE-2099-2001", "first-one", "critical"),
        ("CVE-2099-1001", "glibc", "high"),
        ("PYSEC-2099-4", "second-one", "high"),  # a screen's score must stand for unrated
        ("CVE-2099-1003", "mawk", "low"),
    }


@pytest.mark.parametrize("content", [b"", b"[]", b'{"version": "2.0.0"}', b"\xff"])
def test_what_is_no_sarif_is_refused(content: bytes) -> None:
    with pytest.raises(MachineError) as caught:
        sarif_read.read(content, "x.sarif")
    assert caught.value.code == "sbom-invalid"


def test_odd_sarif_is_read_as_far_as_it_goes() -> None:
    told = {"version": "2.1.0", "runs": [1, {"results": [{}, {"ruleId": None, "message": 5}]}]}
    hits = sarif_read.read(json.dumps(told).encode(), "x.sarif")
    assert [(hit.package, hit.severity) for hit in hits] == [("", "unknown")] * 2


@pytest.mark.parametrize("name", ["trivy", "grype"])
def test_a_scanner_is_run_offline_over_the_list(name: str) -> None:
    asked: dict[str, Any] = {}

    def ran(argv: list[str], **given: Any) -> Completed:
        asked.update(given, argv=argv)
        return Completed(tuple(argv), 0, json.dumps(TRIVY), "", 0.1)

    assert sarif_read.read(outside.sarif_of(name, Path("shop.cdx.json"), ran), name)
    assert asked["argv"][0] == name
    assert asked["argv"][-1].endswith("shop.cdx.json")
    offline = {"trivy": "--offline-scan", "grype": "GRYPE_DB_AUTO_UPDATE"}[name]
    assert offline in (*asked["argv"], *asked["env"])

    for done, words in (
        (Completed((name,), 127, "", "", 0.0, missing=True), "there is no"),
        (Completed((name,), 1, "", "no database", 0.0), "no database"),
    ):
        with pytest.raises(MachineError, match=words):
            outside.sarif_of(name, Path("x"), lambda *_, done=done, **__: done)


@pytest.mark.parametrize(
    ("line", "status"),
    [
        ("scan shop.cdx.json", 2),
        ("scan shop.cdx.json --data osv.json --data osv.json --sha256 00", 2),
        ("scan shop.cdx.json --data osv.json --sha256 00", 7),
        ("scan none --data osv.json", 4),
        ("scan shop.cdx.json --data none", 4),
        ("scan osv.json --data osv.json", 4),
        ("scan shop.cdx.json --data osv.json --vex osv.json", 4),
        ("scan shop.cdx.json --data osv.json --gate none -o no/where", 4),
    ],
)
def test_what_is_refused(line: str, status: int) -> None:
    run(line, status)


def test_a_pipe_in_place_of_the_data_is_not_waited_for() -> None:
    os.mkfifo("pipe")
    assert "not a regular file" in str(run("scan shop.cdx.json --data pipe", 4).exception)


@pytest.mark.parametrize("content", [b"[]", b"{}", None])
def test_data_that_tells_of_nothing_makes_no_image_clean(content: bytes | None) -> None:
    if content is None:
        with zipfile.ZipFile("data", "w") as archive:
            archive.writestr("README.txt", "the wrong archive")
    else:
        Path("data").write_bytes(content)
    assert "tells of no flaw" in str(run("scan shop.cdx.json --data data", 4).exception)


def test_what_is_no_statement_at_all_is_not_told_to_add_an_end() -> None:
    done = run("scan shop.cdx.json --data osv.json --vex osv.json", 4)
    assert isinstance(done.exception, CaretakerError)
    assert "expires" not in done.exception.hint


def test_the_form_is_as_the_file_ends_where_nobody_says_another() -> None:
    line = "scan shop.cdx.json --data osv.json --gate none"
    assert run(f"{line} --json").stdout == run(f"{line} --format json").stdout
    for name, form in (("o.sarif", "sarif"), ("o.json", "json"), ("o", "text")):
        run(f"{line} -o {name}")
        run(f"{line} -o other --format {form}")
        assert Path(name).read_bytes() == Path("other").read_bytes()
    assert Path("o").read_text().splitlines()[-1].startswith("6 parts looked at")


def test_a_system_that_the_data_does_not_speak_of_is_told() -> None:
    python = [each for each in OSV if each["affected"][0]["package"]["ecosystem"] == "PyPI"]
    write(Path("python.json"), python)
    done = run("scan shop.cdx.json --data python.json --gate none")
    assert "the data tells of no part from debian-12" in done.stderr
    assert "PyPI" not in done.stderr
    told = json.loads(run("scan shop.cdx.json --data python.json --gate none --json").stdout)
    assert told["unheard"] == ["debian-12"]
    assert run("scan shop.cdx.json --data python.json --gate none -o o.sarif").stderr
    assert not run("scan shop.cdx.json --data osv.json --gate none").stderr
