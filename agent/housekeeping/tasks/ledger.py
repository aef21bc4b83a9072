"""`ledger`: root's ledger, without the room that entries long gone had.

Owns the words. How many entries are kept is the ledger's own rule. Refuses the daemon's ledger:
that is its user's file, and root never writes there.
"""

from __future__ import annotations

from agent.health.words import amount
from agent.host import compact
from agent.housekeeping.task import Chores, Done, Task
from agent.manifest.kinds import Duration
from agent.manifest.upkeep import Schedule


def run(chores: Chores) -> Done:
    path = chores.layout.ledger
    if not path.exists():
        return Done(summary="there is none yet")
    freed = compact.spare(path) if chores.dry else compact.compact(path)
    said = f"{'would free' if chores.dry else 'freed'} {amount(freed)}"
    return Done(summary=said if freed else "nothing to gain", freed=freed, items=1 if freed else 0)


TASK = Task(
    name="ledger",
    title="the ledger of Caretaker's acts, compacted",
    schedule=Schedule(calendar="weekly", jitter=Duration(3600)),
    run=run,
    timeout=600.0,
)
