"""Drain and maintenance: when they end, and that they are kept."""

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from agent.health.verdict import Mode
from agent.modes import Modes, Moment, Period, period
from agent.state import StateFile

NOW = Moment(wall=1_000_000.0, ticks=500.0, boot="boot-1")
HALF_AN_HOUR = 1800.0


def for_half_an_hour() -> Period:
    return period(reason="disk", until=NOW.wall + HALF_AN_HOUR, actor="uid 0", now=NOW)


def later(seconds: float, *, wall_jump: float = 0.0) -> Moment:
    return Moment(NOW.wall + seconds + wall_jump, NOW.ticks + seconds, NOW.boot)


def test_it_ends_when_it_was_said_to_end() -> None:
    modes = Modes(maintenance=for_half_an_hour())
    assert modes.current(later(1799)) == modes
    assert modes.current(later(1800)) == Modes()
    assert modes.ends_in(later(1000)) == 800


def test_one_without_an_end_lasts() -> None:
    modes = Modes(drained=period(reason="", until=None, actor="", now=NOW))
    assert modes.current(later(1e9)) == modes
    assert modes.ends_in(NOW) == float("inf")
    assert Modes().ends_in(NOW) == float("inf")


@given(st.floats(-1e9, 1e9), st.floats(0, 1799))
def test_within_a_boot_a_jumping_clock_changes_nothing(jump: float, seconds: float) -> None:
    modes = Modes(maintenance=for_half_an_hour())
    assert modes.current(later(seconds, wall_jump=jump)) == modes
    assert modes.current(later(1800, wall_jump=jump)) == Modes()


def test_after_a_reboot_the_wall_clock_counts_but_never_adds_to_the_length() -> None:
    modes = Modes(drained=for_half_an_hour())
    rebooted = Moment(NOW.wall + 100, 3.0, "boot-2")
    assert modes.ends_in(rebooted) == 1700
    in_the_past = Moment(NOW.wall - 1e8, 3.0, "boot-2")
    assert modes.ends_in(in_the_past) == HALF_AN_HOUR
    long_after = Moment(NOW.wall + 1e6, 3.0, "boot-2")
    assert modes.current(long_after) == Modes()


def test_maintenance_says_more_than_a_drain() -> None:
    both = Modes(drained=Period("balancer", 0.0), maintenance=Period("disk", 0.0))
    assert both.mode() == Mode("maintenance", "disk")
    assert Modes(drained=Period("balancer", 0.0)).mode() == Mode("draining", "balancer")
    assert Modes().mode() == Mode()


def test_they_outlive_a_restart(root: Path) -> None:
    kept = StateFile(root / "modes.json", Modes)
    modes = Modes(drained=for_half_an_hour(), maintenance=Period("disk", 1.0))
    kept.save(modes)
    assert kept.load() == modes
