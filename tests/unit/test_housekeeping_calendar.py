"""Calendar expressions: a few known answers, and errors that say what and where."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from agent.housekeeping.calendar import BadExpression, next_elapse, parse
from agent.housekeeping.names import OWN
from agent.housekeeping.tasks import TASKS
from agent.manifest.reader import examine

BERLIN = ZoneInfo("Europe/Berlin")


def following(expression: str, after: str, zone: str = "UTC") -> str | None:
    base = datetime.fromisoformat(after).replace(tzinfo=UTC)
    found = next_elapse(expression, base, ZoneInfo(zone))
    return None if found is None else found.isoformat(sep=" ")


@pytest.mark.parametrize(
    ("expression", "answer"),
    [
        ("daily", "2026-01-02 00:00:00+00:00"),
        ("Mon..Fri *-*-* 03:30", "2026-01-01 03:30:00+00:00"),
        ("weekly", "2026-01-05 00:00:00+00:00"),
        ("*-02~03", "2026-02-26 00:00:00+00:00"),
        ("Mon *-05~07/1", "2026-05-25 00:00:00+00:00"),
        ("*:0/15", "2026-01-01 00:15:00+00:00"),
        ("*-*-* 12:00:00.25", "2026-01-01 12:00:00.250000+00:00"),
        ("semiannually", "2026-07-01 00:00:00+00:00"),
        ("*-*-* 18:00 America/New_York", "2026-01-01 23:00:00+00:00"),
        ("@1900000000", "2030-03-17 17:46:40+00:00"),
        ("2025-12-31", None),
        ("*-02-30", None),
    ],
)
def test_the_next_elapse(expression: str, answer: str | None) -> None:
    assert following(expression, "2026-01-01 00:00:00") == answer


def test_it_is_strictly_after_the_moment_given() -> None:
    assert following("hourly", "2026-01-01 05:00:00") == "2026-01-01 06:00:00+00:00"


def test_an_hour_that_is_left_out_waits_for_tomorrow_and_one_twice_elapses_once() -> None:
    assert following("*-*-* 02:30", "2026-03-28 12:00:00", "Europe/Berlin") == (
        "2026-03-30 02:30:00+02:00"
    )
    once = following("*-*-* 02:30", "2026-10-24 12:00:00", "Europe/Berlin")
    assert once == "2026-10-25 02:30:00+02:00"
    assert following("*-*-* 02:30", "2026-10-25 00:30:00", "Europe/Berlin") == (
        "2026-10-26 02:30:00+01:00"
    )


@pytest.mark.parametrize(
    ("expression", "told"),
    [
        ("", "it is empty; write `daily`"),
        ("dayly", "a number or `*` should stand here for the date or time, at 'dayly'"),
        ("*-*-* 25:00", "hour 25 is not within 0..23"),
        ("*-*-* 03.30", "the hour goes wrong, at '.30'"),
        ("Fri..Mon 10:00", "a range of weekdays goes from Mon to Sun, at 'Mon 10:00'"),
        ("Mon.Fri", "write a range of weekdays as Mon..Fri, at '.Fri'"),
        ("Monn", "this is no weekday, at 'Monn'"),
        ("Mon..", "the range has no end, at its end"),
        ("*:0/0", "a step of 0 would never come on, at its end"),
        ("*-*-* 03:30 Mars/Olympus", "there is no time zone Mars/Olympus here"),
        ("2026-13-01", "month 13 is not within 1..12"),
        ("*-*~31", "day 31 is not within 1..28"),
        ("1-2-3-4", "a date has at most three parts"),
        ("99999999999999-1-1", "the date or time is too large"),
    ],
)
def test_what_is_wrong_is_told_with_its_place(expression: str, told: str) -> None:
    with pytest.raises(BadExpression) as error:
        parse(expression)
    assert told in str(error.value)


def test_the_names_the_manifest_knows_are_those_of_the_tasks() -> None:
    assert sorted(task.name for task in TASKS) == sorted(OWN)


def test_the_manifest_is_refused_with_the_key() -> None:
    text = """\
[appliance]
name = "shop"
version = "1"
[tasks.sweep]
calendar = "every day"
command = ["sweep", "{secret:broom}"]
[secrets.broom]
[housekeeping.own.purg]
calendar = "25:00"
[housekeeping.own.nosuch]
off = true
[tasks.purge]
calendar = "daily"
command = ["true"]
"""
    _, mistakes = examine(text)
    told = {".".join(mistake.path): mistake.message for mistake in mistakes}
    assert set(told) == {
        "tasks.sweep.calendar", "tasks.sweep.command", "housekeeping.own.purg.calendar",
        "housekeeping.own.purg", "housekeeping.own.nosuch", "tasks.purge",
    }  # fmt: skip
    assert told["tasks.sweep.calendar"].startswith("'every day' is no calendar expression: ")
    assert 'did you mean "purge"' in told["housekeeping.own.purg"]
    assert "hour 25" in told["housekeeping.own.purg.calendar"]
