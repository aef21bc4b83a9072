"""`support-bundle analyse` and `report` on a folder that a bundle was opened into."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner, Result

from agent.errors import ManifestError, RefusedError, UsageError
from agent.layout import Layout
from support.bundle.record import MANIFEST
from support.cli.support_bundle_analyse import analyse
from support.cli.support_bundle_report import report
from tests.unit.support_bad_machines import FINE
from tests.unit.support_bundle_sample import FILES, manifest
from tests.unit.support_evidence import content_of

LOOK = """
[look.agents]
title = "Strange clients"
files = ["journal/*.log"]
pattern = 'user agent <(?P<what>\\w+)'
answer = "warn"
advice = "look at the proxy"
"""


def opened(folder: Path, files: dict[str, object], appliance: str = "") -> Path:
    for name, content in {**files, "configuration/appliance.toml": appliance}.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content_of(name, content))
    (folder / MANIFEST).write_bytes(msgspec.json.encode(manifest()))
    return folder


def run(*words: str) -> Result:
    return CliRunner().invoke(analyse, words, obj=Layout(Path("/nowhere")))


def test_what_is_wrong_with_file_line_and_what_to_do(tmp_path: Path) -> None:
    done = run(str(opened(tmp_path, FILES)))
    assert done.exit_code == 6
    assert "/var/lib/forge is 96 % full" in done.output
    assert "next: sudo caretaker remedies run disk" in done.output
    assert "journal/kernel.log:2" in done.output
    assert "things are wrong" in done.output.splitlines()[-1]


def test_a_fine_machine_exits_with_0(tmp_path: Path) -> None:
    done = run(str(opened(tmp_path, FINE["health"] | FINE["disk-space"])))
    assert done.exit_code == 0


def test_json_is_a_line_each_worst_first(tmp_path: Path) -> None:
    done = run(str(opened(tmp_path, FILES)), "--json")
    told = [json.loads(line) for line in done.stdout.splitlines()]
    answers = [each["answer"] for each in told]
    assert answers == sorted(answers, key=["fail", "warn", "unknown", "pass"].index)
    assert {"code", "title", "summary", "evidence", "advice"} <= set(told[0])


def test_the_bundles_own_looks_count_and_newer_ones_replace_them(tmp_path: Path) -> None:
    folder = opened(tmp_path / "b", FILES, LOOK)
    assert "Strange clients: found once" in run(str(folder)).output
    newer = tmp_path / "newer.toml"
    newer.write_text(LOOK.replace("Strange", "Odd"))
    output = run(str(folder), "--with", str(newer)).output
    assert "Odd clients: found once" in output
    assert "Strange" not in output


@pytest.mark.parametrize(
    "text", ["[look", "look = 3", LOOK.replace("<(?P", "<((?P"), LOOK + "[look.x]\ntitle = 1\n"]
)
def test_looks_of_a_bundle_that_make_no_sense_are_told(tmp_path: Path, text: str) -> None:
    done = run(str(opened(tmp_path, FILES, text)))
    assert done.exit_code == 6
    assert done.exception is None or isinstance(done.exception, SystemExit)


def test_newer_looks_that_make_no_sense_are_refused(tmp_path: Path) -> None:
    folder = opened(tmp_path / "b", FILES)
    for text in ("[look", LOOK.replace("<(?P", "<((?P"), "[look.x]\ntitle = 1\n"):
        newer = tmp_path / "newer.toml"
        newer.write_text(text)
        done = run(str(folder), "--with", str(newer))
        assert isinstance(done.exception, ManifestError)
    done = run(str(folder), "--with", str(tmp_path / "none.toml"))
    assert isinstance(done.exception, UsageError)


def test_links_out_of_the_folder_are_not_followed(tmp_path: Path) -> None:
    folder = opened(tmp_path / "b", {})
    outside = tmp_path / "units.json"
    outside.write_text('[{"unit": "x.service", "active": "failed"}]')
    (folder / "systemd").mkdir()
    (folder / "systemd/units.json").symlink_to(outside)
    assert "x.service" not in run(str(folder), "--all").output


def test_a_report_is_a_new_file_for_its_owner(tmp_path: Path) -> None:
    folder = opened(tmp_path / "b", FILES)
    target = tmp_path / "case.html"
    done = CliRunner().invoke(report, [str(folder), "--output", str(target)])
    assert done.exit_code == 0
    assert target.read_bytes().startswith(b"<!DOCTYPE html>")
    assert target.stat().st_mode & 0o777 == 0o600
    again = CliRunner().invoke(report, [str(folder), "--output", str(target)])
    assert isinstance(again.exception, UsageError)


def test_some_other_folder_is_not_found_to_be_fine(tmp_path: Path) -> None:
    (tmp_path / "some.txt").write_text("words\n")
    assert isinstance(run(str(tmp_path)).exception, RefusedError)


def test_a_folder_without_a_manifest_has_no_report(tmp_path: Path) -> None:
    done = CliRunner().invoke(report, [str(tmp_path), "--output", str(tmp_path / "x.html")])
    assert isinstance(done.exception, RefusedError)
    assert not (tmp_path / "x.html").exists()
