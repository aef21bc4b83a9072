"""After an interruption: what is under way is brought to an end, one way or the other.

Owns the table below, which docs/explanation/changes.md explains. It is read off the disk alone,
may itself be interrupted at any point, and then begins again. Refuses to touch anything while
`active` can't be read.

| `change.json` says | `active` names | what it does |
|---|---|---|
| nothing, done | any | nothing |
| no sense | any | takes away what nobody names; derived files; starts |
| preparing | the old one | takes away what was made; derived files; starts the old one |
| preparing, gating | the new one | puts it to the proof again; too often, and it goes back |
| committing | the new one | writes down that it is good |
| returning; or marked abandoned | the new one | flips back, then as below |
| gating, committing, returning | the old one | derived files; starts the old one |
| anything | another one | somebody did it by hand: takes away what nobody names; starts |
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import msgspec

from agent.change import back, proof
from agent.change.act import Act, Times
from agent.change.change import Outcome
from agent.change.means import Judged, Means
from agent.change.pending import Pending, end, pending_file
from agent.change.sweep import asides, halves, sweep
from agent.deployment import Deployment
from agent.errors import CaretakerError, RolledBackError
from agent.host import files
from agent.progress import Progress, Silent
from agent.remedies.remedy import Scene

# Proofs that were interrupted. A reboot counts twice, at boot and when the proof begins again.
MOST_GATES = 4

Found = Literal["nothing", "called-off", "committed", "returned", "due"]


@dataclass(frozen=True, slots=True)
class Recovered:
    """What there was, and how it ended. `due`: it boots, and the proof comes afterwards.

    `error` is for whoever asked for the change that was interrupted.
    """

    found: Found
    outcome: Outcome | None = None
    error: CaretakerError | None = None


NOTHING = Recovered("nothing")


def recover(
    scene: Scene, *, means: Means, progress: Progress | None = None, booting: bool = False
) -> Recovered:
    """Bring what was interrupted to an end; the caller holds the lock. CaretakerError,
    HostFailure: it could not, and may be tried again.

    `booting`: the machine starts the services by itself afterwards, and no verdict is waited for.
    """
    act = Act(scene, means, progress or Silent())
    file = pending_file(scene.layout)
    pending, spoilt = file.load(aside=False), file.broken()
    # Also where nothing is under way: killed before its first record, a run leaves that one aside.
    asides(scene.layout)
    if booting:
        # Only then is whoever wrote it gone: at other times it may be for the run that comes next.
        files.remove(scene.layout.change_request)
    if not spoilt and (pending is None or not pending.under_way):
        halves(scene.layout, booting=booting)
        return NOTHING
    active = act.deployments.active()
    if active is None:
        return NOTHING
    way = _Recovery(act, active, booting=booting)
    if pending is None:
        way.unknown()
        file.set_aside()
        return Recovered("called-off")
    act.enter(pending, "recovery", "begun", why=f"it was interrupted while {pending.phase}")
    return way.go(pending)


@dataclass(frozen=True, slots=True)
class _Recovery:
    act: Act
    active: Deployment
    booting: bool

    def go(self, pending: Pending) -> Recovered:
        clock = self.act.clock
        # As long ago as it was asked for: that is what it took, whoever brought it to an end.
        times = Times(clock.monotonic() - max(0.0, clock.wall() - pending.begun))
        if self.active.number == pending.number:
            return self._flipped(pending, times)
        if self.active.number == pending.before and pending.phase != "preparing":
            return self._returned(pending, times)
        return self._not_flipped(pending, times)

    def unknown(self) -> None:
        """`change.json` holds no sense: what is active counts, whatever was meant."""
        sweep(self.act.deployments, self.active, None)
        self._run_active()

    def _flipped(self, pending: Pending, times: Times) -> Recovered:
        if pending.phase == "committing":
            judged = Judged(good=True, first_good=None)
            return Recovered("committed", proof.commit(self.act, pending, times, judged))
        gone_back = pending.fresh and self.active.abandoned is not None
        if pending.phase == "returning" or gone_back:
            return self._back(pending, times, pending.why or "it was gone back from")
        if pending.gates >= MOST_GATES:
            why = "it was interrupted again and again before it had proved itself"
            return self._back(pending, times, why)
        pending = msgspec.structs.replace(pending, phase="gating", gates=pending.gates + 1)
        pending_file(self.act.scene.layout).save(pending)
        if self.booting:
            self.act.means.settle(self.act.scene_at(pending.number))
            return Recovered("due")
        try:
            return Recovered("committed", proof.prove(self.act, pending, times))
        except RolledBackError as error:
            return Recovered("returned", error=error)

    def _back(self, pending: Pending, times: Times, why: str) -> Recovered:
        if self.booting:
            back.turn_back(self.act, pending, why)
            return self._returned(pending, times)
        error = back.go_back(self.act, pending, times, Judged(good=False, why=why))
        return self._told(error)

    def _returned(self, pending: Pending, times: Times) -> Recovered:
        """The old one is active again; the rest of the way back."""
        why = pending.why or "it was interrupted on its way back"
        if pending.fresh:
            back.mark(self.act, pending)
        if not self.booting:
            return self._told(back.finish(self.act, pending, times, why))
        self.act.means.settle(self.act.scene_at(pending.before))
        return self._ended(pending, times, "returned", why, Judged(good=True))

    def _not_flipped(self, pending: Pending, times: Times) -> Recovered:
        sweep(self.act.deployments, self.active, pending)
        judged = self._run_active()
        why = "it was interrupted before the change"
        return self._ended(pending, times, "called-off", why, judged)

    def _run_active(self) -> Judged:
        """Traffic comes once it answers again: the verdict from before the stop is no proof."""
        scene = self.act.scene_at(self.active.number)
        self.act.means.settle(scene)
        if self.booting:
            return Judged(good=True)
        self.act.means.start(scene)
        judged = self.act.means.judge(scene, self.act.progress)
        self.act.means.let_come(scene)
        return judged

    def _ended(
        self, pending: Pending, times: Times, found: Found, why: str, judged: Judged
    ) -> Recovered:
        act = self.act
        outcome = times.outcome(act, pending, changed=False, why=why)
        end(act.scene.layout, pending, act.clock, outcome)
        word = "rolled-back" if found == "returned" else "failed"
        act.enter_end(pending, outcome, word)
        return Recovered(found, outcome, back.rolled_back(pending, why, judged))

    def _told(self, error: CaretakerError) -> Recovered:
        if not isinstance(error, RolledBackError):
            raise error
        return Recovered("returned", error=error)
