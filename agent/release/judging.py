"""Whether a release that was verified may follow what runs here.

Owns the refusals: another appliance, older, expired, too old a start, data it can't read. Pure.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Protocol

from agent.errors import RefusedError
from agent.release.record import ReleaseRecord
from agent.release.signatures import refused
from agent.release.trust import Mark
from agent.release.versions import order


class Active(Protocol):
    """What runs now: a deployment."""

    @property
    def version(self) -> str: ...

    @property
    def epoch(self) -> int: ...

    @property
    def sequence(self) -> int: ...


def judge(
    record: ReleaseRecord, active: Active | None, *, older: bool = False
) -> RefusedError | None:
    """Why the release must not follow `active`; None where it may, or nothing runs yet."""
    if active is None:
        return None
    this, that = order(record.version), order(active.version)
    if not older and (this < that or record.sequence < active.sequence):
        return _older(record, f"{active.version} runs here", active.sequence)
    if record.minimum_from and that < order(record.minimum_from):
        return refused(
            f"{record.version} upgrades from {record.minimum_from} on, and {active.version} runs"
            " here",
            f"caretaker upgrade FILE  # with the bundle of {record.minimum_from} first",
        )
    if active.epoch not in record.epoch.reads:
        reads = ", ".join(map(str, record.epoch.reads)) or "none"
        return refused(
            f"the data here is of epoch {active.epoch}, and {record.version} reads {reads}",
            "caretaker releases  # going back in versions means going back in data: rollback",
        )
    return None


def judge_seen(record: ReleaseRecord, mark: Mark | None, *, older: bool) -> RefusedError | None:
    """Why it must not be accepted after what was seen here before."""
    if older or mark is None or record.sequence >= mark.sequence:
        return None
    return _older(record, f"{mark.version} was accepted here before", mark.sequence)


def judge_age(
    record: ReleaseRecord, ends: float, at: float, *, expired: bool
) -> RefusedError | None:
    """Why its age speaks against it: an old bundle may hide that there is a newer one."""
    if expired or at < ends:
        return None
    said, now = (datetime.fromtimestamp(each, UTC).strftime("%Y-%m-%d") for each in (ends, at))
    return refused(
        f"the signatures on {record.version} ended on {said}, and it is {now}",
        "ask the vendor for a newer one; if there is none: caretaker upgrade FILE --expired",
    )


def _older(record: ReleaseRecord, why: str, sequence: int) -> RefusedError:
    return refused(
        f"{record.version} (sequence {record.sequence}) is older: {why} (sequence {sequence})",
        "caretaker rollback, or where an older one is meant: caretaker upgrade FILE --older",
    )
