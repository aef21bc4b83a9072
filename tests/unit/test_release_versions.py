"""Versions in the order that people count them, and the sequence that follows from one."""

import itertools
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.release.versions import order, sequence_of

ASCENDING = (
    *("0.9", "0.10", "1.0.dev1", "1.0-alpha", "1.0-alpha2", "1.0b1", "1.0-rc1", "1.0-rc.2"),
    *("1.0", "1.0-p1", "1.0.1-rc1", "1.0.1", "1.1-rc1", "1.1", "1.9", "1.10", "2", "2026.11.21"),
)


def test_versions_come_in_this_order() -> None:
    for lower, higher in itertools.combinations(ASCENDING, 2):
        assert order(lower) < order(higher), (lower, higher)


@pytest.mark.parametrize(
    ("one", "other"),
    [("1.0", "1.0.0"), ("1.0-rc1", "1.0.0-rc1"), ("v1.2", "1.2"), ("1.2+build7", "1.2"),
     ("1.0RC1", "1.0-rc1")],
)  # fmt: skip
def test_these_are_the_same(one: str, other: str) -> None:
    assert order(one) == order(other)


@given(st.text(max_size=30))
def test_any_text_has_a_place(text: str) -> None:
    assert order(text) == order(text)
    assert order(text) < order(text + ".1") or not re.search(r"\w", text, re.ASCII) or "+" in text


def test_a_sequence_grows_with_the_version_and_a_correction_stays_below() -> None:
    versions = ("0.9", "1.0-rc1", "1.0-rc2", "1.0", "1.0.9", "1.1", "2", "2026.11.21")
    found = [sequence_of(each) for each in versions]
    assert None not in found
    assert found == sorted(found, key=lambda each: each or 0)
    assert all(each and each < 1 << 53 for each in found)


@pytest.mark.parametrize("version", ["1.2.3.4", "nightly", "1.0-hotfix1", "99999.1", ""])
def test_without_that_form_there_is_no_sequence(version: str) -> None:
    assert sequence_of(version) is None
