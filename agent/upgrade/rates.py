"""How long cloning took here, so that the next plan can say how long it will.

Owns the file with the last clone's figures. Refuses to guess where nothing was measured.
"""

from __future__ import annotations

from msgspec import Struct

from agent.change.pending import pending_file
from agent.data.clone import Cloned
from agent.data.forecast import Forecast
from agent.host.clone import How
from agent.layout import Layout
from agent.state import StateFile


class LastClone(Struct, frozen=True, kw_only=True):
    """What was cloned, and what all of the new data then took, migrations included."""

    how: How
    files: int
    size: int
    seconds: float
    made: float


def keep(layout: Layout, cloned: Cloned, made: float) -> None:
    """FileFailure."""
    last = LastClone(
        how=cloned.how, files=cloned.files, size=cloned.size, seconds=cloned.seconds, made=made
    )
    StateFile(layout.clones, LastClone).save(last)


def clone_seconds(layout: Layout, data: Forecast) -> float | None:
    """How long cloning will take; None where none of this kind was measured. FileFailure."""
    last = StateFile(layout.clones, LastClone).load(aside=False)
    if last is None or last.how != data.how:
        return None
    if data.how == "snapshot":
        return last.seconds
    more = max(data.size / max(1, last.size), data.files / max(1, last.files))
    return last.seconds * more


def rest_seconds(layout: Layout) -> float | None:
    """Stopping, starting and the first good verdict, as it was last time. FileFailure."""
    last = StateFile(layout.clones, LastClone).load(aside=False)
    pending = pending_file(layout).load(aside=False)
    if pending is None or pending.outcome is None or not pending.outcome.changed:
        return None
    made = last.made if last is not None and pending.kind == "upgrade" else 0.0
    return max(0.0, pending.outcome.downtime - made)
