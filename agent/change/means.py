"""What a change needs done on the machine, by whoever runs the services there.

Owns the words shared by systemd and embedded mode. Refuses behaviour: `on_systemd` and `embedded`
have it, and tests bring their own.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

from agent.manifest.model import Manifest
from agent.progress import Progress
from agent.remedies.remedy import Scene


@dataclass(frozen=True, slots=True)
class Judged:
    """What the health gate found. `first_good` is in ticks of `Clock.monotonic`.

    `why` says what was wrong, in words for people; `evidence` is for the ledger, without secrets.
    """

    good: bool
    first_good: float | None = None
    why: str = ""
    evidence: dict[str, str] = field(default_factory=dict)


class Means(Protocol):
    """All raise CaretakerError, HostFailure or OSError, and may be done twice."""

    def scene_of(self, scene: Scene, manifest: Manifest) -> Scene:
        """The same machine, with another manifest."""
        ...

    def keep_away(self, scene: Scene, reason: str) -> None:
        """Send traffic away, unless a person has already. An agent that is dead stops nobody."""
        ...

    def let_come(self, scene: Scene) -> None:
        """Take that back; what a person said stays."""
        ...

    def stop(self, scene: Scene) -> None:
        """Stop every service, those that start last first."""
        ...

    def settle(self, scene: Scene) -> None:
        """Make every derived file true to the active deployment's manifest, which is the scene's.

        The services are stopped. At boot they are about to be started.
        """
        ...

    def start(self, scene: Scene) -> None:
        """Start every service, and have the agent look at this manifest."""
        ...

    def judge(self, scene: Scene, progress: Progress) -> Judged:
        """The health gate: wait until the agent has said often enough that all is well.

        Traffic may come (`let_come`) from the first good verdict on.
        """
        ...

    def last_words(self, scene: Scene) -> dict[str, str]:
        """The last lines of each service that does not run, by its name."""
        ...
