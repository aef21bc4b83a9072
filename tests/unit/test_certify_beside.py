"""Lists of parts stand beside an image's file, under its name, and are told if they are none."""

import json
from pathlib import Path

import pytest

from packer.certify.beside import PartsList, parts_lists, stem

GOOD = json.dumps({"bomFormat": "CycloneDX"})


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("shop-1.0-amd64.qcow2", "shop-1.0-amd64"),
        ("shop-1.0-amd64.tar.gz", "shop-1.0-amd64"),
        ("shop.vhd", "shop"),
        ("disk", "disk"),
    ],
)
def test_papers_have_the_disks_name(name: str, expected: str) -> None:
    assert stem(Path(name)) == expected


def test_both_kinds_are_found_with_their_signatures(tmp_path: Path) -> None:
    (tmp_path / "shop.cdx.json").write_text(GOOD)
    (tmp_path / "shop.spdx.json").write_text('{"spdxVersion": "SPDX-2.3"}')
    (tmp_path / "shop.spdx.json.sig").write_text("MEUC")
    (tmp_path / "other.cdx.json").write_text(GOOD)
    assert parts_lists(tmp_path / "shop.raw") == (
        PartsList("shop.cdx.json", signed=False),
        PartsList("shop.spdx.json", signed=True),
    )
    assert parts_lists(tmp_path / "shops.raw") == ()


@pytest.mark.parametrize(
    ("content", "words"),
    [("{", "is no JSON"), ("[1]", "is neither"), ("{}", "is neither"), ("[" * 100_000, "no JSON")],
)
def test_what_is_no_list_is_told(tmp_path: Path, content: str, words: str) -> None:
    (tmp_path / "shop.cdx.json").write_text(content)
    assert words in parts_lists(tmp_path / "shop.qcow2")[0].wrong
