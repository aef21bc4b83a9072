"""A scan: what matches, what statements take out and for how long, and what keeps an image in."""

import json
import zipfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from agent.errors import MachineError, RefusedError
from packer.sbom import cyclonedx, spdx
from packer.sbom.parts import Parts
from packer.vulnerabilities import listed, vex
from packer.vulnerabilities.data_file import open_data
from packer.vulnerabilities.matching import match
from packer.vulnerabilities.scan import Hit, Scan, failing
from tests.unit import image_flaws, image_tree
from tests.unit.image_flaws import OSV, TRACKER, write

NOW = datetime(2026, 11, 21, tzinfo=UTC).timestamp()


@pytest.fixture
def found(tmp_path: Path) -> Parts:
    return image_tree.parts_of(image_tree.make(tmp_path / "root"))


@pytest.fixture
def osv(tmp_path: Path) -> Path:
    return write(tmp_path / "osv.json", OSV)


def scan_of(found: Parts, data: Path, statements: Any = ()) -> Scan:
    return match(found, open_data(data), statements, now=NOW)


def told(scan: Scan) -> list[tuple[str, str, str, str]]:
    return [(hit.id, hit.package, hit.severity, hit.fixed) for hit in scan.hits]


EXPECTED = [
    ("CVE-2099-2001", "first-one", "critical", "1.0.1"),
    ("CVE-2099-1001", "glibc", "high", "2.36-9+deb12u14"),
    ("PYSEC-2099-4", "second-one", "unknown", "2.0.post1"),
    ("CVE-2099-1003", "mawk", "low", ""),
]


def test_osv_records_are_matched_by_source_system_and_version(found: Parts, osv: Path) -> None:
    scan = scan_of(found, osv)
    assert told(scan) == EXPECTED
    first, libc, *_ = scan.hits
    assert first.aliases == ("GHSA-aaaa-bbbb-cccc", "PYSEC-2099-1")
    assert libc.parts == ("libc6",)
    assert libc.aliases == ("DSA-9001-1",)
    assert scan.counts() == {"critical": 1, "high": 1, "low": 1, "unknown": 1}
    assert scan.inputs[0].sha256 == open_data(osv).sha256


def test_every_form_of_the_file_says_the_same(found: Parts, tmp_path: Path) -> None:
    lines = tmp_path / "lines"
    lines.write_text("\n".join(map(json.dumps, OSV)))
    archive = tmp_path / "all.zip"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as packed:
        for at, record in enumerate(OSV):
            packed.writestr(f"{at}.json", json.dumps(record))
        packed.writestr("README", "not a record")
    for path in (lines, archive):
        assert told(scan_of(found, path)) == EXPECTED
    alone = write(tmp_path / "alone", OSV[0])
    alone.write_text(json.dumps(OSV[0], indent=1))
    assert told(scan_of(found, alone)) == [EXPECTED[1]]


def test_the_debian_tracker_is_read(found: Parts, tmp_path: Path) -> None:
    scan = scan_of(found, write(tmp_path / "tracker.json", TRACKER))
    assert told(scan) == [
        ("CVE-2099-1001", "glibc", "medium", "2.36-9+deb12u14"),
        ("CVE-2099-1005", "glibc", "negligible", ""),
    ]


def test_two_files_of_data_are_one_list(found: Parts, osv: Path, tmp_path: Path) -> None:
    tracker = open_data(write(tmp_path / "tracker.json", TRACKER))
    scan = match(found, [open_data(osv), tracker], now=NOW)
    libc = next(hit for hit in scan.hits if hit.id == "CVE-2099-1001")
    assert libc.severity == "high"
    assert libc.sources == ("osv.json", "tracker.json")
    assert len(scan.hits) == len(EXPECTED) + 1


@pytest.mark.parametrize("render", [cyclonedx.render, spdx.render])
def test_a_list_read_back_gives_the_same_scan(found: Parts, osv: Path, render: Any) -> None:
    again = listed.of_sbom(render(found), "sbom.json")
    scan = match(again, open_data(osv), now=NOW)
    assert told(scan) == EXPECTED
    assert len(again) == 6


