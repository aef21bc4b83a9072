"""When a remedy may act on a target: budget, growing pauses, and safe mode.

Owns these rules. Pure: times are ticks of `Clock.monotonic`, which no step of the wall clock moves,
so neither 1970 nor a clock far ahead grants one act more. Refuses files and acts.

Nobody knows how long a machine was off. What was done in an earlier boot therefore counts as done
when that boot was last heard of, at the latest moment that is possible, and stands at ticks of 0 or
below; what did not cure is counted over any number of boots.
"""

from __future__ import annotations

from dataclasses import dataclass

import msgspec

from agent.remedies.remedy import Budget


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """What is remembered of one remedy and one target.

    `acts` are the ticks at which acts began, `streak` how many in a row did not cure, `wait_until`
    the ticks before which there is no next one. `safe` says why it is in safe mode; `since`, in
    seconds since 1970, is for people only. `acting`: an act began and its end is not known.
    `refused` keeps a refusal from being entered into the ledger at every run.
    """

    acts: tuple[float, ...] = ()
    streak: int = 0
    wait_until: float = 0.0
    safe: str = ""
    since: float = 0.0
    acting: bool = False
    refused: str = ""


@dataclass(frozen=True, slots=True)
class Decision:
    """Whether it may act now, and why not. `safe`: not until a person says so."""

    may: bool
    why: str = ""
    safe: bool = False
    wait: float = 0.0


def decide(record: Record, budget: Budget, now: float) -> Decision:
    """Whether a remedy may act by itself on this target at `now`."""
    if record.safe:
        return Decision(may=False, why=record.safe, safe=True)
    if record.streak >= budget.acts:
        return Decision(may=False, why=_in_vain(record.streak), safe=True)
    fresh = _fresh(record, budget, now)
    if len(fresh) >= budget.acts:
        return _spent(fresh, budget, now)
    if record.wait_until > now:
        wait = record.wait_until - now
        return Decision(may=False, why=f"the next one in {wait:.0f} s", wait=wait)
    return Decision(may=True)


def begun(record: Record, budget: Budget, now: float) -> Record:
    """An act begins: counted as one that did not cure, until `cured` says otherwise.

    So one that is killed in the middle has counted, and paused.
    """
    streak = record.streak + 1
    fresh = _fresh(record, budget, now)[-budget.acts :]
    return msgspec.structs.replace(
        record,
        acts=(*fresh, now),
        streak=streak,
        wait_until=now + pause_after(streak, budget),
        acting=True,
        refused="",
    )


def cured(record: Record) -> Record:
    """The look after the act found nothing wrong any more. The act itself stays counted."""
    return Record(acts=record.acts)


def uncured(record: Record, budget: Budget, *, now: float, wall: float) -> Record:
    """It is still wrong after the act, which began the pause; this ends not before its end."""
    ended = msgspec.structs.replace(
        record, acting=False, wait_until=now + pause_after(record.streak, budget)
    )
    if record.streak >= budget.acts:
        return safe_mode(ended, _in_vain(record.streak), wall)
    return ended


def safe_mode(record: Record, why: str, wall: float) -> Record:
    """Stop until a person resets it."""
    return record if record.safe else msgspec.structs.replace(record, safe=why, since=wall)


def gone(record: Record) -> Record:
    """It was seen well again without an act; the last one may have cured late. Safe mode stays."""
    if record.safe:
        return record
    return Record(acts=record.acts)


def idle(record: Record, budget: Budget, now: float) -> bool:
    """Whether nothing in it matters any more."""
    told = record.safe or record.streak or record.acting or record.refused
    return not told and not _fresh(record, budget, now)


def after_loss(budget: Budget, lost: float) -> Record:
    """The record of a target when all records were lost at `lost`: one act is left, not all."""
    spent = budget.acts - 1
    return Record(acts=(lost,) * spent, streak=spent)


def carried(record: Record, seen: float) -> Record:
    """The record in a new boot, where the old one was last heard of at ticks `seen` of its own.

    A reboot ends a pause: it is what people do to mend a machine, and acts stay counted.
    """
    acts = tuple(min(at - seen, 0.0) for at in record.acts)
    return msgspec.structs.replace(record, acts=acts, wait_until=0.0)


def pause_after(streak: int, budget: Budget) -> float:
    """Seconds to wait after so many acts in a row that did not cure."""
    # Doubling is cut off before floats overflow.
    return float(min(budget.longest, budget.pause * 2.0 ** min(streak - 1, 64)))


def _fresh(record: Record, budget: Budget, now: float) -> tuple[float, ...]:
    return tuple(at for at in record.acts if now - at < budget.window)


def _spent(fresh: tuple[float, ...], budget: Budget, now: float) -> Decision:
    if fresh[-budget.acts] <= 0:
        # Of an earlier boot, so perhaps long ago: that is no reason to wait for a person.
        wait = fresh[-budget.acts] + budget.window - now
        why = f"{budget.acts} acts before and after a reboot; the next one in {wait:.0f} s"
        return Decision(may=False, why=why, wait=wait)
    why = f"{budget.acts} acts within {budget.window / 60:.0f} min, and it is wrong again"
    return Decision(may=False, why=why, safe=True)


def _in_vain(streak: int) -> str:
    return "an act did not cure it" if streak == 1 else f"{streak} acts in a row did not cure it"
