"""What one change works with, and what it writes into the ledger.

Owns the bundle that the course, the proof, the way back and recovery hand on, and the words of
the ledger's entries, so that `caretaker ledger` tells the whole story. Refuses to decide anything.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from agent.change.change import Outcome
from agent.change.means import Judged, Means
from agent.change.pending import Pending
from agent.deployment import Deployments
from agent.host.clock import Clock
from agent.ledger import Ledger
from agent.manifest.reader import parse
from agent.progress import Progress, Silent
from agent.remedies.remedy import Scene

Detail = dict[str, str | int | float | bool | None]


@dataclass(frozen=True, slots=True)
class Act:
    """`scene` is of the manifest that was in place when this began."""

    scene: Scene
    means: Means
    progress: Progress = field(default_factory=Silent)

    @property
    def clock(self) -> Clock:
        return self.scene.host.clock

    @property
    def deployments(self) -> Deployments:
        return Deployments(self.scene.layout, self.clock)

    def scene_at(self, number: int) -> Scene:
        """The scene of a deployment's own manifest. ManifestError, FileFailure.

        One that setup made before each had its own goes by the one in place.
        """
        text = self.deployments.manifest(number)
        if text is None:
            return self.scene
        file = str(self.deployments.folder(number) / "appliance.toml")
        return self.means.scene_of(self.scene, parse(text.decode(), file=file))

    def enter(
        self,
        pending: Pending,
        step: str,
        outcome: str,
        *,
        why: str = "",
        seconds: float | None = None,
        detail: Detail | None = None,
    ) -> None:
        """A line of the ledger. The act is the change's kind, and its step where there is one."""
        name = f"{pending.kind} {step}" if step else pending.kind
        target = f"{pending.before_version} to {pending.version}"
        facts: Detail = {"deployment": pending.number, "before": pending.before, **(detail or {})}
        Ledger(self.scene.layout.ledger, self.clock).write(
            name, target=target, outcome=outcome, why=why, seconds=seconds, detail=facts
        )

    def enter_verdict(self, pending: Pending, judged: Judged, *, old: bool = False) -> None:
        """What the health gate said, of the new one or of the one that came back."""
        outcome = "done" if judged.good else "failed"
        step = "gate of the old one" if old else "gate"
        self.enter(pending, step, outcome, why=judged.why, detail={**judged.evidence})

    def enter_end(self, pending: Pending, outcome: Outcome, word: str) -> None:
        """How it all ended."""
        detail: Detail = {"downtime": round(outcome.downtime, 3), "flip": round(outcome.flip, 4)}
        if outcome.how:
            detail["how"] = outcome.how
        self.enter(pending, "", word, why=outcome.why, seconds=outcome.seconds, detail=detail)


@dataclass(slots=True)
class Times:
    """When things happened, in ticks; `flip` is a length. None: not by this process."""

    begun: float
    stopped: float | None = None
    flip: float = 0.0
    how: str = ""

    def outcome(
        self,
        act: Act,
        pending: Pending,
        *,
        changed: bool,
        first_good: float | None = None,
        why: str = "",
    ) -> Outcome:
        now = act.clock.monotonic()
        return Outcome(
            changed=changed,
            deployment=pending.number if changed else pending.before,
            version=pending.version if changed else pending.before_version,
            before=pending.before,
            downtime=self._downtime(act, pending, first_good if first_good else now),
            seconds=now - self.begun,
            flip=self.flip,
            why=why,
            how=self.how,
        )

    def _downtime(self, act: Act, pending: Pending, up: float) -> float:
        if self.stopped is not None:
            return max(0.0, up - self.stopped)
        if pending.stopped is None:
            return 0.0
        # Another process stopped it, maybe before a reboot: only the wall clock knows of both.
        return max(0.0, act.clock.wall() - (act.clock.monotonic() - up) - pending.stopped)
