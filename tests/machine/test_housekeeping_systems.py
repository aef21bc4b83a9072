"""Our reckoning is that of every systemd we are sold for, older and newer than the one here."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from agent.housekeeping.calendar import next_elapse
from agent.housekeeping.due import timer_name
from agent.housekeeping.jitter import offset
from tests.machine.conftest import Boot
from tests.machine.machine import Machine
from tests.unit.test_housekeeping_calendar_real import changes, moments

ZONES = ("Europe/Berlin", "America/New_York")
EXPRESSIONS = (
    *("daily", "hourly", "*:0/15", "*-*-* 02:30:00", "*-*-* 01:30", "Sun 02:00", "*-02~03"),
    *("Mon *-05~07/1", "*-*-* 3:00 UTC", "*-*~1 2:30", "Sat,Sun *-3,4,10,11-* 1..3:45"),
)
JITTERS = {"one": 3600.0, "two": 90.0, "three": 86400.0}


@pytest.mark.parametrize("root", ["jammy", "noble", "trixie"])
def test_timers_elapse_when_we_say(machines: Boot, root: str) -> None:
    machine = machines(root)
    # A root without time zones knows only UTC; its jitter is compared all the same.
    for zone in ZONES if machine.exists(f"/usr/share/zoneinfo/{ZONES[0]}") else ():
        for base in bases(zone):
            theirs = {each: told(machine, each, base, zone) for each in EXPRESSIONS}
            assert {each: ours(each, base, zone) for each in EXPRESSIONS} == theirs, (zone, base)
    machine_id = bytes.fromhex(machine.read("/etc/machine-id").strip())
    for name, jitter in JITTERS.items():
        machine.put(
            f"/etc/systemd/system/{timer_name(name)}",
            f"[Timer]\nOnCalendar=2099-01-01 UTC\nRandomizedDelaySec={jitter:g}\n"
            "FixedRandomDelay=yes\nAccuracySec=1s\n",
        )
    machine.put("/etc/systemd/system/caretaker-task@.service", "[Service]\nExecStart=true\n")
    machine.systemctl("daemon-reload")
    begin = datetime(2099, 1, 1, tzinfo=UTC).timestamp()
    for name, jitter in JITTERS.items():
        machine.systemctl("start", timer_name(name))
        shown = machine.show(timer_name(name), "NextElapseUSecRealtime")["NextElapseUSecRealtime"]
        theirs_at = float(machine.run(["date", "--date", shown, "+%s"]).out)
        assert theirs_at == int(begin + offset(timer_name(name), jitter, machine_id))


def bases(zone: str) -> Iterator[int]:
    """A little before and after each change of the clock."""
    for change in changes(zone):
        yield from (change + minutes * 60 + 7 for minutes in (-75, 20))


def told(machine: Machine, expression: str, base: int, zone: str) -> list[int]:
    argv = ["systemd-analyze", "calendar", f"--base-time=@{base}", "--iterations=4", expression]
    return list(moments(machine.run(argv, env={"TZ": zone, "LC_ALL": "C"}).out, zone))


def ours(expression: str, base: int, zone: str) -> list[int]:
    at, found = datetime.fromtimestamp(base, UTC), []
    for _ in range(4):
        following = next_elapse(expression, at, ZoneInfo(zone))
        if following is not None:
            at = following.astimezone(UTC)
            found.append(int(at.timestamp()))
    return found
