"""A fast sweep of every operation, struck at calls spread over it; the whole is `bench.crash`."""

from dataclasses import replace

import pytest

from bench.crash import start
from bench.crash.operation import Job
from bench.crash.shared import Kind

pytestmark = [pytest.mark.real, pytest.mark.slow]

KILLS: tuple[Kind, ...] = ("kill",)
REST: tuple[Kind, ...] = ("torn", "no-space", "disk-full", "io-error", "bad-disk", "short")
SWEPT = {
    "install": (
        Job("install", kinds=KILLS, doubles=10, seconds=6, cuts=60, rivals=8),
        Job("install", kinds=REST),
    ),
    "upgrade": (
        Job("upgrade", kinds=KILLS, every=4, first=1, rivals=60),
        Job("upgrade", kinds=REST, every=24, first=5, doubles=3, seconds=3, cuts=30),
    ),
    "upgrade that fails": (
        Job("upgrade that fails", kinds=KILLS, every=14, first=3, cuts=15),
        Job("upgrade after it failed", kinds=KILLS, every=20, first=3),
    ),
    "rollback": (
        Job("rollback", kinds=KILLS, every=6, first=2, cuts=20),
        Job("rollback", kinds=REST, every=30, first=7),
    ),
    "the rest": (
        Job("restore", kinds=KILLS, every=45, first=9),
        Job("whole upgrade", kinds=KILLS, every=90, first=40),
    ),
}
LEAST = {"install": 350, "upgrade": 130, "upgrade that fails": 40, "rollback": 55, "the rest": 8}


@pytest.mark.parametrize("name", SWEPT)
def test_no_fault_leaves_anything_but_the_old_or_the_new(name: str) -> None:
    tallies = [each for found in start.run_all(SWEPT[name], at_once=2) for each in found]
    assert [each for tally in tallies for each in tally.violations] == []
    assert sum(each.scenarios for each in tallies) >= LEAST[name]


@pytest.mark.parametrize(
    ("bug", "job"),
    [
        ("release staged in place", Job("install", kinds=KILLS, stop_at=1)),
        ("no fsync of files", Job("install", cuts=80, stop_at=1)),
        ("no fsync of folders", Job("install", cuts=80, stop_at=1)),
    ],
)
def test_a_seeded_bug_is_found(bug: str, job: Job) -> None:
    (tally,) = start.run(replace(job, bug=bug))
    assert tally.violations != []


def test_kills_alone_do_not_show_a_missing_fsync() -> None:
    (tally,) = start.run(Job("install", kinds=KILLS, every=3, bug="no fsync of files"))
    assert tally.violations == []
