"""Orders to the supervisor: somebody waits for a service to be started, stopped or restarted.

Owns when such a wait is over, and with what answer. Refuses to carry anything out.
"""

from __future__ import annotations

from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Literal

from agent.errors import MachineError
from agent.services.keeper import Keeper, Phase

Verb = Literal["start", "stop", "restart", "end"]


@dataclass(slots=True)
class Order:
    """One order. `done` is answered by the supervisor's thread; `end` is for all services."""

    verb: Verb
    name: str
    done: Future[None] = field(default_factory=Future)
    _starts_before: int = 0

    def give(self, keeper: Keeper, now: float) -> None:
        self._starts_before = keeper.starts
        if self.verb == "start":
            keeper.start(now)
        elif self.verb == "stop":
            keeper.stop(now)
        else:
            keeper.restart(now)

    def answer(self, keeper: Keeper) -> bool:
        """Whether the wait is over; `done` then says how."""
        fresh = keeper.starts > self._starts_before
        if self.verb == "stop":
            over = keeper.phase is Phase.STOPPED
        else:
            over = keeper.phase is Phase.ACTIVE and (fresh or self.verb == "start")
        if over:
            self.done.set_result(None)
        elif fresh and keeper.phase in (Phase.PAUSING, Phase.LEFT):
            self.refuse(keeper.why)
            over = True
        return over

    def refuse(self, why: str) -> None:
        self.done.set_exception(failed_to(self.name, self.verb, why))


def failed_to(name: str, verb: str, why: str) -> MachineError:
    """The error of an act on a service that did not work."""
    return MachineError(
        "service-failed", f"{name} did not {verb}: {why}", hint=f"caretaker logs {name}"
    )
