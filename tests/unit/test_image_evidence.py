"""What a build scans for: known flaws stop it, a draft goes on, the data is named in the record."""

import hashlib
import json
from dataclasses import replace
from pathlib import Path

import pytest

from agent.errors import RefusedError
from packer.golden import evidence
from packer.golden.build import Build
from packer.golden.record import Artefact
from tests.unit import image_tree
from tests.unit.image_course import Heard, a_build
from tests.unit.image_flaws import OSV, write


def scanned(root: Path, *, draft: bool = False) -> tuple[Build, Heard]:
    build, _, heard = a_build(root)
    flaws = write(root / "flaws.json", OSV)
    build.wanted = replace(build.wanted, flaws=(str(flaws),), draft=draft)
    build.parts = image_tree.parts_of(image_tree.make(root / "root"))
    build.artefacts[f"{build.stem}.qcow2"] = Artefact("disk", f"{build.stem}.qcow2", 1, "0" * 64)
    return build, heard


def test_a_flaw_with_a_cure_stops_the_build_after_the_scan_is_written(tmp_path: Path) -> None:
    build, _ = scanned(tmp_path)
    with pytest.raises(RefusedError) as refused:
        evidence.scan(build)
    assert refused.value.code == "image-refused"
    assert "3 flaws at or above high can be mended" in refused.value.message
    written = json.loads((build.places.out / f"{build.stem}.scan.json").read_text())
    assert {hit["id"] for hit in written["hits"]} >= {"CVE-2099-1001"}
    assert f"{build.stem}.scan.sarif" in build.artefacts


def test_a_draft_goes_on_and_says_why_it_is_one(tmp_path: Path) -> None:
    build, heard = scanned(tmp_path, draft=True)
    assert "parts looked at" in evidence.scan(build)
    assert any(note.startswith("a draft: 3 flaws") for note in heard.notes)


def test_the_record_names_the_very_data_that_was_read(tmp_path: Path) -> None:
    build, _ = scanned(tmp_path, draft=True)
    evidence.scan(build)
    data = (tmp_path / "flaws.json").read_bytes()
    assert build.inputs["flaws flaws.json"] == hashlib.sha256(data).hexdigest()


def test_without_data_there_is_no_scan(tmp_path: Path) -> None:
    build, _ = scanned(tmp_path)
    build.wanted = replace(build.wanted, flaws=())
    assert evidence.scan(build) == ""
    assert not list(build.places.out.iterdir())
