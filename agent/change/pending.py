"""The change that is under way, or how the last one ended: `change.json`.

Owns the record and its phases. It is written before anything is made and says what was meant;
what has happened is told by `active` alone. Refuses to act on it (`recovery`).
"""

from __future__ import annotations

from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from agent.change.change import Change, Kind, Outcome
from agent.deployment import Deployment
from agent.host.clock import Clock
from agent.layout import Layout
from agent.state import StateFile

# preparing: nothing is decided. gating: it has flipped. committing: the new one is good.
# returning: the old one comes back. done: nothing is under way.
Phase = Literal["preparing", "gating", "committing", "returning", "done"]


class Pending(Struct, frozen=True, kw_only=True):
    """One change. `begun` and `ended` are since 1970, `number` and `before` deployments.

    `fresh`: the deployment and its data are made by this change, and by nobody else. `stopped` is
    when the services were, once it has flipped. `gates` counts how often the new one was put to
    the proof again, since one that takes the machine down with it never comes to a verdict.
    """

    kind: Kind
    title: str
    phase: Phase
    number: int
    before: int
    version: str
    before_version: str
    fresh: bool
    begun: float
    ended: float | None = None
    stopped: float | None = None
    gates: int = 0
    why: str = ""
    outcome: Outcome | None = None

    @property
    def under_way(self) -> bool:
        return self.phase != "done"


def pending_file(layout: Layout) -> StateFile[Pending]:
    return StateFile(layout.change, Pending)


def begin(layout: Layout, clock: Clock, change: Change, before: Deployment, number: int) -> Pending:
    """Write down what is meant. Raises FileFailure."""
    pending = Pending(
        kind=change.kind,
        title=change.title,
        phase="preparing",
        number=number,
        before=before.number,
        version=change.target.version,
        before_version=before.version,
        fresh=change.target.number is None,
        begun=clock.wall(),
    )
    pending_file(layout).save(pending)
    return pending


def go_on(layout: Layout, pending: Pending, phase: Phase, *, why: str = "") -> Pending:
    """Write down the next phase. Raises FileFailure."""
    further = replace(pending, phase=phase, why=why or pending.why)
    pending_file(layout).save(further)
    return further


def end(layout: Layout, pending: Pending, clock: Clock, outcome: Outcome) -> None:
    """Nothing is under way any more. Raises FileFailure."""
    ended = replace(
        pending, phase="done", ended=clock.wall(), outcome=outcome, why=outcome.why or pending.why
    )
    pending_file(layout).save(ended)
