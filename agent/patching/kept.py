"""`patches.json`: which updates wait, as the daily task worked it out last.

Owns the record, and since when each one waits. Refuses to fetch anything.
"""

from __future__ import annotations

import msgspec
from msgspec.structs import replace

from agent.layout import Layout
from agent.patching.packages import Packages
from agent.patching.record import Update
from agent.state import StateFile


class Patches(msgspec.Struct, frozen=True, kw_only=True):
    """What waits. Times are since 1970; `known` is when the package lists were fetched, 0.0 where
    nobody knows. `fingerprint` is of the lists and packages that this was worked out from."""

    at: float
    pending: int
    security: int
    names: tuple[str, ...] = ()
    reboot: bool = False
    known: float = 0.0
    fingerprint: str = ""
    updates: tuple[Update, ...] = ()
    kept: tuple[str, ...] = ()


_NAMED = 200


def patches_file(layout: Layout) -> StateFile[Patches]:
    return StateFile(layout.patches, Patches)


def read_patches(layout: Layout) -> Patches | None:
    """What is known; None where it is not, or makes no sense. Changes nothing."""
    return patches_file(layout).load(aside=False)


def waiting(packages: Packages, before: Patches | None, now: float) -> Patches:
    """What waits now. Raises MachineError and HostFailure."""
    fingerprint = packages.fingerprint()
    found = packages.simulate("usual")
    seen = {(each.name, each.after): each.seen for each in (before.updates if before else ())}
    updates = tuple(
        replace(each, seen=seen.get((each.name, each.after), 0.0) or now) for each in found.updates
    )
    security = [each.name for each in updates if each.security]
    return Patches(
        at=now,
        pending=len(updates),
        security=len(security),
        names=tuple(security[:_NAMED]),
        known=packages.known(),
        fingerprint=fingerprint,
        updates=updates,
        kept=found.kept,
    )
