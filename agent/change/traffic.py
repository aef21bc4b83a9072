"""Traffic during a change: sent away before the application stops, let come again.

Owns telling the agent, and knowing our own drain from a person's, which stays. Refuses to insist:
where the agent is dead nobody is told that all is well either.
"""

from __future__ import annotations

from agent import asking
from agent.errors import CaretakerError
from agent.remedies.remedy import Scene

REASON = "change under way: "
_PATIENCE, _STEP = 5.0, 0.2  # seconds
_LONGEST = "6h"  # should nobody be left to take it back


def keep_away(scene: Scene, what: str) -> None:
    """Drain, unless it is drained already."""
    if _modes(scene) == []:
        _tell(scene, "/drain", {"reason": f"{REASON}{what}", "for": _LONGEST})


def let_come(scene: Scene, *, patience: float = _PATIENCE) -> None:
    """End a drain of ours, which outlives the agent and the machine's boot. Seconds."""
    clock = scene.host.clock
    deadline = clock.monotonic() + patience
    while (modes := _modes(scene)) is None and clock.monotonic() < deadline:
        clock.sleep(_STEP)  # It is being started.
    if any(reason.startswith(REASON) for reason in modes or []):
        _tell(scene, "/undrain", {})


def _modes(scene: Scene) -> list[str] | None:
    """The reasons of what keeps traffic away; None: the agent does not say."""
    try:
        told = asking.get(scene.layout, "/status", network=scene.host.network)
    except CaretakerError:
        return None
    modes = told.get("modes")
    if not isinstance(modes, list):
        return None
    return [str(each.get("reason", "")) for each in modes if isinstance(each, dict)]


def _tell(scene: Scene, path: str, body: dict[str, str]) -> None:
    try:
        asking.post(scene.layout, path, body, network=scene.host.network)
    except CaretakerError:
        return  # It died this very moment.
