"""Our reading of calendar expressions agrees with systemd's own, expression by expression.

`systemd-analyze calendar` takes many expressions in one call, so an example here is a batch.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from agent.housekeeping.calendar import BadExpression, next_elapse
from agent.housekeeping.calendar_words import SHORTHANDS

pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="needs systemd-analyze"),
]

ZONES = (
    *("UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe"),
    *("Europe/Dublin", "Asia/Kathmandu", "America/Sao_Paulo", "Africa/Casablanca"),
)
ROUNDS = 4  # elapses compared, one after the other
DAYS = ("Mon", "Tue", "Wednesday", "thu", "FRI", "Saturday", "Sun")

# Hours in which clocks change, and the turns of months, years and centuries.
MOMENTS = (
    *("2026-03-29 00:59:59", "2026-10-25 00:29:00", "2026-10-25 01:10:00"),
    *("2026-03-08 06:59:00", "2026-11-01 05:45:00", "2026-04-04 14:40:00"),
    *("2026-10-03 15:20:00", "2027-12-31 23:59:59", "2028-02-28 12:00:00", "2099-12-31 23:00:00"),
)


def asked(expressions: list[str], base: int, zone: str) -> dict[str, list[int] | None]:
    """What systemd says: seconds since 1970 of the next elapses; None where it refuses."""
    known: dict[str, list[int] | None] = dict.fromkeys(expressions)
    done = subprocess.run(
        ["systemd-analyze", "calendar", f"--base-time=@{base}", f"--iterations={ROUNDS}", "--",
         *expressions],
        env={"TZ": zone, "LC_ALL": "C", "PATH": "/usr/bin:/bin"}, capture_output=True, text=True,
    )  # fmt: skip
    original = ""
    for block in re.split(r"(?m)^\s*(?=Original form:|Normalized form:)", done.stdout):
        if heading := re.match(r"Original form: (.*)\n", block):
            original = heading[1]
        elif heading := re.match(r"Normalized form: (.*)\n", block):
            # Where the normalised form is the original, only that one is printed.
            known[original or heading[1]] = list(moments(block, zone))
            original = ""
    # A search that ends in no year, as of `*-1/5-3` where April has another offset than January:
    # then nothing at all is printed of that one, and we must give up, too.
    for name in re.findall(r"Failed to determine next elapse for '(.*)': Resource", done.stderr):
        known[name] = mine if len(mine := ours(name, base, zone) or []) < ROUNDS else None
    return known


def moments(block: str, zone: str) -> Iterator[int]:
    wanted = r"Next elapse|Iter. #\d+" if zone == "UTC" else r"\(in UTC\)"
    for found in re.finditer(rf"(?:{wanted}): \w+ (\S+ \S+) UTC", block):
        yield int(datetime.fromisoformat(found[1]).replace(tzinfo=UTC).timestamp())


def ours(expression: str, base: int, zone: str) -> list[int] | None:
    at, found = datetime.fromtimestamp(base, UTC), []
    try:
        for _ in range(ROUNDS):
            following = next_elapse(expression, at, ZoneInfo(zone))
            if following is None:
                break
            at = following.astimezone(UTC)
            found.append(int(at.timestamp()))
    except BadExpression:
        return None
    return found


def span(low: int, high: int) -> st.SearchStrategy[str]:
    number = st.integers(low, high)
    return st.one_of(
        number.map(str),
        number.map(lambda n: f"{n:02}"),
        st.tuples(number, number).map(lambda p: f"{min(p)}..{max(p)}"),
        st.tuples(number, st.integers(1, max(1, (high - low) // 2))).map(
            lambda p: f"{p[0]}/{p[1]}"
        ),
        st.tuples(number, number, st.integers(1, 7)).map(
            lambda p: f"{min(p[:2])}..{max(p[:2])}/{p[2]}"
        ),
    )


def chain(low: int, high: int) -> st.SearchStrategy[str]:
    some = st.lists(span(low, high), min_size=1, max_size=3).map(",".join)
    return st.one_of(st.just("*"), some)


@st.composite
def weekdays(draw: st.DrawFn) -> str:
    first, last = sorted(draw(st.tuples(st.integers(0, 6), st.integers(0, 6))))
    one = draw(st.sampled_from(DAYS))
    return draw(st.sampled_from(["", one, f"{DAYS[first]}..{DAYS[last]}", f"{one},{DAYS[last]}",
                                 f"{DAYS[first]}-{DAYS[last]}", f"{one},"]))  # fmt: skip


@st.composite
def dates(draw: st.DrawFn) -> str:
    year = draw(st.sampled_from(["", "*-", "2026..2030-", "27,2029-", "2026/3-"]))
    dash = draw(st.sampled_from(["-", "-", "~"]))
    month = draw(chain(1, 12))
    return f"{year}{month}{dash}{draw(chain(1, 28 if dash == '~' else 31))}"


@st.composite
def times(draw: st.DrawFn) -> str:
    hour, minute = draw(chain(0, 23)), draw(chain(0, 59))
    seconds = st.one_of(chain(0, 59), st.sampled_from(["0.5", "7.25/11.125", "59.999999", "*"]))
    return draw(st.sampled_from([f"{hour}:{minute}", f"{hour}:{minute}:{draw(seconds)}"]))


EXPRESSIONS = st.one_of(
    st.sampled_from([*SHORTHANDS, "Weekly", "*", "", "@1900000000", "nonsense"]),
    st.tuples(
        st.one_of(st.just(""), weekdays()),
        st.one_of(st.just(""), st.just("*-*-*"), dates()),
        st.one_of(st.just(""), times()),
        st.sampled_from(["", "", "", "UTC", "utc", "Europe/Berlin", "Mars/Olympus"]),
    ).map(lambda parts: " ".join(part for part in parts if part)),
)
BASES = st.one_of(
    # Not before 1971: systemd takes moments before 1970, which a month's end may need, for errors.
    st.integers(40_000_000, 4_000_000_000),
    st.sampled_from(MOMENTS).map(
        lambda text: int(datetime.fromisoformat(f"{text}+00:00").timestamp())
    ),
)


# Not shrunk: the expressions that differ are told, and each is short.
@settings(max_examples=30, phases=[Phase.generate], report_multiple_bugs=False)
@given(
    st.lists(EXPRESSIONS, min_size=20, max_size=20, unique=True),
    BASES, st.sampled_from(ZONES),
)  # fmt: skip
def test_the_next_elapses_are_systemds(expressions: list[str], base: int, zone: str) -> None:
    theirs = asked(expressions, base, zone)
    mine = {each: ours(each, base, zone) for each in expressions}
    assert {
        each: (mine[each], theirs[each]) for each in expressions if mine[each] != theirs[each]
    } == {}


@pytest.mark.parametrize("zone", ZONES[1:4])
def test_gaps_and_overlaps_of_summer_time_are_systemds(zone: str) -> None:
    """Every quarter of an hour around each change of the clock, for expressions that feel it."""
    expressions = [
        *("daily", "hourly", "*:0/15", "*-*-* 02:30:00", "*-*-* 01:30", "Sun 02:00", "*-*-* 2:15"),
        *("*-*~24,4..21 *:*:*", "*-*~1/1 *:0/20"),
        *("*-*-* 0/2:10", "*-*-* 3:00 UTC", "*-*~1 2:30", "Sat,Sun *-3,4,10,11-* 1..3:45"),
    ]
    for change in changes(zone):
        for minutes in range(-180, 181, 15):
            base = change + minutes * 60 + 7
            theirs = asked(expressions, base, zone)
            assert {each: ours(each, base, zone) for each in expressions} == theirs


def changes(zone: str) -> Iterator[int]:
    """The moments of 2026 at which the offset changes, to the hour."""
    place, at = ZoneInfo(zone), datetime(2026, 1, 1, tzinfo=UTC)
    while at.year == 2026:
        following = at + timedelta(hours=1)
        if following.astimezone(place).utcoffset() != at.astimezone(place).utcoffset():
            yield int(following.timestamp())
        at = following
