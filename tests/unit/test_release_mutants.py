"""Bad bundles by the hundred: none is taken, each is refused in words. bench/bundles has more."""

import shutil
from pathlib import Path

import pytest
from tuf.api.metadata import Metadata, Root

from agent.release import judging, paths, signatures
from bench.bundles.judge import verdict
from bench.bundles.mutants import mutants, special
from bench.bundles.shelf import Shelf, open_shelf
from bench.bundles.vendor import appliance

COUNT = 700


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    return open_shelf(tmp_path / "shelf")


def test_no_bad_bundle_is_taken_and_none_crashes(shelf: Shelf, tmp_path: Path) -> None:
    marks = [(shelf.layout.trust / name).read_bytes() for name in ("marks.json", "roots.json")]
    wrong: list[tuple[str, str, str]] = []
    kinds: set[str] = set()
    count = 0
    for mutant in mutants(shelf, COUNT):
        count += 1
        kinds.add(mutant.kind)
        told = verdict(mutant.content, shelf.layout, tmp_path)
        if told not in ("refused bundle-invalid", "refused bundle-refused"):
            wrong.append((mutant.kind, mutant.what, told))
    assert wrong == []
    assert count >= 500
    assert len(kinds) == 8
    # Nothing was remembered, and nothing lies about.
    assert marks == [
        (shelf.layout.trust / name).read_bytes() for name in ("marks.json", "roots.json")
    ]
    assert [*(tmp_path / "releases").iterdir()] == []


def test_the_good_ones_are_taken(shelf: Shelf, tmp_path: Path) -> None:
    for path in (shelf.good, *shelf.others[1:]):
        assert verdict(path.read_bytes(), shelf.layout, tmp_path).startswith("ACCEPTED")
    fresh = appliance(tmp_path / "fresh", shelf.vendor.keys)
    shutil.rmtree(tmp_path / "releases")
    assert verdict(shelf.others[0].read_bytes(), fresh, tmp_path) == "ACCEPTED 1.1"


def test_a_strangers_release_is_good_where_the_stranger_is_trusted(
    shelf: Shelf, tmp_path: Path
) -> None:
    theirs = appliance(tmp_path / "theirs", shelf.stranger.keys)
    assert verdict(shelf.strangers.read_bytes(), theirs, tmp_path) == "ACCEPTED 1.2"
    assert verdict(shelf.good.read_bytes(), theirs, tmp_path) == "refused bundle-refused"


def every_signature(found: Metadata[Root], root: Root, role: str) -> set[str]:
    return set(found.signatures) or {"anybody"}


SEEDED = {
    "age is not judged": (judging, "judge_age", lambda *_, **__: None),
    "what was seen is not judged": (judging, "judge_seen", lambda *_, **__: None),
    "paths are not looked at": (paths, "check_files", lambda _: None),
    "signatures are counted, not verified": (signatures, "_signed_by", every_signature),
}


@pytest.mark.parametrize("bug", SEEDED)
def test_a_reader_that_leaves_a_test_out_is_found(
    shelf: Shelf, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, bug: str
) -> None:
    """The mutants' own test."""
    monkeypatch.setattr(*SEEDED[bug])
    told = (verdict(each.content, shelf.layout, tmp_path) for each in special(shelf))
    assert not all(each.startswith("refused bundle") for each in told)
