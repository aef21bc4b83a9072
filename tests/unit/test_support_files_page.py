"""The reference page of a bundle's files and the collectors agree."""

import pytest

from agent.manifest.support_rules import COLLECTORS as NAMES
from support.collectors import COLLECTORS
from support.collectors.collector import Collector
from tests.unit.support_machine import documented


def code(collector: Collector) -> str:
    return collector.code


@pytest.mark.parametrize("collector", COLLECTORS, ids=code)
def test_each_collector_is_on_the_page_with_its_marks(collector: Collector) -> None:
    marks = [found for _, owner, found in documented() if collector.code in owner.split("`, `")]
    assert marks, f"{collector.code} has no row"
    assert any("R" in each for each in marks) == collector.rescue
    assert any("C" in each for each in marks) == collector.consent


def test_the_page_names_no_collector_that_is_not_there() -> None:
    named = {one for _, owner, _ in documented() for one in owner.split("`, `")}
    plain = {one for one in named if "." not in one and not one.startswith("[")}
    assert plain == {each.code for each in COLLECTORS}


def test_the_manifest_knows_the_collectors_by_name() -> None:
    assert set(NAMES) == {each.code for each in COLLECTORS}
    assert len(NAMES) == len(COLLECTORS)
