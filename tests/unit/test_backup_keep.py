"""Which backups stay: the policy, also held against restic's own."""

import json
import os
import shutil
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.backup.keep import spare
from agent.backup.record import Kept, new_id
from agent.manifest.keeping import Backup

BEGIN = datetime(2026, 1, 1, 3, 0, tzinfo=UTC)
needs_restic = pytest.mark.skipif(not shutil.which("restic"), reason="restic is not installed")


def kept(at: datetime, *, sound: bool = True) -> Kept:
    name = new_id(at.timestamp(), f"{int(at.timestamp()) % 0xFFFFFF:06x}".encode()[-3:])
    return Kept(id=name, created=at.timestamp(), version="1", epoch=1, host="a", place=name,
                sound=sound)  # fmt: skip


def test_one_of_each_day_week_and_month() -> None:
    daily = [kept(BEGIN + timedelta(days=n)) for n in range(200)]
    gone = {each.id for each in spare(daily, Backup(daily=7, weekly=4, monthly=6), UTC)}
    left = [each for each in daily if each.id not in gone]
    assert daily[-7:] == left[-7:]
    assert 12 <= len(left) <= 17


def test_the_newest_whole_one_never_goes() -> None:
    old = kept(BEGIN)
    broken = kept(BEGIN + timedelta(days=5), sound=False)
    assert spare([old, broken], Backup(daily=1, weekly=0, monthly=0), UTC) == [broken]


def test_none_is_none() -> None:
    assert spare([], Backup(), UTC) == []


@given(
    st.lists(st.integers(0, 400 * 24 * 60), min_size=1, max_size=60, unique=True),
    st.integers(1, 10), st.integers(0, 6), st.integers(0, 8),
)  # fmt: skip
@settings(max_examples=100, deadline=None)
def test_the_newest_stays_and_nothing_is_named_twice(
    minutes: list[int], daily: int, weekly: int, monthly: int
) -> None:
    backups = [kept(BEGIN + timedelta(minutes=each)) for each in minutes]
    policy = Backup(daily=daily, weekly=weekly, monthly=monthly)
    gone = spare(backups, policy, UTC)
    assert len({each.id for each in gone}) == len(gone)
    assert max(backups, key=lambda each: each.created) not in gone
    assert len(backups) - len(gone) <= daily + weekly + monthly


@needs_restic
@pytest.mark.real
def test_restic_keeps_the_same(tmp_path: Path) -> None:
    """Real snapshots at odd times, of a year and more, and three policies."""
    env = {**os.environ, "RESTIC_PASSWORD": "test", "RESTIC_REPOSITORY": str(tmp_path / "r"),
           "TZ": "UTC"}  # fmt: skip

    def restic(*words: str) -> str:
        argv = ["restic", "--no-cache", "--json", *words]
        done = subprocess.run(argv, env=env, capture_output=True, text=True, check=True, timeout=60)
        return done.stdout

    restic("init")
    (tmp_path / "f").write_text("x")
    hours = (0, 5, 30, 24 * 9, 24 * 16, 24 * 17 + 2, 24 * 75, 24 * 390)
    for hour in hours:
        at = (BEGIN + timedelta(hours=hour)).strftime("%Y-%m-%d %H:%M:%S")
        restic("backup", "--time", at, str(tmp_path / "f"))
    snapshots = json.loads(restic("snapshots"))
    backups = [
        Kept(id=each["id"], place=each["id"], version="1", epoch=1, host="a",
             created=datetime.fromisoformat(each["time"][:19] + "+00:00").timestamp())
        for each in snapshots
    ]  # fmt: skip
    for daily, weekly, monthly in ((2, 2, 3), (7, 4, 6), (1, 0, 0)):
        words = [f"--keep-daily={daily}", f"--keep-weekly={weekly}", f"--keep-monthly={monthly}"]
        [group] = json.loads(restic("forget", "--dry-run", "--group-by", "", *words))
        theirs = {each["id"] for each in group["remove"] or []}
        policy = Backup(daily=daily, weekly=weekly, monthly=monthly)
        assert {each.id for each in spare(backups, policy, UTC)} == theirs, words
