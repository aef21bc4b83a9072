"""All services of a manifest, each with its keeper, begun and ended in the order of `requires`.

Owns who may begin or end next. A service begins when those it requires have been started once
(also where that failed: it restarts until they are there, as under systemd with Wants=) and ends
after those that require it. Refuses threads: one caller, who brings the time.
"""

from __future__ import annotations

from collections.abc import Mapping

from agent.manifest.model import Service
from agent.services.keeper import Keeper, Phase
from agent.services.order import start_order
from agent.services.protocol import ServiceState, State

_WORDS: dict[Phase, State] = {
    Phase.STOPPED: "stopped",
    Phase.STARTING: "starting",
    Phase.ACTIVE: "active",
    Phase.CLEARING: "stopping",
    Phase.STOPPING: "stopping",
    Phase.PAUSING: "backoff",
    Phase.LEFT: "failed",
}
_NOT_YET = (Phase.STARTING, Phase.CLEARING)


class Crew:
    """The keepers by name, in start order."""

    def __init__(self, services: Mapping[str, Service], keepers: Mapping[str, Keeper]) -> None:
        self.keepers = {name: keepers[name] for name in start_order(services)}
        self._requires = {
            name: [each for each in services[name].requires if each in self.keepers]
            for name in self.keepers
        }
        self._to_begin = list(self.keepers)
        self.ending = False
        self._since: dict[str, tuple[Phase, float]] = {}

    @property
    def ended(self) -> bool:
        """Whether all are down for good."""
        return self.ending and all(
            keeper.phase is Phase.STOPPED for keeper in self.keepers.values()
        )

    def end(self) -> None:
        """From now on everything only ends."""
        self.ending = True
        self._to_begin = []

    def asked(self, name: str) -> Keeper:
        """The keeper that somebody gives an order; from then on its start is no longer ours."""
        if name in self._to_begin:
            self._to_begin.remove(name)
        return self.keepers[name]

    def step(self, now: float) -> None:
        """Do all that may be done now."""
        for keeper in self.keepers.values():
            if keeper.due is not None and now >= keeper.due:
                keeper.tick(now)
        if self.ending:
            self._end_some(now)
        else:
            self._begin_some(now)

    def next_due(self) -> float | None:
        """When the next step is due, if nothing happens before."""
        return min(
            (each.due for each in self.keepers.values() if each.due is not None), default=None
        )

    def states(self, wall: float) -> dict[str, ServiceState]:
        """How all stand. `wall`: seconds since 1970."""
        return {name: self._state(keeper, wall) for name, keeper in self.keepers.items()}

    def _begin_some(self, now: float) -> None:
        for name in list(self._to_begin):
            required = self._requires[name]
            if any(each in self._to_begin for each in required):
                continue
            if any(self.keepers[each].phase in _NOT_YET for each in required):
                continue
            self._to_begin.remove(name)
            self.keepers[name].start(now)

    def _end_some(self, now: float) -> None:
        for name in reversed(self.keepers):
            users = [each for each, required in self._requires.items() if name in required]
            keeper = self.keepers[name]
            if keeper.phase in (Phase.STOPPED, Phase.STOPPING):
                continue
            if all(self.keepers[each].phase is Phase.STOPPED for each in users):
                keeper.stop(now)

    def _state(self, keeper: Keeper, wall: float) -> ServiceState:
        phase, since = self._since.get(keeper.name, (None, wall))
        if phase is not keeper.phase:
            since = wall
            self._since[keeper.name] = (keeper.phase, since)
        return ServiceState(
            name=keeper.name,
            unit="",
            running=keeper.phase is Phase.ACTIVE,
            state=_WORDS[keeper.phase],
            pid=keeper.child.identity.pid if keeper.child is not None else 0,
            restarts=keeper.restarts,
            since=since,
            summary=_summary(keeper),
        )


def _summary(keeper: Keeper) -> str:
    if keeper.phase is Phase.PAUSING:
        return f"{keeper.why}; waits to be restarted"
    if keeper.phase is Phase.LEFT and keeper.limit:
        return f"left stopped after {keeper.limit.words()}; last: {keeper.why}"
    if keeper.phase is Phase.CLEARING:
        return f"{keeper.why}; what it left is being ended"
    if keeper.phase is Phase.ACTIVE and keeper.restarts:
        times = "once" if keeper.restarts == 1 else f"{keeper.restarts} times"
        return f"active, restarted {times}; last it {keeper.why}"
    return _WORDS[keeper.phase]
