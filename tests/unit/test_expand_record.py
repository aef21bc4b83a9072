"""Placeholders of a whole record, filled in right before a look."""

import pytest

from agent.errors import ManifestError
from agent.manifest.checks import CommandCheck, HttpCheck, LoadCheck
from agent.manifest.placeholders import Values, expand_record

VALUES = Values({"data": "/d"}, {"secret": lambda name: f"value-of-{name}"})


def test_texts_lists_and_mappings_are_filled_in_and_the_record_stays_as_it_was() -> None:
    check = CommandCheck(
        command=["{data}/check", "-v"],
        environment={"KEY": "{secret:k}", "PLAIN": "x"},
        contains="{secret:a}{secret:b}",
        warn_status=[3],
    )
    filled = expand_record(check, VALUES)
    assert filled.command == ["/d/check", "-v"]
    assert filled.environment == {"KEY": "value-of-k", "PLAIN": "x"}
    assert filled.contains == "value-of-avalue-of-b"
    assert (filled.warn_status, filled.every) == ([3], check.every)
    assert check.command == ["{data}/check", "-v"]


def test_a_record_without_placeholders_is_not_copied() -> None:
    for check in (LoadCheck(), HttpCheck(url="http://x/", headers={"A": "b"}, status=(200, 204))):
        assert expand_record(check, VALUES) is check


def test_braces_that_are_no_placeholder_stay() -> None:
    check = HttpCheck(url="http://x/", contains='{"status": "up"}')
    assert expand_record(check, VALUES).contains == '{"status": "up"}'


def test_an_unknown_placeholder_is_an_error() -> None:
    with pytest.raises(ManifestError, match="no placeholder"):
        expand_record(HttpCheck(url="http://x/{release}"), VALUES)
