"""Hysteresis: how many looks in a row it takes to change one's mind.

Owns the rule of `fall` and `rise`. Pure; knows neither time nor what was looked at.

    first look            decides at once: there is nothing to be loyal to
    `fall` looks in a row worse than what stands     take it down to the best of them
    `rise` looks in a row better than what stands    take it up to the worst of them

So a check that swings between warn and fail is at least a warning after `fall` looks, and a fail
only after `fall` fails; no change ever rests on fewer looks than asked for.
"""

from __future__ import annotations

import msgspec

from agent.findings import Status

BADNESS = {Status.PASS: 0, Status.WARN: 1, Status.FAIL: 2}


class Streak(msgspec.Struct, frozen=True):
    """What stands, and the looks since that may yet change it, newest last."""

    standing: Status | None = None
    recent: tuple[Status, ...] = ()


def advance(streak: Streak, seen: Status, *, fall: int, rise: int) -> Streak:
    """The streak after one more look. `fall` and `rise` are at least 1."""
    recent = (*streak.recent, seen)[-max(fall, rise) :]
    standing = streak.standing
    if standing is None:
        return Streak(seen, recent)
    if len(recent) >= fall:
        best = min(recent[-fall:], key=BADNESS.__getitem__)
        if BADNESS[best] > BADNESS[standing]:
            return Streak(best, recent)
    if len(recent) >= rise:
        worst = max(recent[-rise:], key=BADNESS.__getitem__)
        if BADNESS[worst] < BADNESS[standing]:
            return Streak(worst, recent)
    return Streak(standing, recent)