@pytest.mark.parametrize("content", [b"", b"[]", b"{}", b'{"bomFormat":"x"}', b"\xff", b"null"])
def test_what_is_no_list_is_refused(content: bytes) -> None:
    with pytest.raises(MachineError) as caught:
        listed.of_sbom(content, "sbom.json")
    assert caught.value.code == "sbom-invalid"


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[1]", b'{"id": 1, "modified": ""}', b'{"glibc": []}', b"PK\x03\x04no"]
)
def test_what_is_no_data_is_refused(found: Parts, tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "data"
    path.write_bytes(content)
    with pytest.raises(MachineError) as caught:
        scan_of(found, path)
    assert caught.value.code == "sbom-invalid"


def test_a_broken_archive_is_refused(found: Parts, tmp_path: Path) -> None:
    archive = tmp_path / "all.zip"
    with zipfile.ZipFile(archive, "w") as packed:
        packed.writestr("a.json", json.dumps(OSV[0]))
    content = bytearray(archive.read_bytes())
    content[60] ^= 0xFF
    archive.write_bytes(content)
    with pytest.raises(MachineError):
        scan_of(found, archive)


def test_another_file_than_the_pinned_one_is_refused(osv: Path) -> None:
    assert open_data(osv, open_data(osv).sha256.upper()).name == "osv.json"
    with pytest.raises(RefusedError) as caught:
        open_data(osv, "00" * 32)
    assert caught.value.code == "image-refused"


@pytest.mark.parametrize("content", [b'{"glibc": {}}', b"[]"])
def test_data_that_changes_after_it_was_pinned_is_refused(
    found: Parts, osv: Path, content: bytes
) -> None:
    data = open_data(osv, open_data(osv).sha256)
    osv.write_bytes(content)
    with pytest.raises(MachineError) as caught:
        match(found, data, now=NOW)
    assert "another file than a moment ago" in caught.value.message


def test_what_can_not_be_compared_is_told(found: Parts, tmp_path: Path) -> None:
    odd = image_flaws.osv("PYSEC-1", "first-one", {"introduced": "0"}, {"fixed": "next"},
                          ecosystem="PyPI")  # fmt: skip
    scan = scan_of(found, write(tmp_path / "odd.json", [odd]))
    assert scan.hits == ()
    assert scan.unread == ("first-one 1.0",)


def statements(*documents: dict[str, Any]) -> list[vex.Statement]:
    return [s for each in documents for s in vex.read(json.dumps(each).encode(), "vex.json")]


LIBC = "pkg:deb/debian/glibc"


@pytest.mark.parametrize(
    ("product", "taken_out"),
    [
        (LIBC, True),
        ("pkg:deb/debian/libc6", True),
        ("pkg:deb/debian/libc6@2.36-9%2Bdeb12u13?arch=amd64", True),
        ("pkg:deb/debian/libc6@2.36-9%2Bdeb12u12", False),
        ("pkg:deb/debian/libc6?arch=arm64", False),
        ("pkg:deb/ubuntu/libc6", False),
        ("pkg:pypi/glibc", False),
        ("glibc", False),
    ],
)
def test_a_statement_is_about_what_it_names(
    found: Parts, osv: Path, product: str, taken_out: bool
) -> None:
    said = statements(image_flaws.openvex("CVE-2099-1001", product, "2027-01-01"))
    hit = next(h for h in scan_of(found, osv, said).hits if h.package == "glibc")
    assert hit.counts != taken_out
    assert hit.state == ("ignored" if taken_out else "open")
    if taken_out:
        assert hit.why == "vulnerable_code_not_in_execute_path: we never call it"
        assert hit.until == "2027-01-01"


def test_a_statement_by_another_name_of_the_flaw_counts(found: Parts, osv: Path) -> None:
    said = statements(image_flaws.openvex("DSA-9001-1", LIBC, "2027-01-01T00:00:00Z"))
    assert scan_of(found, osv, said).counts() == {"critical": 1, "low": 1, "unknown": 1}


def test_a_statement_that_ended_counts_no_more(found: Parts, osv: Path) -> None:
    said = statements(image_flaws.openvex("CVE-2099-1001", LIBC, "2026-11-20"))
    hit = next(h for h in scan_of(found, osv, said).hits if h.package == "glibc")
    assert (hit.state, hit.counts, hit.until) == ("expired", True, "2026-11-20")
    fresh = statements(
        image_flaws.openvex("CVE-2099-1001", LIBC, "2026-11-20"),
        image_flaws.openvex("CVE-2099-1001", LIBC, "2026-12-20"),
    )
    hit = next(h for h in scan_of(found, osv, fresh).hits if h.package == "glibc")
    assert hit.state == "ignored"


def test_statements_in_cyclonedx(found: Parts, osv: Path) -> None:
    ref = next(part.ref for part in found.parts if part.name == "libc6")
    row = {
        "id": "CVE-2099-1001",
        "analysis": {"state": "not_affected", "detail": "not reachable"},
        "affects": [{"ref": ref}],
        "properties": [{"name": "caretaker:expires", "value": "2027-01-01"}],
    }
    said = statements({"bomFormat": "CycloneDX", "vulnerabilities": [row]})
    hit = next(h for h in scan_of(found, osv, said).hits if h.package == "glibc")
    assert (hit.state, hit.why) == ("ignored", "not reachable")


@pytest.mark.parametrize(
    "changes",
    [
        {"expires": None},
        {"expires": "soon"},
        {"expires": 20270101},
        {"justification": "", "impact_statement": " "},
        {"products": []},
        {"vulnerability": {}},
    ],
)
def test_a_statement_without_reason_end_or_place_is_refused(changes: dict[str, Any]) -> None:
    said = image_flaws.openvex("CVE-2099-1001", LIBC, "2027-01-01")
    said["statements"][0].update(changes)
    with pytest.raises(MachineError, match="statement 1") as caught:
        statements(said)
    assert caught.value.code == "sbom-invalid"


@pytest.mark.parametrize("status", ["affected", "under_investigation"])
def test_a_statement_that_it_matters_takes_nothing_out(status: str) -> None:
    assert statements(image_flaws.openvex("CVE-1", LIBC, None, status=status)) == []


@pytest.mark.parametrize("content", [b"", b"[]", b"{}", b'{"@context":"x"}', b"\xff"])
def test_what_is_no_statement_is_refused(content: bytes) -> None:
    with pytest.raises(MachineError):
        vex.read(content, "vex.json")


def test_the_gate_asks_for_what_can_be_mended() -> None:
    hits = [
        Hit("A", "a", "1", "critical", fixed="2"),
        Hit("B", "b", "1", "critical"),
        Hit("C", "c", "1", "high", fixed="2", state="ignored"),
        Hit("D", "d", "1", "high", fixed="2", state="expired"),
        Hit("E", "e", "1", "unknown", fixed="2"),
        Hit("F", "f", "1", "medium", fixed="2"),
    ]
    scan = Scan(tuple(hits), 6)
    assert [hit.id for hit in failing(scan, "high")] == ["A", "D", "E"]
    assert [hit.id for hit in failing(scan, "critical")] == ["A"]
    assert [hit.id for hit in failing(scan, "medium")] == ["A", "D", "E", "F"]
    assert failing(scan, "none") == ()
