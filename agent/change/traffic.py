"""Traffic during a change: sent away before the application stops, let come again.

Owns telling the agent, and knowing our own maintenance from a person's, which stays. It is
maintenance and no drain, so that `/livez` goes on saying 200: whoever replaces machines by it must
not take away one whose services are stopped on purpose. Refuses to insist: where the agent is dead
nobody is told that all is well either.
"""

from __future__ import annotations

from dataclasses import dataclass

from agent import asking
from agent.errors import CaretakerError
from agent.modes import MAINTENANCE
from agent.remedies.remedy import Scene

REASON = "change under way: "
_PATIENCE, _STEP = 5.0, 0.2  # seconds
_LONGEST = "6h"  # should nobody be left to take it back


def keep_away(scene: Scene, what: str) -> None:
    """Announce maintenance, unless a person did; one who drained it finds it drained afterwards."""
    modes = _modes(scene)
    if modes is not None and not any(each.name == MAINTENANCE for each in modes):
        _tell(scene, "/maintenance/on", {"reason": f"{REASON}{what}", "for": _LONGEST})


def let_come(scene: Scene, *, patience: float = _PATIENCE) -> None:
    """End a maintenance of ours, which outlives the agent and the machine's boot. Seconds."""
    clock = scene.host.clock
    deadline = clock.monotonic() + patience
    while (modes := _modes(scene)) is None and clock.monotonic() < deadline:
        clock.sleep(_STEP)  # It is being started.
    if any(each.name == MAINTENANCE and each.reason.startswith(REASON) for each in modes or []):
        _tell(scene, "/maintenance/off", {})


@dataclass(frozen=True, slots=True)
class _Mode:
    name: str
    reason: str


def _modes(scene: Scene) -> list[_Mode] | None:
    """What keeps traffic away; None: the agent does not say."""
    try:
        told = asking.get(scene.layout, "/status", network=scene.host.network)
    except CaretakerError:
        return None
    modes = told.get("modes")
    if not isinstance(modes, list):
        return None
    found = [each for each in modes if isinstance(each, dict)]
    return [_Mode(str(each.get("name", "")), str(each.get("reason", ""))) for each in found]


def _tell(scene: Scene, path: str, body: dict[str, str]) -> None:
    try:
        asking.post(scene.layout, path, body, network=scene.host.network)
    except CaretakerError:
        return  # It died this very moment.
