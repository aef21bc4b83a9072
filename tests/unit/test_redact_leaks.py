"""A slice of `bench.redaction.leaks`: secrets planted anywhere are in no opened bundle."""

import pytest

from bench.redaction.leaks import SEED, tried

pytestmark = pytest.mark.real  # the customer's own command, in a process


def test_no_planted_secret_is_in_the_opened_bundle_and_none_costs_it() -> None:
    leaked, refused = tried(SEED + 7, 40)
    assert leaked == []
    assert refused == []
