"""What systemd tells of a unit, as facts: by what it printed for real units."""

import pytest

from agent.host.systemd import _unit_state

# A unit that was told to stop, one that was killed, one that ended while it waited for a restart
# and was told to stop then, one that never ran: systemd 252, the facts that matter here.
TIMES = ("ExecMainStart", "ActiveExit", "ExecMainExit")


def told_to_stop(*times: int) -> bool:
    lines = [f"{name}TimestampMonotonic={time}" for name, time in zip(TIMES, times, strict=True)]
    return _unit_state("web.service", "\n".join(lines)).told_to_stop


@pytest.mark.parametrize(
    ("times", "expected"),
    [
        ((13177912166, 13178629187, 13178632383), True),  # systemctl stop
        ((13177917399, 13179332050, 13179332657), True),  # the same, and it ended with status 143
        ((13177913656, 13179000110, 13178999896), False),  # kill -9
        ((13179347828, 13179453684, 13179453463), False),  # it ended by itself with status 143
        ((13178700000, 13178672564, 13178710000), False),  # a later run that never got active
        ((13177919651, 0, 0), False),  # it runs
        ((0, 0, 0), False),  # it never did
    ],
)
def test_who_was_told_to_stop_left_active_before_it_ended(
    times: tuple[int, int, int], expected: bool
) -> None:
    assert told_to_stop(*times) is expected


def test_what_systemd_leaves_out_is_nothing() -> None:
    state = _unit_state("web.service", "LoadState=not-found\nMainPID=\nNRestarts=[not set]\n")
    assert (state.name, state.exists, state.main_pid, state.restarts) == (
        "web.service", False, 0, 0,
    )  # fmt: skip
    assert (state.since, state.invocation) == (0.0, "")
