"""A pair's dates against a clock that may be wrong: is it too old, too young, or who errs.

Owns when a pair is renewed: two thirds of its life over or thirty days left, whichever is first
(Let's Encrypt's integration guide; the days only where it lives long enough). And when the clock
is the one at fault, so that a wrong one never leads to a new pair an hour. Pure.
"""

from __future__ import annotations

from dataclasses import dataclass

from agent.host.clock import rfc3339
from agent.tls.memory import Made
from agent.tls.moment import CLOCK_FLOOR, Moment, Trust, is_trusted, trust
from agent.tls.placing import Origin

_DAY = 86400.0
_SHARE = 2 / 3
_LEFT = 30 * _DAY
_SHORT_LIFE = 60 * _DAY
# By the clock that nobody sets: a pair that is too old sooner than this has a wrong clock.
_AT_MOST_EVERY = 6 * 3600.0

CLOCK_HINT = "timedatectl  # set the clock right; `timedatectl set-ntp true` keeps it so"


@dataclass(frozen=True, slots=True)
class Dates:
    """A pair's: `ends` with all above it; `made` where we made it and remember."""

    begins: float
    ends: float
    origin: Origin
    made: Made | None = None


@dataclass(frozen=True, slots=True)
class Judged:
    """A date that is wrong, by the code of a finding; `refusal` where the clock is to blame."""

    code: str
    summary: str
    refusal: str = ""
    hint: str = ""


def renewal_at(begins: float, ends: float) -> float:
    """When a pair should make way, in seconds since 1970."""
    life = ends - begins
    share = begins + life * _SHARE
    return share if life < _SHORT_LIFE else min(share, ends - _LEFT)


def judge_dates(dates: Dates, moment: Moment, name: str) -> Judged | None:
    """What is wrong; None where the dates are good, or can't be told to be bad."""
    judged = trust(moment, [dates.begins])
    if moment.now < dates.begins:
        return _early(dates, moment, judged, name)
    late = _late(dates, moment)
    if late is not None:
        refusal = _why_not_late(dates, moment, judged)
        hint = f"{CLOCK_HINT}; if it is right: caretaker tls renew {name}"
        return Judged(late.code, late.summary, refusal, hint) if refusal else late
    if dates.origin.provisional and is_trusted(judged) and not _just_made(dates, moment, judged):
        return Judged(
            "certificate-provisional", "it was made while the clock could not be believed"
        )
    return None


def _late(dates: Dates, moment: Moment) -> Judged | None:
    if moment.now >= dates.ends:
        return Judged("certificate-expired", f"it ended at {rfc3339(dates.ends)}")
    if moment.now >= renewal_at(dates.begins, dates.ends):
        days = (dates.ends - moment.now) / _DAY
        return Judged("certificate-expiring", f"its time to be renewed has come, {days:.0f} days "
                                              "before it ends")  # fmt: skip
    return None


def _why_not_late(dates: Dates, moment: Moment, judged: Trust) -> str:
    if judged == "ahead":
        return (
            f"the clock says {rfc3339(moment.now)}, years after all that is known here, and no "
            "time service vouches for it"
        )
    # A clock that is behind is no excuse: by the right one the pair is older still.
    if _just_made(dates, moment, judged):
        return "it was made within hours, by a clock that nobody sets: the date has jumped"
    return ""


def _just_made(dates: Dates, moment: Moment, judged: Trust) -> bool:
    """Whether another new pair for a date would be a loop; never where a time service vouches."""
    made = dates.made
    if judged == "synchronised" or made is None or made.boot != moment.boot:
        return False
    return 0 <= moment.monotonic - made.monotonic < _AT_MOST_EVERY


def _early(dates: Dates, moment: Moment, judged: Trust, name: str) -> Judged | None:
    begins = rfc3339(dates.begins)
    summary = f"it is not valid before {begins}, and the clock says {rfc3339(moment.now)}"
    refusal = _why_not_early(dates, moment, judged)
    hint = f"{CLOCK_HINT}; if it is right: caretaker tls renew {name}"
    return Judged("certificate-early", summary, refusal, hint if refusal else "")


def _why_not_early(dates: Dates, moment: Moment, judged: Trust) -> str:
    if judged == "synchronised":
        return ""  # The clock was wrong when the pair was made.
    if moment.now < CLOCK_FLOOR:
        return "the clock is behind: this program is younger than that"
    if dates.origin.clock == "synchronised":
        return "the clock is behind: a time service vouched for it when the pair was made"
    if not moment.settled:
        return "the machine has just started; its time service may yet set the clock"
    return ""  # Which of the two clocks erred, nobody knows: the new pair fits both.
