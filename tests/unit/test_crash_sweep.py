"""A fast sweep of every operation, struck at calls spread over it; the whole is `bench.crash`."""

import pytest

from bench.crash import start
from bench.crash.operation import Job
from bench.crash.shared import Kind

pytestmark = [pytest.mark.real, pytest.mark.slow]

KILLS: tuple[Kind, ...] = ("kill",)
REST: tuple[Kind, ...] = ("torn", "no-space", "disk-full", "io-error", "bad-disk", "short")
SWEPT = {
    "upgrade": (
        Job("upgrade", kinds=KILLS, every=3, doubles=5, seconds=4, cuts=50),
        Job("upgrade", kinds=REST, every=9, first=2),
    ),
    "rollback": (
        Job("rollback", kinds=KILLS, every=3, doubles=5, seconds=4, cuts=50),
        Job("rollback", kinds=REST, every=9, first=2),
    ),
}
LEAST = {"upgrade": 300, "rollback": 190}


@pytest.mark.parametrize("name", SWEPT)
def test_no_fault_leaves_anything_but_the_old_or_the_new(name: str) -> None:
    tallies = [each for found in start.run_all(SWEPT[name], at_once=2) for each in found]
    assert [each for tally in tallies for each in tally.violations] == []
    assert sum(each.scenarios for each in tallies) >= LEAST[name]
