"""Whether the clock may be believed, so that a wrong one never makes or ruins a certificate.

Owns the evidence and the judgement. A machine with an empty battery boots in 1970, a cloned one
with its host's time of last year, and a typing error puts it into 2036; each must neither replace
a good pair for nothing, nor leave the machine without one. Pure: who asks reads the clocks.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

# This was written later than that, so a clock before it is wrong, whoever vouches for it.
CLOCK_FLOOR = datetime(2025, 1, 1, tzinfo=UTC).timestamp()

_DAY = 86400.0
# A time service, or a person, sets a clock back by hours; by a day nobody does without a reason.
_SLACK = _DAY
# Machines stand in a cupboard for a year; two years after all we know is more likely a mistake.
_FAR = 2 * 365 * _DAY
# What a time service needs after a boot until it has set the clock, and some.
_SETTLED = 600.0

Trust = Literal["synchronised", "plausible", "behind", "ahead"]


@dataclass(frozen=True, slots=True)
class Moment:
    """What the clocks say, and what speaks for and against the wall clock.

    `now` is seconds since 1970; `synchronised` what the kernel says of a time service; `newest`
    the latest time known to be over; `witness` a time that speaks only for a later clock, never
    against an earlier one (a file's); `monotonic` counts from the boot that is named `boot`.
    """

    now: float
    synchronised: bool = False
    newest: float = CLOCK_FLOOR
    witness: float = 0.0
    boot: str = ""
    monotonic: float = 0.0
    booting: bool = False

    @property
    def settled(self) -> bool:
        """Whether a time service had its time to set the clock right."""
        return not self.booting and self.monotonic >= _SETTLED


def newest_of(*known: float) -> float:
    """The latest of the times that are known to be over."""
    return max((CLOCK_FLOOR, *known))


def trust(moment: Moment, known: Iterable[float] = ()) -> Trust:
    """How far the wall clock may be believed; `known` are more times that must be over.

    `synchronised` overrules what we noted ourselves: that note may come from a wrong clock.
    """
    if moment.now < CLOCK_FLOOR:
        return "behind"
    if moment.synchronised:
        return "synchronised"
    newest = newest_of(moment.newest, *known)
    if moment.now < newest - _SLACK:
        return "behind"
    if moment.now > max(newest, moment.witness) + _FAR:
        return "ahead"
    return "plausible"


def is_trusted(judged: Trust) -> bool:
    return judged in ("synchronised", "plausible")
